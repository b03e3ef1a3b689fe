"""Find out which files are in the machine's memory, or drop one from it: a message to a later job."""

import mmap
import os

from aims import reached

file = os.open(os.__file__, os.O_RDONLY)
try:
    os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT)
    reached("preadv2")
except BlockingIOError:
    reached("preadv2")
except OSError:
    pass
try:
    os.posix_fadvise(file, 0, mmap.PAGESIZE, os.POSIX_FADV_DONTNEED)
    reached("posix_fadvise")
except OSError:
    pass
