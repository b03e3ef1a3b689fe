"""Fill the disk with files, each below the size limit."""

import time

from aims import AIM, SCRATCH, reached

for i in range(2 * AIM["scratch"] // AIM["file_size"]):
    with open(f"{SCRATCH}/{AIM['token']}-{i}", "wb") as file:
        file.write(bytes(AIM["file_size"]))
time.sleep(1)  # time for the supervisor to notice
reached(2 * AIM["scratch"])
