"""Checks on Beras/activations.py."""

import warnings
from typing import Any

import numpy as np

from autograder.runner.assertions import away_from_zero, equal, right_gradient, untouched
from labs.beras.grading.inside.parts import load as load


def check_leaky_relu(beras: Any, rng: np.random.Generator) -> None:
    """Values for the default alpha and another; the caller's array stays unchanged."""
    for arguments, alpha in (((), 0.3), (((a := float(rng.uniform(0.01, 0.9))),), a)):
        layer, x = beras.activations.LeakyReLU(*arguments), away_from_zero(rng, *rng.integers(1, 6, 2))
        with untouched(x, by="LeakyReLU.forward"):
            equal(layer(x), np.where(x > 0, x, alpha * x), f"LeakyReLU with alpha {alpha:.3g}")


def check_leaky_relu_derivative(beras: Any, rng: np.random.Generator) -> None:
    """1 or alpha for each element, and the outputs stay unchanged; the derivative at 0 may be either."""
    alpha = float(rng.uniform(0.01, 0.9))
    layer, x = beras.activations.LeakyReLU(alpha), away_from_zero(rng, *rng.integers(2, 6, 2))
    outputs = np.asarray(layer(x))
    with untouched(outputs, x, by="LeakyReLU.input_gradients"):
        equal(layer.input_gradients(), np.where(x > 0, 1, alpha), f"LeakyReLU.input_gradients with alpha {alpha:.3g}")


def check_chain_rule(beras: Any, rng: np.random.Generator) -> None:
    """compose_to_input of LeakyReLU and ReLU is the numeric gradient away from the kink."""
    for layer in (beras.activations.LeakyReLU(0.2), beras.activations.ReLU()):
        shape = rng.integers(2, 6, 2)
        x, J = away_from_zero(rng, *shape), rng.normal(size=shape)
        with untouched(x, by=f"{type(layer).__name__}.forward"):
            layer(x)
        found, name = np.asarray(layer.compose_to_input(J)), f"{type(layer).__name__}.compose_to_input"
        right_gradient(found, lambda: float((layer.forward(x) * J).sum()), x, name)  # noqa: B023


def check_softmax(beras: Any, rng: np.random.Generator) -> None:
    """Each row sums to 1, also for scores too large for exp."""
    layer, x = beras.activations.Softmax(), rng.normal(size=rng.integers(2, 6, 2))
    with untouched(x, by="Softmax.forward"):
        equal(layer(x), np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), "Softmax.forward")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        equal(layer(np.array([[1000.0, 0], [-1000, -1000]])), [[1, 0], [0.5, 0.5]], "Softmax.forward of 1000 and -1000")


def check_softmax_jacobian(beras: Any, rng: np.random.Generator) -> None:
    """input_gradients is the Jacobian of each sample, and compose_to_input the numeric gradient."""
    layer, shape = beras.activations.Softmax(), rng.integers(2, 6, 2)
    x, J = rng.normal(size=shape), rng.normal(size=shape)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    layer(x)
    equal(layer.input_gradients(), [np.diag(row) - np.outer(row, row) for row in p], "Softmax.input_gradients")
    found = np.asarray(layer.compose_to_input(J))
    right_gradient(found, lambda: float((layer.forward(x) * J).sum()), x, "Softmax.compose_to_input")
