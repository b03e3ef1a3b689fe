"""Leave behind shared memory of the old kind, which no process has to hold."""

import ctypes

from aims import AIM, reached

IPC_CREAT = 0o1000
if ctypes.CDLL(None).shmget(AIM["key"], 4096, IPC_CREAT | 0o600) >= 0:
    reached("a segment")
