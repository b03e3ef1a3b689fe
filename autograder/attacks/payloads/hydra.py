"""Leave behind a process that goes on as its own child, so that whoever kills comes too late."""

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
