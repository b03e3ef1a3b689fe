"""Start more processes than allowed."""

import os
import time

from aims import AIM, reached

count = 0
try:
    for _ in range(2 * AIM["processes"]):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        count += 1
finally:
    if count > AIM["processes"]:
        reached(f"{count} processes")
