"""Inside the sandbox: run fit again with the same seed, with the same images and with others among them."""

import dataclasses
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from autograder.runner import student_module
from labs.mp6.grading.inside.trial import Trial
from smallnets.cli import StudentError

SHORT, FEW = 300, 2  # training images and iterations of the compared runs
KNOWN = 150  # development images that are in all of them, and as many others
CLOSE = 1e-3


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is compared of a run; None for what there is not.

    losses; rows of predictions [M, ...], one an image; what the net that fit returned gives for the known images.
    """

    losses: np.ndarray | None
    rows: np.ndarray | None
    outputs: np.ndarray | None


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


def short_run(trial: Trial, images: torch.Tensor, known: torch.Tensor) -> Seen:
    """What is seen of a short training; of one as long as the main one if fit does not do a short one."""
    try:
        found = trial.call(SHORT, images, FEW)
    except StudentError:  # other checks say so
        found = trial.call(len(trial.x), images, trial.part.n_iter)
    return Seen(found.numbers(), trial.rows(found, images), trial.outputs(found, known))


def same(a: Seen, b: Seen) -> bool:
    """Whether two runs on the same images gave the same."""
    return not (differs(a.losses, b.losses) or differs(a.rows, b.rows) or differs(a.outputs, b.outputs))


def moved(first: Seen, changed: Seen) -> bool:
    """Whether the known images, last among others, got other predictions than at the beginning of dev_set.

    The net's own outputs are compared, too, as they tell what labels may not.
    """
    if first.rows is None or changed.rows is None:
        raise ValueError("there are no predictions to compare, neither of fit nor of its net")
    rows = differs(first.rows[:KNOWN], changed.rows[-KNOWN:])
    return rows or differs(first.outputs, changed.outputs)


def comparisons(trial: Trial, problems: dict[str, str]) -> None:
    """Look whether one seed gives one result, and whether an image's prediction depends on other images."""
    known, dev = trial.dev[:KNOWN], trial.dev[: 2 * KNOWN]
    among = torch.cat([255.0 / trial.part.divisor - dev[KNOWN:], known])
    first = None
    with student_module.noted(problems, "repeatable"):
        first = short_run(trial, dev, known)
        if first.losses is None and first.rows is None:
            raise ValueError("there are neither losses nor predictions to compare")
    with student_module.noted(problems, "independent"):
        if first is None:
            raise ValueError("not to be told, as fit failed")
        changed = short_run(trial, among, known)
        depends = moved(first, changed)
        if depends or differs(first.losses, changed.losses):
            with student_module.noted(problems, "repeatable"):
                repeat(first, short_run(trial, dev, known))
        if depends and "repeatable" in problems:
            depends = moved_by_others(trial, dev, among, known)
        if depends:
            raise ValueError(
                "expected the prediction for an image to depend on that image and the training set alone, got another "
                "one beside other images: are the mean and deviation of dev_set used, or batch statistics?"
                + (" The net still trains when it predicts: call net.eval() first." if "training" in problems else "")
            )


def repeat(first: Seen, again: Seen) -> None:
    """ValueError unless two runs of one seed gave the same."""
    if not same(first, again):
        raise ValueError(
            "expected the same losses and predictions when torch, numpy and random start from the same seed, "
            "got others: does a generator have its own seed, or none?"
        )


def moved_by_others(trial: Trial, dev: torch.Tensor, among: torch.Tensor, known: torch.Tensor) -> bool:
    """Whether predictions depend on other images where one seed gives several results: with the system's chance fixed.

    Raises:
        ValueError: the results still differ by themselves.
    """
    seen = []
    for images in (dev, among, dev):
        with chance_fixed():
            seen.append(short_run(trial, images, known))
    if not same(seen[0], seen[2]):
        raise ValueError("not to be told, as the same seed gives other results: mend that first")
    return moved(seen[0], seen[1])


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
