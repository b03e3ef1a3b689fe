"""Inside the sandbox: which of a student's files fail their own checks, before a model is trained with them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.runner.run_checks import in_a_process, outcome
from labs.beras.grading.checks import activations, core, layers, model, training
from labs.beras.grading.inside.parts import Parts

SECONDS = 20  # for one check
SOFTMAX = "Beras/activations.py"  # not every model needs it
# file: the checks on which a model depends, and the others
PARTS = {
    "Beras/core.py": ((core.check_tape,), (core.check_frozen,)),
    "Beras/layers.py": (
        (layers.check_start, layers.check_forward, layers.check_derivatives, layers.check_composed),
        (layers.check_unknown_initializer,),
    ),
    SOFTMAX: (
        (activations.check_softmax, activations.check_softmax_jacobian),
        (activations.check_leaky_relu, activations.check_leaky_relu_derivative, activations.check_chain_rule),
    ),
    "Beras/losses.py": ((training.check_mean_squared_error_gradient,), (training.check_mean_squared_error,)),
    "Beras/optimizers.py": ((training.check_basic,), (training.check_rmsprop, training.check_adam)),
    "assignment.py": ((model.check_call, model.check_batch_step), ()),
}


def only_wrong(beras: Parts, seed: int, softmax: bool) -> str:
    """The file that alone fails checks on which a model depends, and passes some; "" if there are none or several.

    Args:
        softmax: whether the student's own Softmax is used.
    """
    wrong = []
    for file, (needed, others) in PARTS.items():
        if file == SOFTMAX and not softmax:
            continue
        failed = {check: bool(problem(beras, check, seed)) for check in (*needed, *others)}
        if any(failed[check] for check in needed):
            wrong.append("" if all(failed.values()) else file)
    return wrong[0] if len(wrong) == 1 else ""


def problem(beras: Parts, check: Callable[[Any, np.random.Generator], None], seed: int) -> str:
    """The problem that a check finds, in a process of its own, so that it changes nothing here."""
    return in_a_process(lambda: outcome(check, beras, seed), SECONDS)
