"""The files of every job in the sandbox: ours beside the student's, and arrays for it to read."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.lab import Run
from autograder.packaging import imports
from autograder.registry import located
from autograder.runner.protocol import Layout, message_bytes
from autograder.sandbox.job import Job

SLOW = ("numpy", "torch")  # libraries whose import takes as long as many a job
OPTIMISING = "torch._dynamo"  # torch imports it at the first step of an optimiser, which takes as long again


def job(
    run: Run, argv: Sequence[str], arrays: Mapping[str, Any], layout: Layout, handout_files: Sequence[str] = (),
    students: bool = True, more: Mapping[str, Path] | None = None,
) -> Job:  # fmt: skip
    """A job that runs `main` of one of our modules; of the checkout it sees only that module and those it imports.

    Args:
        argv: the module, such as "labs.<lab>.grading.inside.fit", and its arguments; it also sees modules named there.
        arrays: the value of `channel.read_arrays` there.
        layout: of the message that `channel.hand_back` writes there.
        handout_files: files of the handout that students' programs import, relative to the checkout.
        students: whether the submission lies in its folder `submission`.
        more: other files, by their names in the job's folder.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    argv = ["autograder.runner.start", *argv]
    ours = imports.needed([*filter(imports.is_module, argv), *handout_files], started=False)
    files = {name: located(name) for name in ours} | dict(more or {})
    if students:
        files |= {f"submission/{name}": path for name, path in run.submission.files.items()}
    return Job(["-m", *argv], files, content.getvalue(), message_bytes(layout), imports=slow_imports(run, ours))


def slow_imports(run: Run, ours: Iterable[str]) -> tuple[str, ...]:
    """The slow libraries that our modules import, the same for all jobs of a submission that import torch."""
    libraries = imports.libraries(ours)
    found = tuple(name for name in SLOW if name in libraries)
    sources = [path for name, path in run.submission.files.items() if name.endswith(".py")]
    optimises = "torch" in found and any(b"optim" in path.read_bytes() for path in sources)
    return (*found, OPTIMISING) if optimises else found
