"""The trainings of MP6's grading: the input of each, the grader's reading of its result, and what other runs use."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from autograder.intake import model_file
from autograder.lab import Run, Step, StepFailed
from autograder.runner import job_files
from autograder.runner.protocol import Layout, parsed, texts, unpack
from autograder.sandbox.job import Job
from labs.mp6.grading import parts
from labs.mp6.grading.parts import PARTS, Part


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The result of a training: arrays, None for malformed ones, the net's bytes, and problems by check.

    `shapes` of the parameters are what the student's process says; the size of `net` is a fact.
    """

    losses: NDArray[np.float64] | None
    predictions: NDArray | None
    net: bytes | None
    shapes: list[tuple[int, ...]] | None
    problems: dict[str, str]
    code_shape: tuple[int, ...] = ()


def fit_step(part: Part) -> Step:
    """Train a part; parts 1 and 2 predict two thirds of the hidden images, part 3 images that are not hidden."""

    def layout(run: Run) -> Layout:
        return parts.fit_layout(part, len(run.data.dev[part.number]))

    def make(run: Run) -> Job:
        x, y = run.data.train[part.number]
        arrays = {"part": part.number, "seed": run.seed % 2**32, "x": x, "y": y, "dev": run.data.dev[part.number]}
        return job_files.job(without_models(run), ["labs.mp6.grading.inside.fit"], arrays, layout(run))

    def read(run: Run, result: bytes) -> Fitted:
        values = unpack(layout(run), result)
        problems = texts(values["problems"])
        if "fit" in problems:
            raise StepFailed("exception", problems["fit"])
        predictions = values["predictions"]
        if predictions is not None and not valid(predictions, part):
            predictions, problems["predictions"] = None, "expected predictions within their range, got others"
        code = values.get("code shape")
        shape = () if code is None else tuple(int(size) for size in code if size)
        return Fitted(values["losses"], predictions, values["net"], shapes(values["shapes"]), problems, shape)

    return Step(f"fit {part.number}", (f"{part.module}.py",), make, read, title=f"part {part.number}: training")


def valid(predictions: NDArray, part: Part) -> bool:
    """Whether labels or pixels are in their range, checked again outside of the sandbox."""
    least, most = predictions.min(initial=0), predictions.max(initial=0)
    return bool(np.isfinite(predictions).all() and least >= 0 and most <= (part.n_classes - 1 if part.n_classes else 1))


def net(run: Run, number: int) -> bytes | None:
    """The net that a part's training returned; None if there is none."""
    done = run.results.get(f"fit {number}")
    return done.value.net if done and done.value else None


def width(run: Run) -> int:
    """The numbers of a code of part 3 for which there is room."""
    done = run.results.get("fit 3")
    return parts.width(done.value.code_shape if done and done.value else ())


def images(run: Run, number: int) -> NDArray:
    """The images for the nets of a part: those that fit got, then those that it did not get.

    Of part 3, they are fewer for a wide code, as the message holds the codes of all images.
    """
    dev, unseen = run.data.dev[number], run.data.unseen[number]
    most = len(unseen) if PARTS[number].n_classes else max(100, parts.MOST_MESSAGE // width(run) - len(dev))
    return np.concatenate([dev, unseen[:most]])


def model_problem(run: Run, part: Part) -> str:
    """Why the student's model file may not be loaded, "" if it may be."""
    path = run.submission.files.get(part.model)
    return run.submission.missing(part.model) if path is None else model_file.problem(path)


def shapes(data: bytes | None) -> list[tuple[int, ...]] | None:
    """The shapes of a net's parameters; None if there are none.

    Raises:
        ValueError: something else than shapes.
    """
    if data is None:
        return None
    found = parsed(data)
    try:
        return [tuple(map(size, shape)) for shape in found]
    except TypeError as error:
        raise ValueError(f"expected shapes, got others: {error}") from None


def size(value: object) -> int:
    """A size in a shape; ValueError if it is none."""
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"expected sizes from 0 up, got {str(value)[:40]}")
    return value


def without_models(run: Run) -> Run:
    """The run as seen by jobs whose net must not find more numbers in the submission's model files."""
    code = {name: path for name, path in run.submission.files.items() if not name.endswith(".model")}
    return dataclasses.replace(run, submission=dataclasses.replace(run.submission, files=code))
