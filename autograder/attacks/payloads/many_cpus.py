"""Let children use the CPU, each below the limit, together above it."""

import os
import time

from aims import AIM, reached

children, part = 4, AIM["cpu_seconds"] * 0.75
for _ in range(children):
    if os.fork() == 0:
        while time.process_time() < part:
            pass
        os._exit(0)
if all(os.wait()[1] == 0 for _ in range(children)):
    reached(f"{children * part} CPU seconds")
