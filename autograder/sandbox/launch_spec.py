"""How one job is started: each tier writes a `LaunchSpec`, `run` adds open files, and the supervisor carries it out."""

import dataclasses
import marshal
from pathlib import Path

from autograder.sandbox.job import Limits

PACKAGE = Path(__file__).parents[1]  # the autograder's folder; the supervisor needs a part of it


@dataclasses.dataclass(frozen=True)
class LaunchSpec:
    """How one job is started in its tier.

    Args:
        command: comes before the supervisor's own command, for example bwrap with its options.
        root: the folder from which the supervisor imports `autograder`.
        argv, env, folder: of the job's program; `argv` begins with the interpreter.
        limits: the job's.
        uid: of the job's processes; None keeps the user.
        confined: False leaves out seccomp and the monitoring of usage.
        strict: seccomp also refuses shared memory, which a count of resident memory misses.
        counted_scratch: the folders whose usage counts.
        scratch_mounted: each of them is a file system of its own.
        readable: paths that Landlock lets the job read; None leaves out Landlock.
        writable: paths that Landlock lets it write.
        held: folders to pass as open files.
        imports: the job's.
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
    imports: tuple[str, ...] = ()
    input_fd: int = -1
    result_fd: int = -1
    cgroup_fds: tuple[int, ...] = ()

    @property
    def rlimits(self) -> dict[str, tuple[int, int]]:
        """The limits that the kernel enforces."""
        return self.limits.rlimits()

    def message(self) -> bytes:
        """The spec for the supervisor, without `command`, which names folders of this machine.

        In marshal's form, as both ends are one interpreter and marshal need not be imported from a file.
        """
        told = dataclasses.asdict(self) | {"rlimits": self.rlimits}
        del told["command"]
        return marshal.dumps(told)
