"""Inside the sandbox: call fit in other ways that it must support.

What was wrong in the main run is not charged here again: these calls are judged in the form that the main run had.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from autograder.runner import student_module
from labs.mp6.grading.inside.trial import Call, Trial
from smallnets import fitcheck
from smallnets.cli import StudentError

SIZES = ((230, 7), (37, 1))  # training and development images: a last batch that is not full; less than one batch
SHORT, FEW = 300, 2  # training images and iterations of the compared runs
CLOSE = 1e-3
ONE_IMAGE = "Expected more than 1 value per channel when training"  # what batch norm says


def other_sizes(trial: Trial, main: Call, problems: dict[str, str]) -> None:
    """Call fit with other numbers of images and with no iterations."""
    for n, m in SIZES:
        with student_module.noted(problems, "any_size", f"with {n} training and {m} development images: "):
            like_main(trial, main, problems, trial.call(n, trial.dev[:m], 2), m, 2)
    if ONE_IMAGE in problems.get("any_size", ""):
        problems["any_size"] += "\nThe net still trains when it predicts: call net.eval() first."
    with student_module.noted(problems, "no_iterations", "with n_iter 0: "):
        result = trial.call(SHORT, trial.dev[:100], 0)
        like_main(trial, main, problems, result, 100, 0)
        if result.steps.count:
            raise ValueError(f"step ran {result.steps.count} times, expected 0")
        if (numbers := result.numbers()) is not None and numbers.size:
            raise ValueError(f"expected no losses, got {numbers.size}")


def like_main(trial: Trial, main: Call, problems: dict[str, str], result: Call, m: int, n_iter: int) -> None:
    """ValueError unless another call did as well as the main run: its steps, its losses, its predictions."""
    if main.steps.count == trial.part.n_iter and result.steps.count != n_iter:
        raise ValueError(f"step ran {result.steps.count} times in {n_iter} iterations")
    if "losses" not in problems:
        fitcheck.losses(result.losses, result.losses_due(n_iter))
    if "predictions" not in problems:
        trial.predictions(result.predictions, m)
        return
    shape, got = (None if array is None else array.shape for array in (main.array(), result.array()))
    if shape is not None and len(trial.dev) in shape:
        # whatever else is wrong with them, there should be as many as images
        expected = tuple(m if size == len(trial.dev) else size for size in shape)
        if got != expected:
            raise ValueError(f"expected predictions of shape {list(expected)}, got {got and list(got)}")


def differs(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Whether two results differ by more than rounding; False if one of them is None.

    Of labels, one in 200 may differ. What is nan or infinite in one of them is left out: other checks charge it.
    """
    if a is None or b is None:
        return False
    if a.shape != b.shape:
        return True
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if all(array.dtype.kind in "iub" or np.array_equal(array, np.round(array)) for array in (a, b)):
        return a.size > 0 and float(np.mean(a != b)) > 0.005
    return not np.allclose(a, b, rtol=CLOSE, atol=CLOSE)


def short_run(trial: Trial, images: torch.Tensor) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The losses and the rows of predictions of a short training; of the main one if fit does not do a short one."""
    try:
        found = trial.call(SHORT, images, FEW)
    except StudentError:  # other checks say so
        found = trial.call(len(trial.x), images, trial.part.n_iter)
    return found.numbers(), trial.rows(found, images)


def comparisons(trial: Trial, problems: dict[str, str]) -> None:
    """Run the same seed with some images of dev_set elsewhere among very different ones, and with dev_set again."""
    dev = trial.dev[:300]
    half = len(dev) // 2
    among = torch.cat([255.0 / trial.part.divisor - dev[half:], dev[:half]])
    losses = first = None
    with student_module.noted(problems, "repeatable"):
        losses, first = short_run(trial, dev)
    with student_module.noted(problems, "independent"):
        losses_beside, changed = short_run(trial, among)
        if first is None or changed is None:
            raise ValueError("there are no predictions to compare, neither of fit nor of its net")
        moved = differs(first[:half], changed[-half:])
        if (moved or differs(losses, losses_beside)) and not repeats(trial, dev, losses, first, problems) and moved:
            moved = moves_by_itself(trial, dev, among)
        if moved:
            raise ValueError(
                "expected the prediction for an image to depend on that image and the training set alone, got another "
                "one beside other images: are the mean and deviation of dev_set used, or batch statistics?"
                + (" The net still trains when it predicts: call net.eval() first." if "training" in problems else "")
            )
    if losses is None and first is None:
        problems.setdefault("repeatable", "there are neither losses nor predictions to compare")


def moves_by_itself(trial: Trial, dev: torch.Tensor, among: torch.Tensor) -> bool:
    """Whether predictions depend on other images where one seed gives several results: with the system's chance fixed.

    Raises:
        ValueError: the results still differ by themselves.
    """
    with chance_fixed():
        first = short_run(trial, dev)[1]
    with chance_fixed():
        changed = short_run(trial, among)[1]
    with chance_fixed():
        again = short_run(trial, dev)[1]
    if first is None or changed is None or differs(first, again):
        raise ValueError("not to be told, as the same seed gives other results: mend that first")
    half = len(dev) // 2
    return differs(first[:half], changed[-half:])


@contextmanager
def chance_fixed() -> Iterator[None]:
    """Give generators that ask the system for a seed, such as np.random.default_rng(), the same ones each time."""
    rng = np.random.default_rng(0)
    before = os.urandom, random._urandom  # type: ignore[attr-defined]
    os.urandom = random._urandom = rng.bytes  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os.urandom, random._urandom = before  # type: ignore[attr-defined]


def repeats(
    trial: Trial, dev: torch.Tensor, losses: np.ndarray | None, first: np.ndarray, problems: dict[str, str]
) -> bool:
    """Whether the same call gives the same losses and predictions again; a problem is recorded if not."""
    with student_module.noted(problems, "repeatable"):
        losses_again, again = short_run(trial, dev)
        if differs(losses, losses_again) or differs(first, again):
            raise ValueError(
                "expected the same losses and predictions when torch, numpy and random start from the same seed, "
                "got others: does a generator have its own seed, or none?"
            )
    return "repeatable" not in problems
