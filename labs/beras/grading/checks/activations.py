"""Checks on Beras/activations.py."""

import warnings
from typing import Any

import numpy as np

from autograder.runner.assertions import away_from_zero, equal, untouched
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
    """compose_to_input of LeakyReLU and ReLU is the derivative times J, the layer's own derivative if that is wrong."""
    for layer, alpha in ((beras.activations.LeakyReLU(0.2), 0.2), (beras.activations.ReLU(), 0)):
        shape, name = rng.integers(2, 6, 2), type(layer).__name__
        x, J = away_from_zero(rng, *shape), rng.normal(size=shape)
        if "forward" in vars(type(layer)):
            with untouched(x, by=f"{name}.forward"):
                layer.forward(x)
        layer(x.copy())  # which check_leaky_relu judges
        found, own = np.asarray(layer.compose_to_input(J)), np.asarray(layer.input_gradients()) * J
        if found.shape != own.shape or not np.allclose(found, own):
            likely = {"it passes all of J back": J, "it is not multiplied by J": np.where(x > 0, 1, alpha)}
            equal(found, np.where(x > 0, 1, alpha) * J, f"{name}.compose_to_input", likely=likely)


def check_softmax(beras: Any, rng: np.random.Generator) -> None:
    """Each row sums to 1, also for scores too large for exp."""
    layer, x = beras.activations.Softmax(), rng.normal(size=rng.integers(2, 6, 2))
    with untouched(x, by="Softmax.forward"):
        equal(layer(x), np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), "Softmax.forward")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        equal(layer(np.array([[1000.0, 0], [-1000, -1000]])), [[1, 0], [0.5, 0.5]], "Softmax.forward of 1000 and -1000")


def check_softmax_jacobian(beras: Any, rng: np.random.Generator) -> None:
    """input_gradients is the Jacobian of each sample, and compose_to_input that times J.

    The probabilities in it are right or, where forward is wrong, which check_softmax judges, the layer's own.
    """
    layer, shape = beras.activations.Softmax(), rng.integers(2, 6, 2)
    x, J = rng.normal(size=shape), rng.normal(size=shape)
    own, p = np.array(layer(x)), np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    jacobian, other = (np.stack([np.diag(row) - np.outer(row, row) for row in of]) for of in (p, own))
    found, composed = np.asarray(layer.input_gradients()), np.asarray(layer.compose_to_input(J))
    if found.shape == other.shape and np.allclose(found, other):
        jacobian = other
    likely = {
        "the diagonal is right, the rest is missing": np.stack([np.diag(row) for row in p * (1 - p)]),
        "its sign is reversed": -jacobian,
    }
    equal(found, jacobian, "Softmax.input_gradients", likely=likely)
    expected, likely = (jacobian @ J[..., None])[..., 0], {"the other outputs are left out": p * (1 - p) * J}
    equal(composed, expected, "Softmax.compose_to_input", likely=likely)
