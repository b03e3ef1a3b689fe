"""The short trainings of the BatchNorm lab's nets, and the verdicts on them. Only the grader knows the labels."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Step, StepFailed, Verdict, accuracy_words, proportional
from autograder.runner import job_files
from autograder.runner.protocol import texts, unpack
from autograder.sandbox.job import Job
from labs.batchnorm.grading.programs import PROGRAMS, layout
from smallnets import metrics

# what the handout's programs import; the last at their start, as they are run
HANDOUT_FILES = ("labs/batchnorm/utils.py", "labs/batchnorm/experiment.py", "smallnets/starting.py")
SAME = 1e-3  # logits that differ by less are equal up to rounding


@dataclasses.dataclass(frozen=True)
class Learnt:
    """The losses of a training, and logits [N, 10] of the hidden images, as one batch and one by one; and a note."""

    losses: NDArray[np.float64]
    together: NDArray[np.float32]
    alone: NDArray[np.float32]
    note: str


def learn_step(name: str) -> Step:
    """Train the net of a program for a short time; the value is `Learnt`."""
    program = PROGRAMS[name]

    def make(run: Run) -> Job:
        arrays = {"seed": run.seed, "x": run.data.x, "y": run.data.y, "hidden": run.data.hidden}
        parts = layout(program, len(run.data.x), len(run.data.hidden))
        return job_files.job(run, ["labs.batchnorm.grading.inside.learn", name], arrays, parts, HANDOUT_FILES)

    def read(run: Run, result: bytes) -> Learnt:
        values = unpack(layout(program, len(run.data.x), len(run.data.hidden)), result)
        problems = texts(values["problems"])
        if text := problems.get("learn", ""):
            raise StepFailed("exception", text)
        arrays = [values[key] for key in ("losses", "together", "alone")]
        if not all(array is not None and np.isfinite(array).all() for array in arrays):
            raise StepFailed("wrong result", "expected finite losses and logits, got others; is a variance negative?")
        wrong = problems.get("wrong", "")
        note = f"; judged with a working {wrong} in place of yours, see 1., 2. and 3." if wrong else ""
        losses, together, alone = arrays
        return Learnt(losses, together, alone, note)

    return Step(f"learn {name}", ("layer.py", f"{name}.py"), make, read, title=f"{name}.py: training")


def learns(name: str) -> Callable[[Run], Verdict]:
    """Points for the accuracy on hidden images, if the loss falls."""
    program = PROGRAMS[name]

    def judge(run: Run) -> Verdict:
        found: Learnt = run.results[f"learn {name}"].value
        first, last = found.losses[:5].mean(), found.losses[-5:].mean()
        value = accuracy(run, name)
        words = f"{program.title}: the loss went from {first:.4g} to {last:.4g} in {len(found.losses)} iterations, "
        words += accuracy_words(value, len(run.data.labels), "hidden images")
        verdict = proportional(value, program.none_at, program.full_at, words, found.note)
        return verdict if last < first else dataclasses.replace(verdict, share=0.0)

    return judge


def accuracy(run: Run, name: str) -> float:
    """The accuracy of a net after its short training."""
    predicted = run.results[f"learn {name}"].value.together.argmax(axis=1)
    return metrics.accuracy(metrics.confusion_matrix(run.data.labels, predicted, 10))


def alone(name: str) -> Callable[[Run], Verdict]:
    """In evaluation a single image gets the same logits as in a batch."""

    def judge(run: Run) -> Verdict:
        found: Learnt = run.results[f"learn {name}"].value
        scale = max(1.0, float(np.abs(found.together).max()))
        same = np.abs(found.together - found.alone).max(axis=1) <= SAME * scale
        wrong = int((~same).sum())
        n = len(found.together)
        return Verdict(float(not wrong), f"expected the same logits for each image alone as in a batch in "
                       f"evaluation, got others for {wrong} of {n}" if wrong else "")  # fmt: skip

    return judge
