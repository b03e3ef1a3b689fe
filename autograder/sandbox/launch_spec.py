"""How one job is started: each tier writes a `LaunchSpec`, `run` adds open files, and the supervisor carries it out."""

import dataclasses
import marshal
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.sandbox.job import Job, Limits

PACKAGE = Path(__file__).parents[1]  # the autograder's own folder, of which the supervisor needs a part


@dataclasses.dataclass(frozen=True)
class LaunchSpec:
    """How one job is started in its tier.

    Args:
        command: comes before the supervisor's own command, for example bwrap with its options.
        root: where `autograder` can be imported from, as the supervisor sees it.
        argv, env, folder: of the job's program; `argv` begins with the interpreter.
        limits: the job's.
        uid: of the job's processes; None keeps the user.
        confined: False leaves out seccomp and the watch.
        strict: seccomp also refuses shared memory that a count of resident memory misses.
        counted_scratch: the folders whose use is counted.
        scratch_mounted: each of them is a file system of its own.
        readable: what Landlock lets the job read; None leaves out Landlock.
        writable: what Landlock lets it write.
        held: folders to hand over as open files.
        input_fd, result_fd, cgroup_fds: the supervisor's open files.
    """

    command: list[str]
    root: str
    argv: list[str]
    env: dict[str, str]
    folder: str
    limits: Limits
    uid: int | None = None
    confined: bool = True
    strict: bool = False
    counted_scratch: tuple[str, ...] = ()
    scratch_mounted: bool = False
    readable: tuple[str, ...] | None = None
    writable: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    input_fd: int = -1
    result_fd: int = -1
    cgroup_fds: tuple[int, ...] = ()

    @property
    def rlimits(self) -> dict[str, tuple[int, int]]:
        """The limits that the kernel keeps."""
        return self.limits.rlimits()

    def message(self) -> bytes:
        """The spec as the supervisor reads it, without `command`, which names folders of this machine.

        In marshal's form, as both ends are one interpreter and marshal need not be imported from a file.
        """
        told = dataclasses.asdict(self) | {"rlimits": self.rlimits}
        del told["command"]
        return marshal.dumps(told)


def environment(job: Job, scratch: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a job, with `own` variables of its tier; nothing of the grader's."""
    threads = str(job.limits.threads)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "LOGNAME": "student",
        "HOME": scratch,
        "TMPDIR": scratch,
        "MPLCONFIGDIR": scratch,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **(own or {}),
        **job.env,
    }


def interpreter_folders() -> list[str]:
    """The folders that hold this interpreter and what is installed for it, without those beneath /usr."""
    folders = dict.fromkeys(os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix))
    return [folder for folder in folders if Path("/usr") not in (Path(folder), *Path(folder).parents)]
