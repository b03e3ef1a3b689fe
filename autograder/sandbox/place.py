"""Where one job lives: its folders, user id and control group, all taken back afterwards."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox import cgroup, uids
from autograder.sandbox.job import Job, Tier
from autograder.sandbox.plan import Place
from autograder.sandbox.stage import remove, stage

PREFIXES = ("job-", "handed-in-")
OLD = 60.0  # seconds after which a folder that nobody has locked was left by a grader that was killed


@contextlib.contextmanager
def place(job: Job, tier: Tier) -> Iterator[Place]:
    """Make everything for one job.

    Raises:
        ValueError: files that may not be shown to a job, see `stage.stage`.
        OSError: no room, no user id, a missing file.
    """
    clear_stale()
    with contextlib.ExitStack() as stack:
        drops = tier is not Tier.PRACTICE and os.geteuid() == 0
        folder = stack.enter_context(own_folder("job-"))
        uid = stack.enter_context(uids.slot()) if drops else None
        files, scratch, given = _folder(folder / "files", 0o755), _folder(folder / "scratch", 0o700), folder / "input"
        stage(job.files, files)
        given.write_bytes(job.input)
        given.chmod(0o600)
        if uid is not None:
            folder.chmod(0o711)
            os.chown(scratch, uid, uid)
        group = None
        if drops:
            group = stack.enter_context(cgroup.group(folder.name, job.limits.memory, job.limits.processes))
        (folder / "groups").write_text("\n".join(map(str, group.folders)) if group else "")
        yield Place(files, scratch, given, uid, group)


@contextlib.contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder that nobody else may enter; `clear_stale` removes it should this process be killed.

    Args:
        prefix: one of PREFIXES.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    with contextlib.ExitStack() as stack:
        stack.callback(remove, folder)
        stack.callback(os.close, _lock(folder))
        yield folder


def clear_stale(older_than: float = OLD) -> None:
    """Remove what graders have left that were killed; each holds a lock on its folders while it lives."""
    for folder in [path for prefix in PREFIXES for path in Path(tempfile.gettempdir()).glob(f"{prefix}*")]:
        with contextlib.suppress(OSError):
            if folder.lstat().st_mtime > time.time() - older_than or folder.lstat().st_uid != os.geteuid():
                continue
            lock = _lock(folder)
            groups = folder / "groups"
            names = groups.read_text().splitlines() if groups.exists() else []
            cgroup.Group([Path(name) for name in names]).remove()
            remove(folder)
            os.close(lock)


def _lock(folder: Path) -> int:
    """An open, locked folder; raises BlockingIOError if someone else has it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _folder(path: Path, mode: int) -> Path:
    path.mkdir()
    path.chmod(mode)
    return path
