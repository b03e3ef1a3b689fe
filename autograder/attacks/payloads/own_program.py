"""Change the times or the mode of the interpreter that runs it, which tells a later job something."""

import os
from pathlib import Path

from aims import reached

PROGRAM = "/proc/self/exe"
status = os.stat(PROGRAM)
changes = {
    "times": lambda: os.utime(PROGRAM, ns=(status.st_atime_ns, status.st_mtime_ns)),
    "mode": lambda: os.chmod(PROGRAM, status.st_mode & 0o7777),
    "content": lambda: Path(PROGRAM).open("r+b").close(),
}
for name, change in changes.items():
    try:
        change()
        reached(name)
    except OSError:
        pass
