"""Set up io_uring, whose operations no filter of system calls sees."""

import ctypes

from aims import reached

SETUP = 425
if ctypes.CDLL(None).syscall(SETUP, 1, ctypes.create_string_buffer(120)) >= 0:
    reached("a ring")
