"""A user id for each job that no one else has: its limits are its own, and all its processes can be found."""

import contextlib
import fcntl
import os
import pwd
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.watch import of_user

SLOTS = range(58000, 59000)  # below what Debian and systemd hand out, within what a container maps
LOCKS = Path("/run/smallnets-jobs")
KILL_ALL = "import os, sys; uid = int(sys.argv[1]); os.setresuid(uid, uid, uid); os.kill(-1, 9)"


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _lock(uid: int) -> int | None:
    """An open, locked file that stands for the user id; None if someone else holds it."""
    lock = os.open(LOCKS / str(uid), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


@contextlib.contextmanager
def slot() -> Iterator[int]:
    """A user id that no job, account or process has while the block lasts. Only root can.

    Raises:
        OSError: all are taken, or the locks cannot be written.
    """
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    for uid in random.sample(SLOTS, len(SLOTS)):  # other containers count the same ids' processes: seldom meet
        lock = _lock(uid)
        if lock is None:
            continue
        if _is_known(uid) or of_user(uid):
            os.close(lock)
            continue
        try:
            yield uid
        finally:
            os.close(lock)
        return
    raise OSError(f"all {len(SLOTS)} user ids for jobs are taken")


def kill_all(uid: int) -> None:
    """Kill every process of a user id at once, so that none can fork away from it."""
    subprocess.run([sys.executable, "-I", "-S", "-c", KILL_ALL, str(uid)], check=False)
