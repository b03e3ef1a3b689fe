"""Checks on Model.evaluate and on assignment.py's SequentialModel, with layers that are not the student's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from autograder.runner.assertions import away_from_zero, equal, untouched
from labs.beras.grading.inside.example_layers import Accuracy, Descent, example_layers
from labs.beras.grading.inside.parts import load as load

RATE = 0.1


def _mean(found: Any, name: str, what: str) -> float:
    """The mean of what a dict holds under a name, one number or a list of them."""
    expected = f'{what}: expected {{"loss": ..., "acc": ...}}'
    assert found is not None, f"{expected}, got None; is a return missing?"
    assert hasattr(found, "keys"), f"{expected}, got a {type(found).__name__}"
    assert name in found, f"{expected}, got the keys {sorted(map(str, found))}"
    return float(np.mean(found[name]))


@contextmanager
def unchanged(model: Any, by: str) -> Iterator[None]:
    """Fail if the block, a call of the function `by`, changes the model's weights."""
    before = [weight.copy() for weight in model.trainable_variables]
    yield
    for weight, copy in zip(model.trainable_variables, before, strict=True):
        same = np.array_equal(weight, copy)
        assert same, f"{by} changed the weights: expected an update in training only, if training is True"


def check_evaluate(beras: Any, rng: np.random.Generator) -> None:
    """Loss and accuracy of all batches, each used once, the last not full, as lists or means; no weight changes."""
    toy, n, batches, size = example_layers(beras.Diffable), *(int(k) for k in rng.integers(3, 6, 3))
    n_samples = batches * size - int(rng.integers(1, size))

    class Scaled(beras.model.Model):
        def call(self, inputs: np.ndarray) -> np.ndarray:
            return self.layers[0](inputs)

        def batch_step(self, x: np.ndarray, y: np.ndarray, training: bool = True) -> dict[str, Any]:
            predictions = self.call(x)
            loss = self.compiled_loss(predictions, y)
            if training:
                self.optimizer.apply_gradients(self.trainable_variables, [np.ones((1, n)), np.ones(n)])
            return {"loss": loss, "acc": self.compiled_acc(predictions, y)}

    model = Scaled([toy.Affine(away_from_zero(rng, 1, n), rng.normal(size=n))])
    model.compile(optimizer=Descent(RATE), loss_fn=toy.Half(), acc_fn=Accuracy())
    x, y = rng.normal(size=(n_samples, n)), np.eye(n)[rng.integers(0, n, n_samples)]
    x[(batches - 1) * size :] *= 10  # so that the last batch differs from all others
    predictions = model.call(x)
    with unchanged(model, "Model.evaluate"), untouched(x, y, by="Model.evaluate"):
        found = model.evaluate(x, y, batch_size=size)
    what = f"Model.evaluate of {n_samples} samples in batches of {size}"
    metrics = {"loss": toy.Half().forward, "acc": Accuracy()}
    for name, metric in metrics.items():
        values = [metric(predictions[k : k + size], y[k : k + size]) for k in range(0, n_samples, size)]
        got, dropped = _mean(found, name, what), float(np.mean(values[:-1]))
        likely = {"the last batch, which is not full, is left out": dropped}
        if not np.isclose(got, np.mean(values)):  # the mean of the batches' values is right as well
            equal(got, metric(predictions, y), f"{what}: the mean {name}", likely=likely)


class Small:
    """A SequentialModel of three layers, the loss and its weights, and a batch."""

    def __init__(self, beras: Any, rng: np.random.Generator) -> None:
        self.toy = example_layers(beras.Diffable)
        b, n, m = (int(k) for k in rng.integers(2, 6, 3))
        scale, shift, mix = away_from_zero(rng, 1, n), rng.normal(size=n), rng.normal(size=(n, m))
        layers = [self.toy.Affine(scale, shift), self.toy.Square(), self.toy.Mix(mix)]
        self.model, self.loss = beras.assignment.SequentialModel(layers), self.toy.Half()
        self.model.compile(optimizer=Descent(RATE), loss_fn=self.loss, acc_fn=Accuracy())
        self.x, self.y = rng.normal(size=(b, n)), np.eye(m)[rng.integers(0, m, b)]
        inner = self.x * scale + shift
        self.outputs = inner**2 @ mix
        to_inner = (self.outputs - self.y) @ mix.T * 2 * inner
        self.gradients = [(to_inner * self.x).mean(axis=0, keepdims=True), to_inner.mean(axis=0)]
        self.after = [scale - RATE * self.gradients[0], shift - RATE * self.gradients[1]]

    def call(self, x: np.ndarray) -> np.ndarray:
        """The outputs for x, the layers one after the other."""
        for layer in self.model.layers:
            x = layer(x)
        return x


def check_call(beras: Any, rng: np.random.Generator) -> None:
    """call passes every layer in order; the inputs stay unchanged."""
    small = Small(beras, rng)
    with untouched(small.x, by="SequentialModel.call"):
        equal(small.model.call(small.x), small.outputs, "SequentialModel.call of three layers")


def check_batch_step(beras: Any, rng: np.random.Generator) -> None:
    """batch_step moves the weights along the tape's gradients only in training; it always returns loss and accuracy.

    The student's gradient() and call() are replaced by some that are right.
    """
    small = Small(beras, rng)
    model, name = small.model, "SequentialModel.batch_step"
    model.call = small.call
    loss, accuracy = small.loss.forward(small.outputs, small.y), Accuracy()(small.outputs, small.y)
    with unchanged(model, f"{name}(training=False)"), untouched(small.x, small.y, by=name):
        still = model.batch_step(small.x, small.y, training=False)
    equal(_mean(still, "loss", f"{name} without training"), loss, f"{name} without training: the loss")
    equal(_mean(still, "acc", f"{name} without training"), accuracy, f"{name} without training: the accuracy")
    weights = list(model.trainable_variables)
    with mock.patch.object(beras.GradientTape, "gradient", _gradient(small)):
        found = model.batch_step(small.x, small.y, training=True)
    for weight, after in zip(weights, small.after, strict=True):
        equal(weight, after, f"{name}: a weight after a step of training")
    assert model.optimizer.steps == 1, f"{name}: expected one call of apply_gradients, got {model.optimizer.steps}"
    again = small.loss.forward(model.call(small.x), small.y)
    told = _mean(found, "loss", name)
    assert np.isclose(told, loss) or np.isclose(told, again), f"{name}: expected the loss {loss:.6g}, got {told:.6g}"
    share = _mean(found, "acc", name)
    assert 0 <= share <= 1, f"{name}: expected an accuracy from 0 to 1, got {share:.6g}"


def _gradient(small: Small) -> Any:
    """A gradient() for the tape: right if the model's layers were recorded."""

    def gradient(tape: Any) -> list[np.ndarray]:
        recorded = {id(operation) for operation in tape.operations}
        missed = [type(layer).__name__ for layer in [*small.model.layers, small.loss] if id(layer) not in recorded]
        assert not missed, (
            f"SequentialModel.batch_step: expected layers and loss on the tape, got none of {', '.join(missed)} on it; "
            "call both inside `with GradientTape()`"
        )
        return [gradient.copy() for gradient in small.gradients]

    return gradient
