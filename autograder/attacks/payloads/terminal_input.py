"""Type into the terminal of the user who runs the grader."""

import fcntl
import os

from aims import reached

TIOCSTI = 0x5412
for path in ("/dev/tty", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"):
    try:
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.ioctl(terminal, TIOCSTI, b"\n")
        reached(path)
    except OSError:
        pass
