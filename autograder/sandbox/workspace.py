"""One job's workspace: its folders, user id and control group, all removed afterwards."""

import contextlib
import dataclasses
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox import cgroup, uids
from autograder.sandbox.copy_in import copy_job_files, remove
from autograder.sandbox.job import Job, Tier

MARKED = ".mark"  # ending of the mark file beside a folder, which says who made it
TOKEN = "token"  # a file in the parent of all folders, whose content is in the mark of each folder


@dataclasses.dataclass(frozen=True)
class Workspace:
    """One job's resources: read-only files, a scratch folder, the file with its input, a user id, a control group."""

    files: Path
    scratch: Path
    input_file: Path
    uid: int | None
    group: cgroup.Group | None


@contextlib.contextmanager
def open_workspace(job: Job, tier: Tier) -> Iterator[Workspace]:
    """Make a workspace for one job, removed after the block.

    Raises:
        ValueError: files that may not be shown to a job, see `copy_in.copy_job_files`.
        OSError: no room, no user id, a missing file.
    """
    clear_stale()
    with contextlib.ExitStack() as stack:
        drops = tier is not Tier.UNSAFE and os.geteuid() == 0
        folder = stack.enter_context(own_folder("job-"))
        uid = stack.enter_context(uids.slot()) if drops else None
        files, scratch = _folder(folder / "files", 0o755), _folder(folder / "scratch", 0o700)
        input_file = folder / "input"
        copy_job_files(job.files, files)
        input_file.write_bytes(job.input)
        input_file.chmod(0o600)
        if uid is not None:
            folder.chmod(0o711)
            os.chown(scratch, uid, uid)
        group = None
        if drops:
            group = stack.enter_context(cgroup.group(folder.name, job.limits.memory, job.limits.processes))
        (folder / "groups").write_text("\n".join(map(str, group.folders)) if group else "")
        yield Workspace(files, scratch, input_file, uid, group)


@contextlib.contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A private temporary folder; `clear_stale` removes it if this process is killed."""
    above = parent()
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=above))
    lock = _lock(folder)
    try:
        if above is not None:  # after the lock: a folder with a mark and no lock is stale
            _mark(folder).write_text(_identity(above, lock))
        yield folder
    finally:
        remove(folder)
        _mark(folder).unlink(missing_ok=True)
        os.close(lock)


def parent() -> Path | None:
    """The folder that holds the folders of all this user's graders; others may pass through it but not list it.

    None if another program has taken its name in the temporary folder.
    """
    above = Path(tempfile.gettempdir()) / f"smallnets-graders-{os.geteuid()}"
    if not os.path.lexists(above):
        made = Path(tempfile.mkdtemp(prefix=f"{above.name}-"))
        (made / TOKEN).write_text(secrets.token_hex(16))
        (made / TOKEN).chmod(0o600)
        made.chmod(0o711)
        try:
            made.rename(above)  # whole or not at all
        except OSError:  # another grader was faster
            remove(made)
    return above if _is_ours(above) else None


def _is_ours(above: Path) -> bool:
    """Whether this is a real folder with a token, writable only for this user."""
    try:
        status, token = above.lstat(), (above / TOKEN).lstat()
    except OSError:
        return False
    mine = status.st_uid == token.st_uid == os.geteuid() and not status.st_mode & 0o022
    return mine and stat.S_ISDIR(status.st_mode) and stat.S_ISREG(token.st_mode)


def clear_stale() -> None:
    """Remove the folders of killed graders, and nothing else.

    A folder is removed if its mark names this very folder and holds our token, and if it is not locked: each grader
    holds a lock on its folders while it runs.
    """
    if (above := parent()) is None:
        return
    for mark in above.glob(f"*{MARKED}"):
        folder = above / mark.name.removesuffix(MARKED)
        with contextlib.suppress(OSError):
            lock = _lock(folder)
            try:
                if mark.is_symlink() or mark.read_text() != _identity(above, lock):
                    continue
                groups = folder / "groups"
                names = groups.read_text().splitlines() if groups.is_file() else []
                cgroup.Group([Path(name) for name in names if _is_group(name)]).remove()
                remove(folder)
                mark.unlink()
            finally:
                os.close(lock)


def _is_group(name: str) -> bool:
    return ".." not in Path(name).parts and Path(name).is_relative_to(cgroup.MOUNTS)


def _mark(folder: Path) -> Path:
    """The mark file of a folder."""
    return folder.with_name(folder.name + MARKED)


def _identity(above: Path, opened: int) -> str:
    """The content of an open folder's mark, with its inode number: a folder put there later has another."""
    status = os.fstat(opened)
    return f"{(above / TOKEN).read_text()} {status.st_dev} {status.st_ino}"


def _lock(folder: Path) -> int:
    """An open, locked folder; raises BlockingIOError if another process has locked it."""
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
