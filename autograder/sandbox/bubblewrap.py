"""The full tier: its own namespaces by bubblewrap, with only the paths named here."""

import os
import shutil
import sys
from pathlib import Path

from autograder.sandbox.job import Job, environment
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec, interpreter_folders
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
    """The spec of a job that sees system and interpreter read-only, its files, and two small tmpfs."""
    size = str(job.limits.scratch)
    user = ["--unshare-user", "--disable-userns", "--uid", NOBODY, "--gid", NOBODY]
    rights = [word for right in RIGHTS for word in ("--cap-add", right)]
    command = [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"),
        *(user if workspace.uid is None else rights),
        *_system(),
        *("--tmpfs", "/dev", *(word for device in DEVICES for word in ("--dev-bind", device, device))),
        *("--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"),
        *("--perms", "1777", "--size", size, "--tmpfs", "/tmp"),
        *("--proc", "/proc", *_shown("/sys/devices/system/cpu")),
        *(word for folder in interpreter_folders() for word in _shown(folder)),
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


def _shown(path: str) -> list[str]:
    """Options that show a folder at its own path; by default, bwrap gives only root access to the folders above it."""
    above = [str(parent) for parent in reversed(Path(path).parents) if len(parent.parts) > 1 and str(parent) != "/tmp"]
    return [*(word for parent in above for word in ("--perms", "0755", "--dir", parent)), "--ro-bind", path, path]


def _system() -> list[str]:
    """Options that show the folders of programs and libraries, and the links into them."""
    words = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        if Path(name).is_symlink():
            words += ["--symlink", os.readlink(name), name]
        elif Path(name).is_dir():
            words += ["--ro-bind", name, name]
    return words
