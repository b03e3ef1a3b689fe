"""What every job in the sandbox is made of: our files beside the student's, and arrays for it to read."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.frame import Layout, frame_bytes
from autograder.lab import Run
from autograder.sandbox.job import Job

ROOT = Path(__file__).parents[1]
ALWAYS = (
    *(f"autograder/{name}.py" for name in ("__init__", "frame", "inside", "message")),
    *(f"autograder/sandbox/{name}.py" for name in ("__init__", "fds")),
    *(f"smallnets/{name}.py" for name in ("__init__", "cli", "student")),
)


def job(
    run: Run, argv: Sequence[str], ours: Sequence[str], arrays: Mapping[str, Any], layout: Layout,
    students: bool = True, more: Mapping[str, Path] | None = None,
) -> Job:  # fmt: skip
    """A job that runs one of our modules.

    Args:
        argv: the module, such as "autograder.mp6.fit", and its arguments.
        ours: the files it imports, besides those that every job has, relative to the checkout.
        arrays: what `message.given` returns there.
        layout: of what `message.hand_back` writes there.
        students: whether what was handed in lies in its folder `submission`.
        more: other files, by their names in the job's folder.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    files = {name: ROOT / name for name in dict.fromkeys((*ALWAYS, *ours))} | dict(more or {})
    if students:
        files |= {f"submission/{name}": path for name, path in run.submission.files.items()}
    return Job(["-m", *argv], files, content.getvalue(), frame_bytes(layout))
