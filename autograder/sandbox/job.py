"""A job, its limits, and its outcome."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from pathlib import Path

MB = 2**20


class Tier(enum.StrEnum):
    """The tiers of the sandbox, from the strongest confinement to the weakest."""

    FULL = "full"
    CONTAINER = "container"
    UNSAFE = "unsafe"


class Cause(enum.StrEnum):
    """Why a job ended, as far as the sandbox knows."""

    OK = "ok"
    EXIT_CODE = "exit code"
    CPU_TIME = "cpu time"
    WALL_TIME = "wall time"
    OUT_OF_MEMORY = "out of memory"
    OUTPUT_FLOOD = "output flood"
    CRASH = "crash by signal"
    PROTOCOL = "protocol broken"
    GRADER_FAULT = "grader fault"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of one job in seconds and bytes, for all its processes together.

    Only `address_space`, `file_size` and `open_files` are for each process. `scratch` is for all its files together,
    `output` for stdout and stderr together. `threads` is the setting of numerical libraries.

    Raises:
        ValueError: a limit is not a positive finite number.
    """

    cpu_seconds: float = 60
    wall_seconds: float = 120
    memory: int = 1536 * MB
    address_space: int = 2560 * MB
    processes: int = 64
    file_size: int = 16 * MB
    open_files: int = 256
    output: int = MB // 4
    scratch: int = 64 * MB
    threads: int = 1

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"expected a positive number for the limit {field.name}, got {value}")

    def rlimits(self) -> dict[str, tuple[int, int]]:
        """(soft, hard) of each limit that the kernel enforces, by its name in `resource`.

        The hard limit on CPU time is a second above the soft one, whose signal a process may ignore.
        """
        cpu = math.ceil(self.cpu_seconds)
        equal = {
            "RLIMIT_AS": self.address_space,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_FSIZE": self.file_size,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_MEMLOCK": 0,
            "RLIMIT_CORE": 1,  # with 0, the kernel would still pipe a core dump to a configured handler, man 5 core
        }
        return {name: (value, value) for name, value in equal.items()} | {"RLIMIT_CPU": (cpu, cpu + 1)}


@dataclasses.dataclass(frozen=True)
class Job:
    """A Python program with its files and input.

    Args:
        argv: the interpreter's arguments, such as ["runner.py"]; it starts in the folder that holds `files`.
        files: name in that folder (such as "submission/net.py") -> file or folder, copied there, read-only for the job.
        input: bytes that it can read and seek at file descriptor `fds.INPUT_FD`.
        result_bytes: the exact number of bytes that it must write to `fds.RESULT_FD`.
        env: variables beside its few standard ones; it never has the grader's.
        imports: slow libraries that it imports; where a process has them already, the job may be forked from it.
    """

    argv: list[str]
    files: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    input: bytes = b""
    result_bytes: int = 0
    limits: Limits = dataclasses.field(default_factory=Limits)
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    imports: tuple[str, ...] = ()


def environment(job: Job, scratch: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a job, with `own` variables of its tier and none of the grader's."""
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
        "TIME_LIMITS": f"{job.limits.cpu_seconds:g} {job.limits.wall_seconds:g}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        **(own or {}),
        **job.env,
    }


@dataclasses.dataclass(frozen=True)
class Usage:
    """CPU seconds of all its processes, wall seconds, and the largest resident set of one process in bytes."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    maxrss: int = 0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    `result` is `Job.result_bytes` long if `cause` is OK, else empty. `detail` is one line for staff. `exit_code` is
    the program's, or minus the signal that ended it; None if neither is known. `stdout` and `stderr` are cut to the
    limit and hold no control characters but tab and newline.
    """

    cause: Cause
    tier: Tier
    detail: str = ""
    result: bytes = b""
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    usage: Usage = Usage()
