"""Give a thread open files of its own, which are missing in the list of its process's."""

import ctypes

from aims import reached

CLOSE_RANGE, CLOSE_RANGE_UNSHARE, CLONE_FILES = 436, 2, 0x400
libc = ctypes.CDLL(None)
if libc.syscall(CLOSE_RANGE, 1000, 1001, CLOSE_RANGE_UNSHARE) == 0 or libc.unshare(CLONE_FILES) == 0:
    reached("open files of its own")
