"""Inside the sandbox: train one part by its contract, then call fit in other ways that it must support. Prints nothing.

Each problem becomes a line under the name of the check that it belongs to.
"""

from typing import Any

import numpy as np
import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.inside import slips, storing
from labs.mp6.grading.inside.comparisons import comparisons
from labs.mp6.grading.inside.trial import Call, Trial
from labs.mp6.grading.inside.variations import other_sizes
from labs.mp6.grading.parts import PARTS, SHAPES, Part, fit_layout, most_judged, most_stored
from smallnets import fitcheck, progress
from smallnets.student import student_code

BATCH_SIZE = 100


def batch_sizes(sizes: list[int | None]) -> None:
    """ValueError unless no step got more than a batch, and at least half of them a full one."""
    wrong = [size for size in sizes if size is None or not 0 < size <= BATCH_SIZE]
    if wrong or 2 * sizes.count(BATCH_SIZE) < len(sizes):
        seen = wrong[0] if wrong else min(size for size in sizes if size is not None)
        raise ValueError(f"expected step to get batches of {BATCH_SIZE} images, got one of {seen}")


def budget(steps: progress.Steps, n_iter: int, problems: dict[str, str]) -> None:
    """Charge another number of steps than n_iter to `batches`; "budget" is set if more was trained than is known.

    Students' code shares this process and could forge the count. Steps that `step` itself makes on one batch, and
    updates that fit makes without it, are not seen.
    """
    if steps.count != n_iter:
        why = "an iteration is one batch, not an epoch" if steps.count > n_iter else "fit calls it once an iteration"
        problems["batches"] = f"n_iter {n_iter}: step ran {steps.count} times, expected {n_iter}; {why}"
    with student_module.noted(problems, "batches"):
        batch_sizes(steps.sizes)
    if not steps.count or steps.count > n_iter or any(size is None or size > BATCH_SIZE for size in steps.sizes):
        problems["budget"] = f"No place on the scoreboard, where all train on {n_iter} batches of {BATCH_SIZE} images."


def spread(numbers: np.ndarray, n: int) -> np.ndarray | None:
    """n of the finite numbers from first to last, of the same trend; all of them if there are n, None if none are."""
    finite = numbers[np.isfinite(numbers)]
    return finite[np.linspace(0, len(finite) - 1, n).round().astype(int)] if len(finite) else None


def returned(trial: Trial, main: Call, problems: dict[str, str], values: dict[str, Any]) -> None:
    """Losses and predictions of the main run, each judged by itself."""
    n_iter = trial.part.n_iter
    problems |= {"returns": main.wrong} if main.wrong else {}
    with student_module.noted(problems, "predictions"):
        values["predictions"] = trial.predictions(main.predictions, len(trial.dev))
    with student_module.noted(problems, "losses"):
        fitcheck.losses(main.losses, main.losses_due(n_iter))
    numbers = main.numbers()
    if numbers is not None and (losses := spread(numbers, n_iter)) is not None:
        values["losses"] = losses


def main_run(trial: Trial, problems: dict[str, str], values: dict[str, Any]) -> Call:
    """The graded training; what came of it goes to `problems` and `values`."""
    with slips.counted_zero_grad() as calls:
        main = trial.call(len(trial.x), trial.dev, trial.part.n_iter)
    returned(trial, main, problems, values)
    budget(main.steps, trial.part.n_iter, problems)
    if not isinstance(main.net, torch.nn.Module):
        return main
    problems |= {"in place": main.changed} if main.changed else {}
    problems |= {"training": "net.eval() was not called"} if main.net.training else {}
    problems |= {"gradients": text} if (text := slips.left_gradients(main.net, calls)) else {}
    problems |= {"plain": text} if (text := slips.plain_tensors(main.net)) else {}
    if not trial.part.n_classes and (shape := code_shape(trial.part, main.net, trial.dev[:2])):
        values["code shape"] = np.array([*shape, *[0] * (4 - len(shape))])
    found = nets.parameters(main.net)
    with student_module.noted(problems, "parameters"):
        values["shapes"] = storing.small(nets.shapes(found), SHAPES.size)
    with student_module.noted(problems, "get_parameters"):
        nets.same_count(main.net, found)
    with student_module.noted(problems, "net"):
        data, left_out = storing.stored(main.net, most_stored(trial.part), found)
        values["net"] = storing.small(data, most_judged(trial.part))
        problems |= {"left out": left_out} if left_out else {}
    return main


def code_shape(part: Part, net: Any, x: torch.Tensor) -> tuple[int, ...]:
    """The shape of an image's code, of up to four sizes; () if there is none, which another run explains."""
    try:
        with student_code(student_module.path_of(part.module)), torch.no_grad():
            shape = tuple(net.encoder(x.reshape(-1, 1, 28, 28).clone()).shape[1:])
    except Exception:
        return ()
    return shape if len(shape) <= 4 else ()


def main() -> None:
    """Train, try the other calls, return the results."""
    arrays = channel.read_arrays()
    part = PARTS[int(arrays["part"])]
    trial = Trial(part, arrays)
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    with student_module.noted(problems, "fit"):
        run = main_run(trial, problems, values)
        other_sizes(trial, run, problems)
        comparisons(trial, problems)
    channel.hand_back(fit_layout(part, len(trial.dev)), values, problems)


if __name__ == "__main__":
    main()
