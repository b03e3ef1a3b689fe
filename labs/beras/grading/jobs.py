"""The trainings of Beras' grading: the inputs of each, and the grader's reading of its result."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Step, StepFailed, Verdict, accuracy_words, proportional
from autograder.runner import job_files
from autograder.runner.protocol import texts, unpack
from autograder.sandbox.job import MB, Job, Limits
from labs.beras.grading.inside.wrong import PARTS, SOFTMAX
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


@dataclasses.dataclass(frozen=True)
class Trained:
    """The predictions of a trained model, None if it failed.

    Args:
        problem: how it failed.
        wrong: the file that alone fails its own checks, "" if there is none or there are several.
    """

    predictions: NDArray[np.uint8] | None
    problem: str
    wrong: str


def training(which: str, files: tuple[str, ...] = FILES) -> Step:
    """Train the "simple" or "advanced" model, and predict the hidden images: `Trained`."""

    def make(run: Run) -> Job:
        own = ["--own-softmax"] if which == "simple" and FLAG in run.submission.files else []
        data = run.data
        arrays = {"images": data.images, "labels": data.labels, "unlabelled": data.hidden, "seed": run.seed % 2**32}
        return job_files.job(run, ["labs.beras.grading.inside.train", which, *own], arrays, layout(len(data.hidden)))

    def read(run: Run, result: bytes) -> Trained:
        values = unpack(layout(len(run.data.hidden)), result)
        problems, predictions = texts(values["problems"]), values["predictions"]
        problem, wrong = problems.get("training", ""), problems.get("wrong", "")
        if problem and not wrong:
            raise StepFailed("exception", problem)
        if predictions is None and not problem:
            raise ValueError("expected predictions, got none")
        return Trained(None if problem else predictions, problem, wrong)

    return Step(which, files, make, read, limits=LIMITS[which], title=f"the {which} model: training")


def accuracy(run: Run, which: str) -> float | None:
    """The accuracy of a trained model on the hidden images, None if the training failed."""
    found = run.results[which].value.predictions
    return None if found is None else float(np.mean(found == run.data.truths))


def charged(run: Run, file: str, steps: Mapping[str, str]) -> bool:
    """Whether, of all files on which a model depends, this one alone has failed such checks of its own.

    The training says so, too, but it runs with the student's code, which could forge it. Where these checks are not
    part of the run, it is believed.
    """
    failed = set()
    for other, (needed, _) in PARTS.items():
        done = run.results.get(steps[other])
        if done is None and other == file:
            failed.add(file)
        elif done is not None and (other == file or other != SOFTMAX):  # a model may do without that file
            problems = done.value or {}
            failed |= {other} if any(problems.get(check.__name__, "no end") for check in needed) else set()
    return failed == {file}


def reaches(which: str, none_at: float, full_at: float, steps: Mapping[str, str]) -> Callable[[Run], Verdict]:
    """All points from an accuracy of `full_at`, fewer in proportion down to `none_at`.

    A model below it keeps its points if one file alone is wrong and that file's own checks have charged the mistake.

    Args:
        steps: file -> the step of its own checks.
    """

    def judge(run: Run) -> Verdict:
        trained, value = run.results[which].value, accuracy(run, which)
        if value is None:
            verdict = Verdict(0, trained.problem, "exception")
        else:
            verdict = proportional(value, none_at, full_at, accuracy_words(value, len(run.data.truths)))
        if verdict.share == 1 or not charged(run, trained.wrong, steps):
            return verdict
        return Verdict(1, f"not judged, as {trained.wrong} is wrong, which costs its own points alone: {verdict.text}")

    return judge
