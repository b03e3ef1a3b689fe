"""The runs of MP6's grading: the inputs of each, and the grader's reading of its result."""

import dataclasses
import io
import zipfile
from typing import Any

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
    """The result of a training: arrays, None for malformed ones, and problems by check."""

    losses: NDArray[np.float64] | None
    predictions: NDArray | None
    net: bytes | None
    parameters: bytes | None
    problems: dict[str, str]
    code_shape: tuple[int, ...] = ()

    @property
    def stored_numbers(self) -> int | None:
        """The number of numbers in the net's file, read from its directory only; None of what is no file of torch."""
        try:
            with zipfile.ZipFile(io.BytesIO((self.net or b"")[5:])) as archive:
                return sum(entry.file_size for entry in archive.infolist() if "/data/" in entry.filename) // 4
        except Exception:  # a forged directory raises all sorts
            return None


def fit_step(part: Part) -> Step:
    """Train a part; parts 1 and 2 predict two thirds of the hidden images, part 3 images that are not hidden."""

    def layout(run: Run) -> Layout:
        return parts.fit_layout(part, len(run.data.dev[part.number]))

    def make(run: Run) -> Job:
        x, y = run.data.train[part.number]
        arrays = {"part": part.number, "seed": run.seed % 2**32, "x": x, "y": y, "dev": run.data.dev[part.number]}
        return job_files.job(run, ["labs.mp6.grading.inside.fit"], arrays, layout(run))

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
        return Fitted(values["losses"], predictions, values["net"], values["parameters"], problems, shape)

    return Step(f"fit {part.number}", (f"{part.module}.py",), make, read)


def valid(predictions: NDArray, part: Part) -> bool:
    """Whether labels or pixels are in their range, checked again outside of the sandbox."""
    least, most = predictions.min(initial=0), predictions.max(initial=0)
    return bool(np.isfinite(predictions).all() and least >= 0 and most <= (part.n_classes - 1 if part.n_classes else 1))


def nets(run: Run) -> dict[int, bytes]:
    """The nets that the trainings so far returned."""
    done = {number: run.results.get(f"fit {number}") for number in PARTS}
    return {number: step.value.net for number, step in done.items() if step and step.value and step.value.net}


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


def preparation(run: Run, number: int) -> dict[str, NDArray]:
    """From these, a run can tell how fit prepares images; empty if there is nothing to tell it from."""
    predictions, x = run.results[f"fit {number}"].value.predictions, run.data.train[number][0]
    if predictions is None or not PARTS[number].n_classes:
        return {}
    return {f"{name} {number}": array for name, array in
            (("predictions", predictions), ("mean", x.mean(axis=0)), ("deviation", x.std(axis=0)))}  # fmt: skip


def evaluate_step() -> Step:
    """Run all nets on images, in a process without training data."""

    def layout(run: Run) -> Layout:
        return parts.evaluate_layout({number: len(images(run, number)) for number in nets(run)}, width(run))

    def make(run: Run) -> Job:
        arrays: dict[str, Any] = {"width": width(run)}
        for number, net in nets(run).items():
            arrays[f"x {number}"] = images(run, number)
            arrays[f"net {number}"] = np.frombuffer(net, np.uint8)
            arrays[f"saved {number}"] = not model_problem(run, PARTS[number])
            arrays |= preparation(run, number)
        return job_files.job(run, ["labs.mp6.grading.inside.evaluate"], arrays, layout(run))

    def read(run: Run, result: bytes) -> dict[str, Any]:
        values = unpack(layout(run), result)
        return values | {"problems": texts(values["problems"])}

    return Step("evaluate", (), make, read)


def decode_step() -> Step:
    """Run part 3's decoders on the codes from the bottleneck, and on nothing else."""

    def make(run: Run) -> Job:
        found, net = run.results["evaluate"].value, nets(run).get(3)
        if net is None or (found.get("fitted codes") is None and found.get("saved codes") is None):
            raise StepFailed("wrong result", "part 3 returned no codes to decode")
        arrays: dict[str, Any] = {"net 3": np.frombuffer(net, np.uint8), "n": len(images(run, 3))}
        arrays |= {name: array for name, array in found.items() if name.endswith(("codes", "shape"))
                   and array is not None}  # fmt: skip
        return job_files.job(run, ["labs.mp6.grading.inside.decode"], arrays, parts.decode_layout(len(images(run, 3))))

    def read(run: Run, result: bytes) -> dict[str, Any]:
        values = unpack(parts.decode_layout(len(images(run, 3))), result)
        return values | {"problems": texts(values["problems"])}

    return Step("decode", (), make, read, after=("evaluate",))


def referee_step() -> Step:
    """Count parameters, in a process without student code."""

    def make(run: Run) -> Job:
        done = {number: run.results.get(f"fit {number}") for number in PARTS}
        arrays = {
            f"parameters {number}": np.frombuffer(step.value.parameters, np.uint8)
            for number, step in done.items()
            if step and step.value and step.value.parameters
        }
        return job_files.job(run, ["labs.mp6.grading.inside.referee"], arrays, parts.REFEREE_LAYOUT, students=False)

    def read(run: Run, result: bytes) -> dict[str, Any]:
        values = unpack(parts.REFEREE_LAYOUT, result)
        return {"problems": texts(values["problems"]), "shapes": shapes(values["shapes"])}

    return Step("referee", (), make, read)


def shapes(data: bytes | None) -> dict[int, list[tuple[int, ...]]]:
    """The shapes of the parameters of each part, from the referee's text.

    Raises:
        ValueError: it is no such text.
    """
    found = parsed(data)
    try:
        return {int(number): [tuple(map(size, shape)) for shape in each] for number, each in found.items()}
    except (AttributeError, TypeError) as error:
        raise ValueError(f"expected shapes by part, got others: {error}") from None


def size(value: Any) -> int:
    """A size in a shape; ValueError if it is none."""
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"expected sizes from 0 up, got {str(value)[:40]}")
    return value
