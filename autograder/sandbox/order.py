"""What the grader tells a supervisor."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Order:
    """What to start and how; `_fd` ends the names of the supervisor's open files.

    `uid` None keeps the user; `confined` False leaves out seccomp and the watch; `readable` None leaves out Landlock;
    `scratch` are the folders whose use is counted, `scratch_mounted` if each is a file system of its own.
    """

    argv: list[str]
    env: dict[str, str]
    folder: str
    uid: int | None
    confined: bool
    strict: bool
    rlimits: dict[str, tuple[int, int]]
    cpu_seconds: float
    wall_seconds: float
    memory: int
    memory_watched: bool
    scratch: list[str]
    scratch_bytes: int
    scratch_mounted: bool
    readable: list[str] | None
    writable: list[str]
    held: list[str]
    input_fd: int
    result_fd: int
    cgroup_fds: list[int]
