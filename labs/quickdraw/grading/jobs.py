"""The runs in predict mode, and the verdicts on them. Only the grader knows the labels."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.explanations import Reason
from autograder.intake import model_file
from autograder.lab import Run, Step, StepFailed, Verdict, accuracy_words, proportional
from autograder.runner import job_files
from autograder.runner.check_step import passes
from autograder.runner.protocol import texts, unpack
from autograder.sandbox.job import Job
from labs.quickdraw.grading.programs import N_CLASSES, PROGRAMS, Program, header_note, layout, parsed
from smallnets import metrics

# what the handout's programs import; the last at their start, as they are run
HANDOUT_FILES = (
    "labs/quickdraw/utils/io_argparse.py", "labs/quickdraw/utils/session.py", "smallnets/starting.py",
)  # fmt: skip
# torch 2.6 and later refuse to load whole nets, and the course's programs save those
WHOLE_NETS = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
MOST_MODEL = 2**20  # bytes; the handout says 1 MB
SAME = 0.99  # share of handed-in predictions that must be reproduced
FEWER = 0.9  # "a reasonable amount": the best net's errors over those of the better of the other two
LEAST_WORDS = 40  # of README.md
Judge = Callable[[Run], Verdict]


@dataclasses.dataclass(frozen=True)
class Predicted:
    """Classes [N], the net's number of parameters (0 if unknown), and a note on layers in training mode."""

    classes: NDArray[np.int64]
    parameters: int
    training: str


def predict_step(program: Program) -> Step:
    """Run a program by its command line on the drawings; the value is `Predicted`."""

    def make(run: Run) -> Job:
        if text := model_file.problem(run.submission.files[program.model]):
            raise StepFailed(Reason.BAD_MODEL, text)
        argv, images = ["labs.quickdraw.grading.inside.predict", program.name], run.data.images
        return dataclasses.replace(
            job_files.job(run, argv, {"images": images}, layout(len(images)), HANDOUT_FILES), env=WHOLE_NETS
        )

    def read(run: Run, result: bytes) -> Predicted:
        values = unpack(layout(len(run.data.images)), result)
        problems = texts(values["problems"])
        classes = values["predictions"]
        if "run" in problems or classes is None or not np.isin(classes, range(N_CLASSES)).all():
            training = f"\n{problems['training']}" if "training" in problems else ""
            raise StepFailed(Reason.EXCEPTION, problems.get("run", "there are no predictions") + training)
        parameters = 0 if values["parameters"] is None else int(values["parameters"][0])
        return Predicted(classes, parameters, problems.get("training", ""))

    files = (program.main, program.model, "accuracies.py")
    return Step(f"predict {program.name}", files, make, read, title=f"{program.name}: predictions")


def found(run: Run, program: Program) -> Predicted:
    """The predictions of a program."""
    return run.results[f"predict {program.name}"].value


def word(predicted: Predicted) -> str:
    """A note on layers in training mode, which often explain a low accuracy."""
    return f"; {predicted.training}: call model.eval() before you predict" if predicted.training else ""


def accuracy(run: Run, program: Program) -> float:
    """The accuracy of a program on the drawings with labels."""
    known = run.data.labels >= 0
    confusion = metrics.confusion_matrix(run.data.labels[known], found(run, program).classes[known], N_CLASSES)
    return metrics.accuracy(confusion)


def has_parameters(program: Program, check: str) -> Judge:
    """The class passes its check, and the net that predicts, if one does, has the handout's number of parameters."""
    passed = passes("nets", [check])

    def judge(run: Run) -> Verdict:
        step = run.results.get(f"predict {program.name}")
        count = step.value.parameters if step is not None and step.value is not None else 0
        if (verdict := passed(run)).share < 1 or count in (0, program.n_parameters):
            return verdict
        text = f"expected the net in {program.model} to have {program.n_parameters:,} parameters, got {count:,}"
        return Verdict(0, f"{text}: set the handout's sizes in {program.main} and train again")

    return judge


def runs(program: Program) -> Judge:
    """The command line succeeds and writes a class for each drawing."""
    return lambda run: Verdict(1, f"one class for each of {len(run.data.images)} drawings{word(found(run, program))}")


def accurate(program: Program) -> Judge:
    """Points in proportion to the accuracy."""

    def judge(run: Run) -> Verdict:
        value, n = accuracy(run, program), int((run.data.labels >= 0).sum())
        words = accuracy_words(value, n, "hidden drawings")
        return proportional(value, program.none_at, program.full_at, words, word(found(run, program)))

    return judge


def same_again(program: Program) -> Judge:
    """The program reproduces the handed-in predictions."""

    def judge(run: Run) -> Verdict:
        if (path := run.submission.files.get(program.predictions)) is None:
            return Verdict(0, run.submission.missing(program.predictions), Reason.MISSING)
        content = path.read_bytes()
        try:
            lines = parsed(content, program.predictions, run.data.n_given)
        except ValueError as error:
            return Verdict(0, str(error))
        given = run.data.rows >= 0
        share = float(np.mean(lines[run.data.rows[given]] == found(run, program).classes[given]))
        text = f"{share:.1%} of {int(given.sum())} predictions in {program.predictions} are reproduced"
        text += f"; {note}" if (note := header_note(content, program.predictions, run.data.n_given)) else ""
        return Verdict(float(share >= SAME), f"{text} (expected {SAME:.0%}){word(found(run, program))}")

    return judge


def small(run: Run) -> Verdict:
    """bestmodel.pt is no bigger than 1 MB; the run of its step has shown that it is a net."""
    size = run.submission.files[PROGRAMS["bestmodel"].model].stat().st_size
    return Verdict(float(size <= MOST_MODEL), f"{size:,} bytes of at most {MOST_MODEL:,}")


def improves(run: Run) -> Verdict:
    """The best net makes fewer mistakes than the better of the first two, and is another net."""
    counts = [found(run, program).parameters for program in PROGRAMS.values()]
    errors = [1 - accuracy(run, program) for program in PROGRAMS.values()]
    text = f"errors {errors[2]:.4f}, expected at most {FEWER} of the better of the first two's, {min(errors[:2]):.4f}"
    if counts[2] in counts[:2]:
        return Verdict(0, f"expected another net than the first two, got one of as many parameters: {counts[2]:,}")
    return Verdict(float(errors[2] <= FEWER * min(errors[:2])), text)


def tells(run: Run) -> Verdict:
    """README.md says something."""
    if (path := run.submission.files.get("README.md")) is None:
        return Verdict(0, run.submission.missing("README.md"), Reason.MISSING)
    words = len(path.read_bytes().split())
    return Verdict(float(words >= LEAST_WORDS), f"{words} words in README.md, expected at least {LEAST_WORDS}")
