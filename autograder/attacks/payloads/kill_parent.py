"""Kill the process that supervises the job."""

import os
import signal
import time

from aims import reached

watch = os.getppid()
os.kill(watch, signal.SIGKILL)
time.sleep(0.1)
if os.getppid() != watch:  # process 1 of a namespace stays, whatever is sent to it
    reached("nobody watches")
