"""End the process that supervises the job by any signal that it could handle."""

import os
import signal
import time

from aims import reached

supervisor = os.getppid()
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        os.kill(supervisor, number)
    except PermissionError:
        pass
time.sleep(0.3)
if os.getppid() != supervisor:
    reached("the supervisor is gone")
