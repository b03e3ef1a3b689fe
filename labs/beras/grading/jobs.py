"""The trainings of Beras' grading: the inputs of each, and the grader's reading of its result."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Step, StepFailed, Verdict, accuracy_words, proportional
from autograder.runner import job_files
from autograder.runner.protocol import texts, unpack
from autograder.sandbox.job import MB, Job, Limits
from labs.beras.grading.layout import layout

FLAG = "2470student"
# ten minutes are the handout's limit. MNIST in float32 takes 188 MB; gradients of w for each sample, as core.py defines
# them, take another 320 MB for a first layer with 256 outputs
LIMITS = {
    which: Limits(cpu_seconds=600, wall_seconds=660, memory=memory)
    for which, memory in (("simple", 520 * MB), ("advanced", 1024 * MB))
}
FILES = (
    "assignment.py",
    "Beras/core.py",
    "Beras/layers.py",
    "Beras/losses.py",
    "Beras/model.py",
    "Beras/optimizers.py",
)


def training(which: str, files: tuple[str, ...] = FILES) -> Step:
    """Train the "simple" or "advanced" model, and predict the hidden images: NDArray [N]."""

    def make(run: Run) -> Job:
        own = ["--own-softmax"] if which == "simple" and FLAG in run.submission.files else []
        data = run.data
        arrays = {"images": data.images, "labels": data.labels, "unlabelled": data.hidden, "seed": run.seed % 2**32}
        return job_files.job(run, ["labs.beras.grading.inside.train", which, *own], arrays, layout(len(data.hidden)))

    def read(run: Run, result: bytes) -> NDArray[np.uint8]:
        values = unpack(layout(len(run.data.hidden)), result)
        if text := texts(values["problems"]).get("training"):
            raise StepFailed("exception", text)
        if values["predictions"] is None:
            raise ValueError("expected predictions, got none")
        return values["predictions"]

    return Step(which, files, make, read, limits=LIMITS[which])


def accuracy(run: Run, which: str) -> float:
    """The accuracy of a trained model on the hidden images."""
    return float(np.mean(run.results[which].value == run.data.truths))


def reaches(which: str, none_at: float, full_at: float) -> Callable[[Run], Verdict]:
    """All points from an accuracy of `full_at`, fewer in proportion down to `none_at`."""

    def judge(run: Run) -> Verdict:
        value = accuracy(run, which)
        return proportional(value, none_at, full_at, accuracy_words(value, len(run.data.truths)))

    return judge
