"""Read the environment and command line of every process that can be seen."""

import os

from aims import read, spill

for pid in filter(str.isdigit, os.listdir("/proc")):
    spill(read(f"/proc/{pid}/environ"))
    spill(read(f"/proc/{pid}/cmdline"))
