"""Fill the disk with files that are deleted and closed, but still mapped."""

import ctypes
import mmap
import os
import time

from aims import AIM, SCRATCH, reached

libc = ctypes.CDLL(None)  # Python's own mmap would keep the file open
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
for i in range(2 * AIM["scratch"] // AIM["file_size"]):
    file = os.open(f"{SCRATCH}/{AIM['token']}-{i}", os.O_CREAT | os.O_RDWR)
    os.unlink(f"{SCRATCH}/{AIM['token']}-{i}")
    os.posix_fallocate(file, 0, AIM["file_size"])
    libc.mmap(None, mmap.PAGESIZE, mmap.PROT_READ, mmap.MAP_SHARED, file, 0)
    os.close(file)
time.sleep(1)  # time for the supervisor to notice
reached(2 * AIM["scratch"])
