"""Checks on Beras/core.py: its tape's gradients of layers that are not the student's."""

from typing import Any

import numpy as np

from autograder.runner.assertions import away_from_zero, right_gradient
from labs.beras.grading.inside.example_layers import example_layers
from labs.beras.grading.inside.parts import load as load

WHAT = "GradientTape.gradient"


class Net:
    """Layers, two of them with weights, a loss, and a batch."""

    def __init__(self, beras: Any, rng: np.random.Generator) -> None:
        toy = example_layers(beras.Diffable)
        b, n, m = rng.integers(2, 6, 3)
        self.first = toy.Affine(away_from_zero(rng, 1, n), rng.normal(size=n))
        self.last = toy.Affine(away_from_zero(rng, 1, m), rng.normal(size=m))
        self.layers = [self.first, toy.Mix(rng.normal(size=(n, m))), toy.Square(), self.last]
        self.loss, self.x, self.t = toy.Half(), rng.normal(size=(b, n)), rng.normal(size=(b, m))

    def call(self) -> None:
        """Through the layers and the loss, as a tape records them."""
        x = self.x
        for layer in self.layers:
            x = layer(x)
        self.loss(x, self.t)

    def value(self) -> float:
        """The loss, unrecorded."""
        x = self.x
        for layer in self.layers:
            x = layer.forward(x)
        return float(self.loss.forward(x, self.t))

    def right(self, found: list[np.ndarray], weights: list[np.ndarray], when: str) -> None:
        """Fail unless `found` are the numeric gradients of these weights."""
        assert len(found) == len(weights), f"{WHAT}: expected {len(weights)} gradients {when}, got {len(found)}"
        for k, (gradient, weight) in enumerate(zip(found, weights, strict=True), 1):
            shape = np.shape(gradient)
            assert shape == weight.shape, (
                f"{WHAT}: expected gradient {k} of {len(weights)} {when} in the shape of its weight, "
                f"{list(weight.shape)}, got {list(shape)}"
            )
            right_gradient(gradient, self.value, weight, f"{WHAT} {when}, gradient {k} of {len(weights)}")


def check_tape(beras: Any, rng: np.random.Generator) -> None:
    """gradient() of every weight in the order of the calls, averaged over the batch, in the block or after it."""
    net = Net(beras, rng)
    weights = [*net.first.weights, *net.last.weights]
    with beras.core.GradientTape() as tape:
        net.call()
        found = list(tape.gradient())
    assert beras.Diffable.gradient_tape is None, "GradientTape: expected no active tape after the block, got one"
    net.right(found, weights, "inside the block")
    with beras.core.GradientTape() as tape:
        net.call()
    net.right(list(tape.gradient()), weights, "after the block")


def check_frozen(beras: Any, rng: np.random.Generator) -> None:
    """Layers that are not trainable are left out, wherever they are; the others keep their gradients.

    Those are the gradients without a frozen layer, right or wrong: check_tape judges them.
    """
    net = Net(beras, rng)
    everything = _recorded(beras, net)
    for frozen, other, name in ((net.first, net.last, "first"), (net.last, net.first, "last")):
        frozen.trainable = False
        found, when = _recorded(beras, net), f"with the {name} layer frozen"
        frozen.trainable = True
        if len(found) != len(other.weights) or not all(any(_same(a, b) for b in everything) for a in found):
            net.right(found, other.weights, when)


def _recorded(beras: Any, net: Net) -> list[Any]:
    """The gradients of a new tape, where no tape was left active."""
    beras.Diffable.gradient_tape = None
    with beras.core.GradientTape() as tape:
        tape.operations = []
        net.call()
    return list(tape.gradient())


def _same(a: Any, b: Any) -> bool:
    """Whether two arrays agree in shape and values."""
    return np.shape(a) == np.shape(b) and np.allclose(a, b)
