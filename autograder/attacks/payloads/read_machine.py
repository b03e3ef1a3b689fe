"""Read a file of the machine that no program needs, such as the data set that hidden images are drawn from."""

import os

from aims import AIM, reached

FOLDERS = ("/usr/share", "/usr/local/share", "/usr/src", "/opt", "/srv", "/home", "/var", "/mnt", "/root", "/etc")
needed = tuple(name for path in AIM["readable"] for name in (path, os.path.realpath(path)))
for top in FOLDERS:
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not f"{folder}/{name}".startswith(needed)]
        for path in (f"{folder}/{name}" for name in files):
            if not path.startswith(needed) and os.path.isfile(path) and os.access(path, os.R_OK):
                with open(path, "rb") as file:
                    file.read(1)
                reached(path)
                raise SystemExit
