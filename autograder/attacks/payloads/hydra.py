"""Leave behind a process that keeps replacing itself by its child, so that a kill comes too late."""

import os
import time

end = time.monotonic() + 5
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 100)
    while time.monotonic() < end:
        time.sleep(0.02)
        if os.fork():
            os._exit(0)
    os._exit(0)
time.sleep(0.2)
