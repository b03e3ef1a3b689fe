"""The container tier, for machines that refuse namespaces: a user of its own, and Landlock instead of mounts."""

import os
import sys
import sysconfig
from pathlib import Path

from autograder.sandbox import landlock
from autograder.sandbox.fds import HELD_FD
from autograder.sandbox.job import Job, environment
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec
from autograder.sandbox.readable import prefixes, readable
from autograder.sandbox.workspace import Workspace

DEVICES = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/dev/random", "/dev/urandom")


def missing() -> str:
    """Why this tier cannot even be tried, or ""."""
    if not sys.platform.startswith("linux"):
        return "Landlock needs Linux"
    if os.geteuid() != 0:
        return "only root can give each job a user id of its own"
    if landlock.version() == 0:
        return "this kernel has no Landlock, or it is switched off (Linux 5.13 and newer have it)"
    return ""


def launch_spec(job: Job, workspace: Workspace) -> LaunchSpec:
    """The machine as it is, but little of it readable and only the scratch folder writable."""
    python, env, held = interpreter()
    return LaunchSpec(
        command=[],
        root=str(PACKAGE.parent),
        argv=[python, "-s", *job.argv],
        env=environment(job, str(workspace.scratch), env),
        folder=str(workspace.files),
        limits=job.limits,
        uid=workspace.uid,
        strict=True,
        counted_scratch=(str(workspace.scratch),),
        readable=(*readable(), *DEVICES, str(workspace.files)),
        writable=(str(workspace.scratch), "/dev/null"),
        held=tuple(held),
        imports=job.imports,
    )


def interpreter() -> tuple[str, dict[str, str], list[str]]:
    """How a user without rights reaches Python: its path, environment variables, and folders to pass as open files."""
    if not any(_is_private(folder) for folder in prefixes()):
        return sys.executable, {}, []
    held = _held()
    return _through(held, sys.executable), _held_environment(held), held


def _is_private(folder: str) -> bool:
    """Whether other users cannot reach a folder, such as an interpreter in root's home."""
    return any(not path.stat().st_mode & 0o001 for path in (Path(folder), *Path(folder).parents))


def _packages() -> list[str]:
    """The folders of installed packages."""
    return list(dict.fromkeys(os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")))


def _held() -> list[str]:
    """Folders to pass as open files: each must be open to others itself, the folders above it need not be."""
    base = os.path.realpath(sys.base_prefix)
    return [*([] if Path(base).is_relative_to("/usr") else [base]), *_packages()]


def _through(held: list[str], path: str) -> str:
    """The path of a file through an open folder, which needs no rights on the folders above."""
    path = os.path.realpath(path)
    for number, folder in enumerate(held, HELD_FD):
        if Path(folder) in (Path(path), *Path(path).parents):
            return f"/proc/self/fd/{number}/{Path(path).relative_to(folder)}"
    return path


def _held_environment(held: list[str]) -> dict[str, str]:
    """Variables that tell such an interpreter its library and packages."""
    base = _through(held, f"{os.path.realpath(sys.base_prefix)}/lib")
    return {
        "PYTHONHOME": base.removesuffix("/lib"),
        "LD_LIBRARY_PATH": base,  # else it would find the system's library of that name, or none
        "PYTHONPATH": os.pathsep.join(_through(held, path) for path in _packages()),
    }
