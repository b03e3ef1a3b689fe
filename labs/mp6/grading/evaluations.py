"""The runs of MP6's nets, after training: the inputs of each, and the grader's reading of its result.

Each part has a process of its own for the net that fit returned, as what fails in one part costs no other, and as
another part's net would be numbers that nobody counts. The nets of the model files share one process; a part whose file
fails there has another try alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Step, StepFailed
from autograder.runner import job_files
from autograder.runner.protocol import Layout, texts, unpack
from autograder.sandbox.job import Job, Limits
from labs.mp6.grading import codes, jobs, parts
from labs.mp6.grading.parts import FORMS, PARTS, Part

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)


def read(layout: Callable[[Run], Layout]) -> Callable[[Run, bytes], dict[str, Any]]:
    """How a message of this layout is read: arrays, and problems by name."""

    def values(run: Run, result: bytes) -> dict[str, Any]:
        found = unpack(layout(run), result)
        return found | {"problems": texts(found["problems"])}

    return values


def found(run: Run, which: str, number: int) -> dict[str, Any]:
    """The outputs of a part's net, "fitted" by fit or "saved" in the model file, and the problems with it."""
    names = [f"evaluate {number}"] if which == "fitted" else [f"saved {number}", "saved"]
    done = (run.results.get(name) for name in names)
    return next((result.value for result in done if result and result.value), {"problems": {}})


def problem(run: Run, which: str, number: int) -> str:
    """Why there are no outputs of a net."""
    problems = found(run, which, number)["problems"]
    return problems.get("net" if which == "fitted" else str(number), "fit returned no net")


def form_in_fit(run: Run, part: Part) -> str:
    """The form in which fit gives images to its net; "" for pixels as they are, or an unknown form."""
    form = found(run, "fitted", part.number)["problems"].get("form", "")
    return form if form in FORMS else ""


def moments(run: Run, part: Part) -> dict[str, NDArray]:
    """Mean and deviation of each pixel of the training images."""
    x = run.data.train[part.number][0]
    return {"mean": x.mean(axis=0), "deviation": x.std(axis=0)}


def evaluate_step(part: Part) -> Step:
    """Rebuild the net that fit returned and run it on images, in a process without training data and model files."""
    number = part.number

    def layout(run: Run) -> Layout:
        return parts.outputs_layout({number: len(jobs.images(run, number))}, jobs.width(run))

    def make(run: Run) -> Job | None:
        if (net := jobs.net(run, number)) is None:
            return None
        arrays: dict[str, Any] = {"part": number, "width": jobs.width(run), "x": jobs.images(run, number),
                                  "net": as_array(net)}  # fmt: skip
        predictions = run.results[f"fit {number}"].value.predictions
        if part.n_classes and predictions is not None:
            arrays |= {"predictions": predictions} | moments(run, part)
        return job_files.job(jobs.without_models(run), ["labs.mp6.grading.inside.evaluate"], arrays, layout(run))

    title = f"part {number}: the net of fit on other images"
    return Step(f"evaluate {number}", (), make, read(layout), (f"fit {number}",), LIMITS, title=title, apart=True)


def all_saved_step() -> Step:
    """Run the nets of all model files, if there are several; a part that is missing in the result is run again."""
    return saved_step("saved", "all parts", lambda run: several(loadable(run, *PARTS.values())))


def saved_again_step(part: Part) -> Step:
    """Run the net of one model file, unless it ran together with others."""

    def due(run: Run) -> list[Part]:
        together = run.results.get("saved")
        done = (
            together is not None and together.value is not None and str(part.number) not in together.value["problems"]
        )
        return [] if done else loadable(run, part)

    return saved_step(f"saved {part.number}", f"part {part.number}", due)


def saved_step(name: str, of: str, due: Callable[[Run], list[Part]]) -> Step:
    """Load the nets of some model files and run each on images, in a process without training data."""

    def layout(run: Run) -> Layout:
        n_images = {part.number: len(jobs.images(run, part.number)) for part in due(run)}
        return parts.outputs_layout(n_images, jobs.width(run))

    def make(run: Run) -> Job | None:
        arrays: dict[str, Any] = {"width": jobs.width(run)}
        for part in due(run):
            own = {
                "x": jobs.images(run, part.number),
                "net": np.frombuffer(jobs.net(run, part.number) or b"", np.uint8),
            }
            if form := form_in_fit(run, part):
                own |= {"form": np.array(form)} | moments(run, part)
            arrays |= {f"{array} {part.number}": value for array, value in own.items()}
        return job_files.job(run, ["labs.mp6.grading.inside.saved"], arrays, layout(run)) if due(run) else None

    return Step(name, (), make, read(layout), limits=LIMITS, title=f"{of}: nets of model files", apart=True)


def as_array(data: bytes | None) -> NDArray[np.uint8]:
    """Bytes as an array for a job."""
    return np.frombuffer(data or b"", np.uint8)


def loadable(run: Run, *of: Part) -> list[Part]:
    """The parts with a net of fit and a model file that may be loaded."""
    return [part for part in of if jobs.net(run, part.number) is not None and not jobs.model_problem(run, part)]


def several(of: list[Part]) -> list[Part]:
    """The parts, if there are several."""
    return of if len(of) > 1 else []


def decode_step(which: str) -> Step:
    """Run the decoder of one net of part 3 on the codes from its bottleneck, and on nothing else."""

    def layout(run: Run) -> Layout:
        return parts.decode_layout(len(jobs.images(run, 3)))

    def make(run: Run) -> Job | None:
        net, evaluated = jobs.net(run, 3), found(run, which, 3)
        if net is None or evaluated.get("codes") is None or evaluated.get("shape") is None:
            return None
        if text := not_finite(evaluated["codes"], "the codes"):
            raise StepFailed("wrong result", text)
        arrays = {"net": as_array(net), "saved": which == "saved", "shape": evaluated["shape"],
                  "codes": codes.rounded(evaluated["codes"])}  # fmt: skip
        seen = run if which == "saved" else jobs.without_models(run)
        return job_files.job(seen, ["labs.mp6.grading.inside.decode"], arrays, layout(run))

    def images(run: Run, result: bytes) -> dict[str, Any]:
        values = read(layout)(run, result)
        if values["images"] is not None and (text := not_finite(values["images"], "the reconstructions")):
            values |= {"images": None, "problems": {"images": text}}
        return values

    after = "evaluate 3" if which == "fitted" else "saved 3"
    title = f"part 3: images from the codes of the {which} net"
    return Step(f"decode {which}", (), make, images, (after,), LIMITS, title=title, apart=True)


def not_finite(values: NDArray, of: str) -> str:
    """How many of some numbers are no finite ones, such as "its outputs hold 12 nan or inf of 5,000"; "" if none."""
    count = int(values.size - np.isfinite(values).sum())
    return f"{of} hold {count:,} nan or inf of {values.size:,}" if count else ""
