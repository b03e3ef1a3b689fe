"""Fill the machine's memory through /dev/shm, past every limit of a process."""

import time

from aims import AIM, reached

for i in range(2 * AIM["scratch"] // AIM["file_size"]):
    with open(f"/dev/shm/{AIM['token']}-{i}", "wb") as file:
        file.write(bytes(AIM["file_size"]))
time.sleep(1)
reached(2 * AIM["scratch"])
