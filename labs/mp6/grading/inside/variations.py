"""Inside the sandbox: call fit with other numbers of images and of iterations.

What was wrong in the main run is not charged here again: these calls are judged in the form that the main run had.
"""

from autograder.runner import student_module
from labs.mp6.grading.inside.trial import Call, Trial
from smallnets import fitcheck

SIZES = ((230, 7), (37, 1))  # training and development images: a last batch that is not full; less than one batch
ONE_IMAGE = "Expected more than 1 value per channel when training"  # what batch norm says


def other_sizes(trial: Trial, main: Call, problems: dict[str, str]) -> None:
    """Call fit with other numbers of images and with no iterations."""
    for n, m in SIZES:
        with student_module.noted(problems, "any_size", f"with {n} training and {m} development images: "):
            like_main(trial, main, problems, trial.call(n, trial.dev[:m], 2), m, 2)
    if ONE_IMAGE in problems.get("any_size", ""):
        problems["any_size"] += "\nThe net still trains when it predicts: call net.eval() first."
    with student_module.noted(problems, "no_iterations", "with n_iter 0: "):
        result = trial.call(300, trial.dev[:100], 0)
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
