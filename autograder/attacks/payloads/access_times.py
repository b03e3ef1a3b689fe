"""Read a file, so that its time of access tells a later job something."""

import os

from aims import reached

folder = os.path.dirname(os.__file__)
for name in os.listdir(folder):
    before = os.stat(f"{folder}/{name}")
    # most file systems note only the first reading after a change, or one a day
    if name.endswith(".py") and before.st_atime <= before.st_mtime:
        with open(f"{folder}/{name}", "rb") as file:
            file.read(1)
        if os.stat(f"{folder}/{name}").st_atime != before.st_atime:
            reached(name)
        break
