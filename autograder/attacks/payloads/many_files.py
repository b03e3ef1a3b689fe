"""Create empty files until no more are possible."""

import time

from aims import AIM, SCRATCH, reached

for i in range(20_000):
    with open(f"{SCRATCH}/{AIM['token']}-{i}", "wb"):
        pass
time.sleep(1)
reached("20,000 files")
