"""Find and remove processes, files and shared memory that an attack has left behind."""

import contextlib
import ctypes
import os
import signal
import tempfile
from pathlib import Path

from autograder.sandbox.copy_in import remove
from autograder.sandbox.workspace import parent

IPC_RMID = 0
NAME = 15  # bytes of a process's name that the kernel keeps
LOOKS = 3  # one look may miss a process that keeps replacing itself by its child


def processes(token: str) -> list[int]:
    """Ids of processes, without zombies, whose command line holds the token, or whose name begins as the token does.

    A forked process has a name, but the command line of the process it was forked from.
    """
    found = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if entry.isdigit():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{entry}/cmdline").read_bytes()
                name = Path(f"/proc/{entry}/comm").read_bytes().strip()
                if words and (token.encode() in words or name == token.encode()[:NAME]):
                    found.append(int(entry))
    return found


def files(token: str) -> list[Path]:
    """Files in world-writable folders whose name holds the token."""
    folders = {Path(folder) for folder in ("/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir())}
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir() if token in path.name]


def jobs(token: str) -> list[Path]:
    """Folders of jobs whose submission has a file of that name."""
    above = parent() or Path(tempfile.gettempdir())
    return [path.parents[2] for path in above.glob(f"job-*/files/submission/{token}")]


def segments(key: int) -> list[int]:
    """Ids of System V shared memory with a key."""
    path = Path("/proc/sysvipc/shm")
    lines = path.read_text().splitlines()[1:] if path.exists() else []
    return [int(line.split()[1]) for line in lines if int(line.split()[0]) == key]


def found(token: str, key: int) -> list[str]:
    """All leftovers, one line each."""
    seen = {pid for _ in range(LOOKS) for pid in processes(token)}
    words = [f"process {pid}" for pid in sorted(seen)] + [str(path) for path in files(token) + jobs(token)]
    return words + [f"shared memory {segment}" for segment in segments(key)]


def clear(token: str, key: int) -> None:
    """Kill and delete all leftovers."""
    for pid in processes(token):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for path in files(token) + jobs(token):
        remove(path) if path.is_dir() else path.unlink(missing_ok=True)
    for segment in segments(key):
        ctypes.CDLL(None).shmctl(segment, IPC_RMID, None)
