"""Stop the process that supervises the job, so that it enforces no limit any more."""

import os
import signal
import time

from aims import reached, read

supervisor = os.getppid()
os.kill(supervisor, signal.SIGSTOP)
time.sleep(0.2)
if b"State:\tT" in read(f"/proc/{supervisor}/status"):
    os.kill(supervisor, signal.SIGCONT)
    reached("the supervisor was stopped")
