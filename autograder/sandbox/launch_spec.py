"""What a tier decides about starting a job; `run` does the rest alike for all."""

import dataclasses
import os
import sys
from pathlib import Path

from autograder.sandbox.job import Job

PACKAGE = Path(__file__).parents[1]  # the autograder's own folder, of which the supervisor needs a part


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a tier starts the supervisor, and what the supervisor is told; see `supervisor.Order` for the fields."""

    command: list[str]  # what comes before the supervisor's own command, for example bwrap with its options
    root: str  # where `autograder` can be imported from, as the supervisor sees it
    folder: str
    scratch: str
    python: str = sys.executable
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    uid: int | None = None
    confined: bool = True
    strict: bool = False
    counted_scratch: tuple[str, ...] = ()
    scratch_mounted: bool = False
    readable: list[str] | None = None
    writable: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


def environment(job: Job, plan: Plan) -> dict[str, str]:
    """The whole environment of a job; nothing of the grader's."""
    threads = str(job.limits.threads)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "LOGNAME": "student",
        "HOME": plan.scratch,
        "TMPDIR": plan.scratch,
        "MPLCONFIGDIR": plan.scratch,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **plan.env,
        **job.env,
    }


def interpreter_folders() -> list[str]:
    """The folders that hold this interpreter and what is installed for it, without those beneath /usr."""
    folders = dict.fromkeys(os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix))
    return [folder for folder in folders if Path("/usr") not in (Path(folder), *Path(folder).parents)]
