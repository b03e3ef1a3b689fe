"""A unique user id for each job, so that its limits are its own and all its processes can be found."""

import contextlib
import fcntl
import os
import pwd
import random
import struct
import subprocess
import sys
from collections.abc import Iterator

from autograder.sandbox.usage import of_user

SLOTS = range(58000, 59000)  # below the ids of Debian and systemd, within those that a container maps
LOCKS = "/run/smallnets-jobs.lock"
KILL_ALL = "import os, sys; uid = int(sys.argv[1]); os.setresuid(uid, uid, uid); os.kill(-1, 9)"


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _lock(file: int, uid: int) -> bool:
    """Lock a user id's byte of the file until the file is closed; False if another process holds it."""
    # a lock of this open file, not of the whole process as with lockf, as jobs may run in threads
    byte = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, uid, 1, 0)
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, byte)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def slot() -> Iterator[int]:
    """A user id of no other job, account or process while the block lasts. Needs root.

    Raises:
        OSError: all are taken, or the lock file cannot be written.
    """
    file = os.open(LOCKS, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        for uid in random.sample(SLOTS, len(SLOTS)):  # at random, as other containers use the same ids
            if not _is_known(uid) and _lock(file, uid) and not of_user(uid):
                break
        else:
            raise OSError(f"all {len(SLOTS)} user ids for jobs are taken")
        yield uid
    finally:
        os.close(file)


def kill_all(uid: int) -> None:
    """Kill all processes of a user id at once, so that none can escape by forking."""
    subprocess.run([sys.executable, "-I", "-S", "-c", KILL_ALL, str(uid)], check=False)
