"""Checks on the other files of a training: Beras/losses.py, optimizers.py, metrics.py, onehot.py."""

from typing import Any

import numpy as np

from autograder.runner.assertions import equal, right_gradient, untouched
from labs.beras.grading.inside.parts import load as load


def check_mean_squared_error(beras: Any, rng: np.random.Generator) -> None:
    """The loss is the mean over all elements."""
    loss, shape = beras.losses.MeanSquaredError(), rng.integers(2, 6, 2)
    p, t = rng.normal(size=shape), rng.normal(size=shape)
    with untouched(p, t, by="MeanSquaredError.forward"):
        squares = (p - t) ** 2
        likely = {"it is their sum": squares.sum(), "it is the mean over the batch of sums": squares.sum(axis=1).mean()}
        equal(loss(p, t), squares.mean(), "MeanSquaredError, the mean of all squares", likely=likely)


def check_mean_squared_error_gradient(beras: Any, rng: np.random.Generator) -> None:
    """The gradient of each sample's sum of squares, divided neither by the number of outputs nor of samples."""
    loss, shape = beras.losses.MeanSquaredError(), rng.integers(2, 6, 2)
    p, t = rng.normal(size=shape), rng.normal(size=shape)
    loss(p, t)
    what = "MeanSquaredError.input_gradients, that of each sample's sum of squares, not divided by any number"
    right = 2 * (p - t)
    likely = {
        "its sign is reversed": -right,
        "the factor 2 is missing": right / 2,
        f"it is divided by {p.size}, the number of elements": right / p.size,
        f"it is divided by {len(p)}, the number of samples": right / len(p),
        f"it is divided by {p.shape[1]}, the number of outputs": right / p.shape[1],
    }
    equal(loss.input_gradients(), right, what, likely=likely)


def check_categorical_crossentropy(beras: Any, rng: np.random.Generator) -> None:
    """The notebook's numbers at eps 1e-8, and the numeric gradient between the clips."""
    loss, t = beras.losses.CategoricalCrossentropy(), np.eye(3)
    equal(loss(1 - t, t), 18.420680743952367, "CategoricalCrossentropy, all wrong")
    equal(loss(t, t), 1.00000001e-8, "CategoricalCrossentropy, perfect", tolerance=1e-12)
    half = np.full((3, 3), 0.5)
    equal(loss(half, t), np.log(2), "CategoricalCrossentropy at 0.5")
    equal(np.diag(loss.input_gradients()), [-2 / 3] * 3, "CategoricalCrossentropy's gradient at 0.5")
    p = rng.uniform(0.1, 0.9, (3, 3))
    loss(p, t)
    right_gradient(loss.input_gradients() / 3, lambda: float(loss.forward(p, t)), p, "CategoricalCrossentropy")


def _follow(optimizer: Any, rule: Any, rng: np.random.Generator) -> None:
    """Fail unless several steps change the given arrays by `rule`; epsilon may be at any place in the formula.

    Args:
        rule: (t from 1, gradient, state of one weight, a dict that starts empty) -> the value to subtract.
    """
    name, shape = type(optimizer).__name__, tuple(rng.integers(1, 4, 2))
    weights, states = [rng.normal(size=3), rng.normal(size=shape)], ({}, {})  # type: ignore[var-annotated]
    held, expected = list(weights), [weight.copy() for weight in weights]
    for t in range(1, 5):
        grads = [rng.choice([-1, 1], weight.shape) * rng.uniform(0.5, 2, weight.shape) for weight in weights]
        if t == 3:
            grads[1][...] = 0
        for weight, gradient, state in zip(expected, grads, states, strict=True):
            weight -= rule(t, gradient, state)
        optimizer.apply_gradients(weights, grads)
        for k, (weight, right) in enumerate(zip(held, expected, strict=True), 1):
            what = f"{name}, in the array that was handed in as weight {k} of 2, after {t} step{'s' * (t > 1)}"
            equal(weight, right, what, tolerance=1e-4)


def check_basic(beras: Any, rng: np.random.Generator) -> None:
    """A step is the learning rate times the negative gradient."""
    rate = float(rng.uniform(0.05, 0.5))
    _follow(beras.optimizers.BasicOptimizer(rate), lambda t, g, state: rate * g, rng)


def check_rmsprop(beras: Any, rng: np.random.Generator) -> None:
    """A step is divided by the root of the running average of squares, for the default beta and another."""

    def rule(rate: float, beta: float) -> Any:
        def moved(t: int, g: np.ndarray, state: dict[str, Any]) -> np.ndarray:
            state["v"] = beta * state.get("v", 0) + (1 - beta) * g**2
            return rate * g / np.sqrt(state["v"] + 1e-12)

        return moved

    rate, beta = float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.5, 0.8))
    _follow(beras.optimizers.RMSProp(rate), rule(rate, 0.9), rng)
    _follow(beras.optimizers.RMSProp(rate, beta=beta), rule(rate, beta), rng)


def check_adam(beras: Any, rng: np.random.Generator) -> None:
    """A step uses both averages, bias-corrected; steps are counted once for all weights."""

    def rule(rate: float, beta_1: float, beta_2: float) -> Any:
        def moved(t: int, g: np.ndarray, state: dict[str, Any]) -> np.ndarray:
            state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * g
            state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * g**2
            return rate * (state["m"] / (1 - beta_1**t)) / np.sqrt(state["v"] / (1 - beta_2**t) + 1e-14)

        return moved

    rate, beta_1, beta_2 = float(rng.uniform(0.05, 0.5)), *(float(b) for b in rng.uniform(0.5, 0.8, 2))
    _follow(beras.optimizers.Adam(rate), rule(rate, 0.9, 0.999), rng)
    _follow(beras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2), rule(rate, beta_1, beta_2), rng)


def check_amsgrad(beras: Any, rng: np.random.Generator) -> None:
    """With amsgrad the largest second moment counts: after a large gradient, small ones move less than without."""
    plain, ams = beras.optimizers.Adam(0.1, beta_2=0.5), beras.optimizers.Adam(0.1, beta_2=0.5, amsgrad=True)
    a, b = np.zeros(1), np.zeros(1)
    for g in (10.0, *[0.1] * 6):
        plain.apply_gradients([a], [np.array([g])])
        ams.apply_gradients([b], [np.array([g])])
    assert abs(b[0]) < 0.8 * abs(a[0]), f"expected amsgrad to move less than {a[0]:.4f}, got {b[0]:.4f}"


def check_accuracy(beras: Any, rng: np.random.Generator) -> None:
    """The share of rows whose most probable class is the true one, for arrays and for lists."""
    accuracy, (b, n) = beras.metrics.CategoricalAccuracy(), rng.integers(3, 9, 2)
    probs, labels = rng.dirichlet(np.ones(n), b), np.eye(n)[rng.integers(0, n, b)]
    right = np.mean(probs.argmax(axis=1) == labels.argmax(axis=1))
    words = "it is their number, not their share"
    equal(accuracy(probs, labels), right, "CategoricalAccuracy of arrays", likely={words: b * right})
    listed = [[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [[0, 1], [0, 1], [0, 1]]
    equal(accuracy(*listed), 2 / 3, "CategoricalAccuracy of lists", likely={words: 2})


def check_one_hot(beras: Any, rng: np.random.Generator) -> None:
    """The sorted classes with a row for each; inverse undoes forward; one fit is kept."""
    encoder, classes = beras.onehot.OneHotEncoder(), np.sort(rng.choice(50, int(rng.integers(3, 8)), replace=False))
    data = rng.permutation(np.concatenate([classes, rng.choice(classes, 5)]))
    encoder.fit(data)
    rows = np.eye(len(classes))
    equal(encoder.uniq, classes, "OneHotEncoder.uniq")
    for label, row in zip(classes.tolist(), rows, strict=True):
        assert label in encoder.uniq2oh, f"OneHotEncoder.uniq2oh: expected the label {label}, got {encoder.uniq2oh}"
        equal(encoder.uniq2oh[label], row, f"OneHotEncoder.uniq2oh[{label}]")
    encoded = encoder(data)
    equal(encoded, rows[np.searchsorted(classes, data)], "OneHotEncoder.forward")
    equal(encoder.inverse(encoded), data, "OneHotEncoder.inverse")
    equal(encoder(classes[1:2]), rows[1:2], "OneHotEncoder.forward of fewer classes than it was fitted to")
