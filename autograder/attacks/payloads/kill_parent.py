"""Kill the process that supervises the job."""

import os
import signal
import time

from aims import reached

supervisor = os.getppid()
os.kill(supervisor, signal.SIGKILL)
time.sleep(0.1)
if os.getppid() != supervisor:  # process 1 of a namespace survives signals from within
    reached("the supervisor is gone")
