"""The full tier: its own namespaces by bubblewrap, with only the paths named here."""

import functools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.job import Job, environment
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec
from autograder.sandbox.readable import readable
from autograder.sandbox.workspace import Workspace

ROOT = "/grader"  # of the sandbox's modules, as a job sees them
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not /dev/zero: mapped, it is uncounted memory
RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")  # for the supervisor, which gives them up for the job
JOINING = ("CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETPCAP")  # for a process that joins the namespaces of jobs
NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
NOBODY = "65534"
USER = ("--unshare-user", "--disable-userns")  # where root has not started the grader
SIZE = 2**20  # bytes of the temporary folder of a process that jobs are forked from


def missing() -> str:
    """Why this tier cannot even be tried, or ""."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap needs Linux"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian and Ubuntu: apt-get install bubblewrap)"
    return ""


def launch_spec(job: Job, workspace: Workspace) -> LaunchSpec:
    """The spec of a job that sees programs and libraries read-only, its files, and two small tmpfs."""
    size = str(job.limits.scratch)
    shared_memory = ("--perms", "1777", "--size", size, "--tmpfs", "/dev/shm")
    files = ("--proc", "/proc", "--ro-bind", str(workspace.files), "/job")
    user = (*USER, *_nobody()) if workspace.uid is None else _kept(RIGHTS)
    return LaunchSpec(
        command=_command((*NAMESPACES, "--new-session", "--as-pid-1", *user), size, (*shared_memory, *files)),
        root=ROOT,
        argv=[sys.executable, "-s", *job.argv],
        env=environment(job, "/tmp"),
        folder="/job",
        limits=job.limits,
        uid=workspace.uid,
        strict=workspace.group is None,
        counted_scratch=("/tmp", "/dev/shm"),
        scratch_mounted=True,
        imports=job.imports,
    )


def forking(uid: int | None) -> list[str]:
    """The command before that of a process which joins the namespaces of jobs: it sees what they see, but no job.

    So whatever is open or mapped in it lies on a read-only mount for its jobs, too.

    Args:
        uid: of the jobs; None: this user's. Then they share its user namespace, see `joining`.
    """
    user = (*USER, *_nobody(), *_kept(JOINING)) if uid is None else _kept((*JOINING, *RIGHTS))
    return _command(user, str(SIZE), ("--ro-bind", "/proc", "/proc"))


def joining(command: list[str], user_namespace: int) -> list[str]:
    """The command of a job whose user namespace is not its own but that of an open file."""
    if USER[0] not in command:
        return command
    return [command[0], "--userns", str(user_namespace), *(word for word in command[1:] if word not in USER)]


def _command(rights: tuple[str, ...], size: str, files: tuple[str, ...]) -> list[str]:
    """Bubblewrap's command for a process that sees programs, libraries, the sandbox's modules and `files`."""
    return [
        shutil.which("bwrap") or "bwrap",
        *("--die-with-parent", "--cap-drop", "ALL", *rights),
        *("--tmpfs", "/dev", *(word for device in DEVICES for word in ("--dev-bind", device, device))),
        *("--perms", "1777", "--size", size, "--tmpfs", "/tmp"),
        *_shown(),
        *("--ro-bind", str(PACKAGE / "__init__.py"), f"{ROOT}/autograder/__init__.py"),
        *("--ro-bind", str(PACKAGE / "sandbox"), f"{ROOT}/autograder/sandbox"),
        *files,
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"),
    ]


def _nobody() -> tuple[str, ...]:
    return "--uid", NOBODY, "--gid", NOBODY


def _kept(rights: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for right in rights for word in ("--cap-add", right))


@functools.cache
def _shown() -> tuple[str, ...]:
    """Options that show what a job may read, each file and folder under its own name, and the links that lead there."""
    folders: dict[str, None] = {}
    links: dict[str, str] = {}
    shown: list[Path] = []
    for path in sorted(readable(), key=lambda path: Path(os.path.realpath(path)).parts):  # folders before their files
        real = Path(os.path.realpath(path))
        if not any(real.is_relative_to(folder) for folder in shown):
            shown.append(real)
            folders |= dict.fromkeys(_above(real))
        for name, target in _links(path):
            if not any(name.is_relative_to(folder) for folder in shown):
                links[str(name)] = target
                folders |= dict.fromkeys(_above(name))
    # by default, bwrap gives only root access to a folder that it makes
    words = [word for folder in folders for word in ("--perms", "0755", "--dir", folder)]
    words += [word for path in shown for word in ("--ro-bind", str(path), str(path))]
    return (*words, *(word for name, target in links.items() for word in ("--symlink", target, name)))


def _above(path: Path) -> list[str]:
    """The folders above a path, from the outermost; /tmp is there already."""
    return [str(parent) for parent in reversed(path.parents) if str(parent) not in ("/", "/tmp")]


def _links(path: str) -> Iterator[tuple[Path, str]]:
    """The name and target of each link on the way to a file."""
    found, left = Path("/"), list(Path(path).parts[1:])
    while left:
        found /= left.pop(0)
        if found.is_symlink():
            target = os.readlink(found)
            yield found, target
            left = [*Path(os.path.normpath(found.parent / target)).parts[1:], *left]
            found = Path("/")
