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

DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not /dev/zero: mapped, it is uncounted memory
RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")  # for the supervisor, which gives them up for the job
NOBODY = "65534"


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
    user = ["--unshare-user", "--disable-userns", "--uid", NOBODY, "--gid", NOBODY]
    rights = [word for right in RIGHTS for word in ("--cap-add", right)]
    command = [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"),
        *(user if workspace.uid is None else rights),
        *("--tmpfs", "/dev", *(word for device in DEVICES for word in ("--dev-bind", device, device))),
        *("--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"),
        *("--perms", "1777", "--size", size, "--tmpfs", "/tmp"),
        *("--proc", "/proc"),
        *_shown(),
        *("--ro-bind", str(PACKAGE / "__init__.py"), "/grader/autograder/__init__.py"),
        *("--ro-bind", str(PACKAGE / "sandbox"), "/grader/autograder/sandbox"),
        *("--ro-bind", str(workspace.files), "/job"),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"),
    ]
    return LaunchSpec(
        command=command,
        root="/grader",
        argv=[sys.executable, "-s", *job.argv],
        env=environment(job, "/tmp"),
        folder="/job",
        limits=job.limits,
        uid=workspace.uid,
        strict=workspace.group is None,
        counted_scratch=("/tmp", "/dev/shm"),
        scratch_mounted=True,
    )


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
