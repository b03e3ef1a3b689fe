"""Let children hold memory, each below the limit, together above it."""

import os
import time

from aims import AIM, reached

children, part = 6, AIM["memory"] // 3
for _ in range(children):
    if os.fork() == 0:
        x = bytearray(b"x" * part)
        time.sleep(2)
        os._exit(0)
if all(os.wait()[1] == 0 for _ in range(children)):
    reached(f"{children} x {part} bytes")
