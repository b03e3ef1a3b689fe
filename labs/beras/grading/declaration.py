"""Beras (Brown CS1470/2470): a mimic of Keras in NumPy, and two models on MNIST; 100 points, 120 in CS2470."""

import dataclasses

from autograder.lab import Check, Column, HandIn, Lab, Step
from autograder.runner.check_step import check_step, module_checks
from autograder.sandbox.job import MB, Limits
from labs.beras.grading import data, jobs
from labs.beras.grading.handout import HANDOUT
from labs.beras.grading.jobs import FLAG

FILES: dict[str, dict[str, tuple[str, ...]]] = {
    "assignment.py": {"SequentialModel": ("call", "batch_step")},
    "Beras/__init__.py": {},
    "Beras/core.py": {"Callable": (), "Diffable": (), "GradientTape": ("gradient",)},
    "Beras/layers.py": {"Dense": ("forward", "weight_gradients", "input_gradients")},
    "Beras/activations.py": {"LeakyReLU": ("forward", "input_gradients"), "ReLU": ()},
    "Beras/losses.py": {"MeanSquaredError": ("forward", "input_gradients")},
    "Beras/optimizers.py": dict.fromkeys(("BasicOptimizer", "RMSProp", "Adam"), ("apply_gradients",)),
    "Beras/metrics.py": {"CategoricalAccuracy": ("forward",)},
    "Beras/onehot.py": {"OneHotEncoder": ("fit", "forward", "inverse")},
    "Beras/model.py": {"Model": ("compile", "fit", "evaluate")},
}

DRIVERS = ("matplotlib", "smallnets")  # needed only by `python assignment.py`

# component: its file, the module of its checks, rows of points; all points are ours, as the handout has none
COMPONENTS = {
    "core": ("Beras/core.py", "labs.beras.grading.checks.core", (
        ("core: the tape's gradients, in the order of the calls", 9.0, ("check_tape",)),
        ("core: frozen layers are left out", 3.0, ("check_frozen",)),
    )),
    "layers": ("Beras/layers.py", "labs.beras.grading.checks.layers", (
        ("layers: Dense starts as its initializer says", 5.0, ("check_start", "check_unknown_initializer")),
        ("layers: Dense.forward", 3.0, ("check_forward",)),
        ("layers: derivatives of Dense", 5.0, ("check_derivatives",)),
        ("layers: the chain rule through Dense", 4.0, ("check_composed",)),
    )),
    "activations": ("Beras/activations.py", "labs.beras.grading.checks.activations", (
        ("activations: LeakyReLU.forward", 4.0, ("check_leaky_relu",)),
        ("activations: the derivative of LeakyReLU", 4.0, ("check_leaky_relu_derivative",)),
        ("activations: the chain rule through LeakyReLU and ReLU", 3.0, ("check_chain_rule",)),
        ("activations: Softmax.forward (CS2470)", 4.0, ("check_softmax",)),
        ("activations: derivatives of Softmax (CS2470)", 4.0, ("check_softmax_jacobian",)),
    )),
    "losses": ("Beras/losses.py", "labs.beras.grading.checks.training", (
        ("losses: MeanSquaredError", 4.0, ("check_mean_squared_error",)),
        ("losses: the gradient of MeanSquaredError", 5.0, ("check_mean_squared_error_gradient",)),
    )),
    "optimizers": ("Beras/optimizers.py", "labs.beras.grading.checks.training", (
        ("optimizers: BasicOptimizer", 3.0, ("check_basic",)),
        ("optimizers: RMSProp", 5.0, ("check_rmsprop",)),
        ("optimizers: Adam", 6.0, ("check_adam",)),
    )),
    "metrics": ("Beras/metrics.py", "labs.beras.grading.checks.training", (
        ("metrics: CategoricalAccuracy", 4.0, ("check_accuracy",)),
    )),
    "onehot": ("Beras/onehot.py", "labs.beras.grading.checks.training", (
        ("onehot: OneHotEncoder", 5.0, ("check_one_hot",)),
    )),
    "model": ("Beras/model.py", "labs.beras.grading.checks.model", (
        ("model: Model.evaluate", 4.0, ("check_evaluate",)),
    )),
    "assignment": ("assignment.py", "labs.beras.grading.checks.model", (
        ("assignment: SequentialModel.call", 4.0, ("check_call",)),
        ("assignment: SequentialModel.batch_step", 7.0, ("check_batch_step",)),
    )),
}  # fmt: skip
SMALL = Limits(cpu_seconds=60, wall_seconds=120, memory=256 * MB)


def component_step(name: str) -> Step:
    """The checks of a component, each in a process of its own in one run of the sandbox."""
    file, module, rows = COMPONENTS[name]
    functions = [function for _, _, functions in rows for function in functions]
    return check_step(name, module, functions, (file,), limits=SMALL)


def component_checks(name: str, number: int) -> list[Check]:
    """The checks of a component; those of CS2470 apply only with its flag file."""
    return [
        dataclasses.replace(check, only_with=(FLAG,)) if check.name.endswith("(CS2470)") else check
        for check in module_checks(name, str(number), COMPONENTS[name][2])
    ]


def model_check(number: str, which: str, points: float, none_at: float, full_at: float) -> Check:
    """The accuracy of one of the two models."""
    only_with = (FLAG,) if which == "advanced" else ()
    judge = jobs.reaches(which, none_at, full_at, {file: step for step, (file, _, _) in COMPONENTS.items()})
    name = f"the {which} model" + (" (CS2470)" if only_with else "")
    return Check(number, name, points, (which,), judge, tags=(which,), only_with=only_with, by_grader=True)


LAB = Lab(
    name="beras",
    title="Beras: Keras in NumPy",
    hand_in=(
        *(HandIn(name, classes=classes, modules=DRIVERS) for name, classes in FILES.items()),
        *(HandIn(name, required=False, modules=DRIVERS) for name in ("preprocess.py", "visualize.py", FLAG)),
    ),
    load=data.load,
    steps=(*map(component_step, COMPONENTS), jobs.training("simple"), jobs.training("advanced")),
    checks=(
        *(check for number, name in enumerate(COMPONENTS, 1) for check in component_checks(name, number)),
        model_check("10.1", "simple", 13.0, none_at=0.75, full_at=0.85),
        model_check("10.2", "advanced", 12.0, none_at=0.85, full_at=0.95),
    ),
    columns=(
        Column("simple accuracy", ("simple",), lambda run: jobs.accuracy(run, "simple")),
        Column("advanced accuracy", ("advanced",), lambda run: jobs.accuracy(run, "advanced")),
    ),
    handout=HANDOUT,
    root="hw2/code",
)
