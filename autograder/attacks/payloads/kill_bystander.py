"""Kill a process of another user."""

import os
import signal

from aims import AIM

os.kill(AIM["bystander"], signal.SIGKILL)
