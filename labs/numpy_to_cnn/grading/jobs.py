"""The run in which the student's net classifies the hidden images, and the points for its answers."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.explanations import Reason
from autograder.intake import model_file
from autograder.lab import Run, Step, StepFailed, Verdict, accuracy_words, proportional
from autograder.runner import job_files
from autograder.runner.protocol import texts, unpack
from autograder.sandbox.job import Job
from labs.numpy_to_cnn.grading.corrupt import ChangesFailed
from labs.numpy_to_cnn.grading.layout import N_CLASSES, layout
from smallnets import metrics

NAME = "classify"
FILES = ("pytorch_cnn.py", "model.pt")
GUESSED = 2 / N_CLASSES
MOST_BYTES = 32 * 2**20  # of model.pt
SAME = 0.98  # of the classes: a sum in another order rounds differently
JUDGED = "classify is wrong, which 3.3 judges: these images were classified by the net's greatest output"
CAUSES = {"import": Reason.EXCEPTION, "model": Reason.BAD_MODEL, "classify": Reason.EXCEPTION}


@dataclasses.dataclass(frozen=True)
class Classified:
    """The predicted class of each hidden image, in the order of the labels, and notes on model file and classify."""

    predictions: NDArray[np.int64]
    word: str
    note: str


def step() -> Step:
    """Run classify() on the hidden images."""

    def make(run: Run) -> Job:
        if problem := model_file.problem(run.submission.files["model.pt"], MOST_BYTES):
            raise StepFailed(Reason.BAD_MODEL, problem)
        try:
            arrays = {"x": run.data.shown()}
        except ChangesFailed as error:
            raise StepFailed(Reason.EXCEPTION, str(error)) from None
        return job_files.job(run, ["labs.numpy_to_cnn.grading.inside.classify"], arrays, layout(len(run.data.labels)))

    def read(run: Run, result: bytes) -> Classified:
        values = unpack(layout(len(run.data.labels)), result)
        problems, shown, greatest = texts(values["problems"]), values["labels"], values["greatest"]
        note = ""
        # a wrong classify has its own check: it does not cost the net's points as well
        if greatest is not None and ("classify" in problems or better(greatest, shown, run)):
            problems.pop("classify", None)
            shown, note = greatest, JUDGED
        for name, cause in CAUSES.items():
            if text := problems.get(name):
                raise StepFailed(Reason.WRONG if text.startswith("expected classify") else cause, text)
        if shown is None or not 0 <= shown.min() <= shown.max() < N_CLASSES:
            raise ValueError("expected classes from 0 to 9, got others or none")
        predictions = np.empty_like(shown)
        predictions[run.data.order] = shown
        return Classified(predictions, problems.get("word", ""), note)

    return Step(NAME, FILES, make, read, title=f"{FILES[-1]}: predictions")


def better(greatest: NDArray[np.int64], shown: NDArray[np.int64] | None, run: Run) -> bool:
    """Whether the net's greatest outputs are others than classify's classes, and right for more images."""
    if shown is None:
        return False
    truths = run.data.labels[run.data.order]
    differ = np.mean(shown == greatest) < SAME
    return bool(differ and np.mean(greatest == truths) > np.mean(shown == truths))


def accuracy(run: Run, half: str) -> float:
    """The accuracy on a half, "public" or "final"."""
    rows = run.data.halves[half]
    found = metrics.confusion_matrix(run.data.labels[rows], run.results[NAME].value.predictions[rows], N_CLASSES)
    return metrics.accuracy(found)


def opens(run: Run) -> Verdict:
    """All points if the loaded net does better than guessing."""
    classified: Classified = run.results[NAME].value
    if not ((found := accuracy(run, "public")) > GUESSED):
        return Verdict(0, f"{words(run, found)}; expected more than {GUESSED:g} from a net that has learnt something")
    advice = f"model.pt is better saved as torch.save(net.state_dict(), ...): {classified.word}"
    return Verdict(1, "\n".join([advice] * bool(classified.word) + [classified.note] * bool(classified.note)))


def reaches(baseline: float) -> Callable[[Run], Verdict]:
    """All points for the baseline's accuracy on the public half, or more."""

    def judge(run: Run) -> Verdict:
        found = accuracy(run, "public")
        return Verdict(float(found >= baseline), f"{words(run, found)}; expected at least {baseline:g}")

    return judge


def share(none_at: float, full_at: float) -> Callable[[Run], Verdict]:
    """Points in proportion to the accuracy on the public half."""

    def judge(run: Run) -> Verdict:
        found = accuracy(run, "public")
        return proportional(found, none_at, full_at, words(run, found))

    return judge


def words(run: Run, found: float) -> str:
    """A text on an accuracy."""
    return accuracy_words(found, run.data.halves["public"].stop, "images of the public half")
