"""Inside the sandbox: train one part by its contract, then call fit in other ways that it must support. Prints nothing.

Each problem becomes a line under the name of the check that it belongs to.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.parts import MOST_COUNTED, MOST_NET, PARTS, Part, fit_layout
from smallnets import fitcheck, progress, train
from smallnets.student import student_code

SIZES = ((230, 7), (37, 1))  # training and development images: a last batch that is not full; less than one batch
SHORT, FEW = 300, 2  # training images and iterations of the compared runs
CLOSE = 1e-3


class Trial:
    """One part of one submission: its data, and calls of its fit."""

    def __init__(self, part: Part, arrays: dict[str, np.ndarray]) -> None:
        self.part, self.seed = part, int(arrays["seed"])
        self.x, self.dev = (torch.from_numpy(arrays[name]).float() / part.divisor for name in ("x", "dev"))
        self.y = torch.from_numpy(arrays["y"])
        self.what = "losses, yhats, net" if part.n_classes else "losses, xhats, net"

    def call(self, module: ModuleType, n: int, dev: torch.Tensor, n_iter: int) -> Any:
        """fit's return value for the first n training images; StudentError if it raises."""
        train.seed_everything(self.seed)
        labels = (self.y[:n].clone(),) if self.part.n_classes else ()
        with student_code(student_module.path_of(self.part.module)):
            return module.fit(self.x[:n].clone(), *labels, dev.clone(), n_iter)

    def predictions(self, values: Any, m: int) -> np.ndarray:
        """The predictions as an array; ValueError if they are malformed."""
        return fitcheck.labels(values, m, self.part.n_classes) if self.part.n_classes else fitcheck.images(values, m)

    def checked(self, result: Any, m: int, n_iter: int) -> tuple[list[float], np.ndarray]:
        """Losses and predictions; ValueError unless both follow the contract."""
        losses, predictions, _ = fitcheck.unpack(result, self.what)
        return fitcheck.losses(losses, n_iter), self.predictions(predictions, m)


def batch_sizes(sizes: list[int | None], batch_size: int = 100) -> None:
    """ValueError unless there were steps, none on more than a batch, and at least half of them on a full one."""
    if not sizes:
        raise ValueError("expected fit to call step of NeuralNet once an iteration, got no call")
    wrong = [size for size in sizes if size is None or not 0 < size <= batch_size]
    if wrong or 2 * sizes.count(batch_size) < len(sizes):
        seen = wrong[0] if wrong else min(size for size in sizes if size is not None)
        raise ValueError(f"expected step to get batches of {batch_size} images, got one of {seen}")


def main_run(trial: Trial, problems: dict[str, str], values: dict[str, Any]) -> bool:
    """The graded training; returns whether losses and predictions were valid."""
    part = trial.part
    module = student_module.module(part.module)
    with progress.watch_steps(progress.step_class(module), part.n_iter, "", show=False) as steps:
        result = trial.call(module, len(trial.x), trial.dev, part.n_iter)
    losses, predictions, net = fitcheck.unpack(result, trial.what)
    with student_module.noted(problems, "losses"):
        values["losses"] = np.array(fitcheck.losses(losses, part.n_iter))
    with student_module.noted(problems, "returns"):
        if not isinstance(net, torch.nn.Module):
            raise ValueError(f"expected net to be a torch.nn.Module, got a {type(net).__name__}")
        values["predictions"] = trial.predictions(predictions, len(trial.dev))
    with student_module.noted(problems, "batches"):
        batch_sizes(steps.sizes)
    if isinstance(net, torch.nn.Module):
        with student_module.noted(problems, "net"):
            values["net"] = nets.small(nets.stored(net), MOST_NET)
        found = nets.parameters(net)
        with student_module.noted(problems, "parameters"):
            values["parameters"] = nets.small(nets.as_npz(found), MOST_COUNTED)
        with student_module.noted(problems, "get_parameters"):
            nets.same_count(net, found)
    return not {"losses", "returns"} & set(problems)


def other_sizes(trial: Trial, problems: dict[str, str], strict: bool) -> None:
    """Call fit with other numbers of images and with no iterations; problems of the main run are not repeated."""
    for n, m in SIZES:
        with student_module.noted(problems, "any_size", f"with {n} training and {m} development images: "):
            result = trial.call(student_module.module(trial.part.module), n, trial.dev[:m], 2)
            if strict:
                trial.checked(result, m, 2)
    with student_module.noted(problems, "no_iterations", "with n_iter 0: "):
        result = trial.call(student_module.module(trial.part.module), SHORT, trial.dev[:100], 0)
        if strict:
            trial.checked(result, 100, 0)


def raw(result: Any) -> tuple[Any, Any]:
    """Losses and predictions as arrays of any shape; None for one that is no array of numbers."""
    losses, predictions, _ = fitcheck.unpack(result, "losses, predictions, net")
    numbers = as_array(lambda: np.array([fitcheck.number(value) for value in losses]))
    return numbers, as_array(lambda: fitcheck.array(predictions, "predictions"))


def as_array(make: Callable[[], np.ndarray]) -> np.ndarray | None:
    """The array that `make` returns, or None if it raises, as students' objects may."""
    try:
        return make()
    except Exception:
        return None


def differs(a: Any, b: Any) -> bool:
    """Whether two results differ by more than rounding; False if one of them is None.

    Of labels, one in 200 may differ.
    """
    if a is None or b is None:
        return False
    if a.shape != b.shape:
        return True
    if all(array.dtype.kind in "iub" or np.array_equal(array, np.round(array)) for array in (a, b)):
        return a.size > 0 and float(np.mean(a != b)) > 0.005
    return not np.allclose(a, b, rtol=CLOSE, atol=CLOSE, equal_nan=True)


def comparisons(trial: Trial, problems: dict[str, str], strict: bool) -> None:
    """Run the same seed twice, the second time with the same dev_set images elsewhere among very different ones."""
    dev = trial.dev[:300]
    known, others = dev[:150], dev[150:]
    among = torch.cat([255.0 / trial.part.divisor - others, known])

    def short_run(images: torch.Tensor) -> tuple[Any, Any]:
        return raw(trial.call(student_module.module(trial.part.module), SHORT, images, FEW))

    with student_module.noted(problems, "repeatable"):
        losses, first = short_run(dev)
        losses_again, changed = short_run(among)
        moved = strict and differs(first[: len(known)], changed[len(others) :])
        # predictions that differ beside other images may also differ beside the same ones
        if differs(losses, losses_again) or ((moved or not strict) and differs(first, short_run(dev)[1])):
            raise ValueError(
                "expected the same losses and predictions when torch, numpy and random start from the same seed, "
                "got others: does a generator have its own seed, or none?"
            )
        if moved:
            problems["independent"] = (
                "expected the prediction for an image to depend on that image and the training set alone, got another "
                "one beside other images: are the mean and deviation of dev_set used, or batch statistics?"
            )


def main() -> None:
    """Train, try the other calls, return the results."""
    arrays = channel.read_arrays()
    part = PARTS[int(arrays["part"])]
    trial = Trial(part, arrays)
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    with student_module.noted(problems, "fit"):
        strict = main_run(trial, problems, values)
        other_sizes(trial, problems, strict)
        comparisons(trial, problems, strict)
    channel.hand_back(fit_layout(part, len(trial.dev)), values, problems)


if __name__ == "__main__":
    main()
