"""Checks on the NumPy lab's numpy_nn.py: the contract of the four layers, and no details that it leaves open."""

import importlib
import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np

from autograder.runner.assertions import away_from_zero, equal, untouched
from labs.numpy_to_cnn.grading.checks.hooks import check_hooks, made  # noqa: F401  one of the checks
from labs.numpy_to_cnn.grading.checks.linear import (  # noqa: F401  checks, too
    check_linear_bias_gradient,
    check_linear_forward,
    check_linear_input_gradient,
    check_linear_parameters_are_live,
    check_linear_remembers_the_last_input,
    check_linear_start,
    check_linear_weight_gradient,
)


def load() -> ModuleType:
    """The student's numpy_nn."""
    return importlib.import_module("numpy_nn")


def _inputs(rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Arrays with 1 to 4 axes, none of them 0, each with the gradient of an output of its shape."""
    for n_axes in range(1, 5):
        shape = tuple(int(size) for size in rng.integers(2, 8, n_axes))
        what = f"of an array with {n_axes} ax{'i' if n_axes == 1 else 'e'}s"
        yield what, away_from_zero(rng, *shape), rng.normal(size=shape)


def check_relu_forward(module: ModuleType, rng: np.random.Generator) -> None:
    """max(x, 0) in any shape; x stays as it is."""
    layer = made(module, "ReLU")
    for what, x, _ in [("of the handout's x", np.linspace(-1, 1, 9), None), *_inputs(rng)]:
        with untouched(x, by="ReLU.forward"):
            found = layer.forward(x)
        equal(found, np.maximum(x, 0), f"ReLU.forward {what}", likely={"it returns x as it is": x})


def check_relu_backward(module: ModuleType, rng: np.random.Generator) -> None:
    """dL where x > 0, in any shape; the gradient at 0 is not checked, and dL stays as it is."""
    layer = made(module, "ReLU")
    example = np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]), np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]])
    for what, x, dL in [("of the notebook's x", *example), *_inputs(rng)]:
        layer.forward(x.copy())  # which may be changed in place: check_relu_forward judges that
        with untouched(dL, by="ReLU.backward"):
            found = layer.backward(dL)
        likely = {
            "it passes all of dL back": dL,
            "it is not multiplied by dL": x > 0,
            "its sign is reversed": (x > 0) * -dL,
        }
        equal(found, np.where(x > 0, dL, 0), f"ReLU.backward {what}", likely=likely)


def check_sigmoid_forward(module: ModuleType, rng: np.random.Generator) -> None:
    """1 / (1 + exp(-x)) in any shape, and its limits; a warning of overflow costs nothing."""
    layer = made(module, "Sigmoid")
    for what, x, _ in _inputs(rng):
        with untouched(x, by="Sigmoid.forward"):
            found = layer.forward(x)
        likely = {"the sign of x is reversed": 1 / (1 + np.exp(x))}
        equal(found, 1 / (1 + np.exp(-x)), f"Sigmoid.forward {what}", likely=likely)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        equal(layer.forward(np.array([-1000.0, 0, 1000])), [0, 0.5, 1], "Sigmoid.forward of -1000, 0, 1000")


def check_sigmoid_backward(module: ModuleType, rng: np.random.Generator) -> None:
    """a (1 - a) dL in any shape, where a is the sigmoid of x, or the layer's own output if that is another."""
    layer = made(module, "Sigmoid")
    for what, x, dL in _inputs(rng):
        own = np.array(layer.forward(x.copy()))
        with untouched(dL, by="Sigmoid.backward"):
            found = layer.backward(dL)
        if np.shape(found) == dL.shape and np.allclose(found, own * (1 - own) * dL):
            continue
        a = 1 / (1 + np.exp(-x))
        likely = {
            "the factor 1 - a is missing": a * dL,
            "it is computed from x, not from the output": x * (1 - x) * dL,
            "it is not multiplied by dL": a * (1 - a),
            "its sign is reversed": a * (a - 1) * dL,
        }
        equal(found, a * (1 - a) * dL, f"Sigmoid.backward {what}", likely=likely)


def _predictions(rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The handout's x and y, and labels of unsigned integers, of which 0 - 1 is 255."""
    x = np.linspace(-5, 5, 9)
    yield "of the handout's x and y", x, 0.5 * x
    yield "of labels in uint8", rng.uniform(0, 1, (7, 1)), rng.integers(0, 2, (7, 1)).astype(np.uint8)


def check_se_forward(module: ModuleType, rng: np.random.Generator) -> None:
    """(x - y)^2 of each element, without a mean."""
    for what, x, y in _predictions(rng):
        expected = (x - y.astype(float)) ** 2
        likely = {"it is the mean, not each element's": expected.mean(), "it is the sum": expected.sum()}
        with untouched(x, y, by="SE.forward"):
            found = made(module, "SE").forward(x, y)
        equal(found, expected, f"SE.forward {what}", likely=likely)


def check_se_backward(module: ModuleType, rng: np.random.Generator) -> None:
    """2 (x - y) of each element."""
    for what, x, y in _predictions(rng):
        loss, error = made(module, "SE"), x - y.astype(float)
        loss.forward(x, y)
        n = len(x)
        likely = {
            "the factor 2 is missing": error,
            "its sign is reversed": -2 * error,
            f"it is divided by the number of elements, {n}": 2 * error / n,
        }
        equal(loss.backward(), 2 * error, f"SE.backward {what}", likely=likely)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
