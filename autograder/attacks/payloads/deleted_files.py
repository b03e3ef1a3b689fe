"""Fill the disk with files that are deleted but still open."""

import os
import time

from aims import AIM, SCRATCH, reached

held = []
for i in range(2 * AIM["scratch"] // AIM["file_size"]):
    file = os.open(f"{SCRATCH}/{AIM['token']}-{i}", os.O_CREAT | os.O_RDWR)
    os.unlink(f"{SCRATCH}/{AIM['token']}-{i}")
    os.posix_fallocate(file, 0, AIM["file_size"])
    held.append(file)
time.sleep(1)  # time for the supervisor to notice
reached(2 * AIM["scratch"])
