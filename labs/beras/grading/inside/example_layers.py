"""Small layers, a loss and an optimizer on the student's Diffable, for checks of the code that combines them."""

from typing import Any

import numpy as np


def example_layers(Diffable: Any) -> Any:
    """A namespace of classes on this Diffable.

    Affine(s, c): x * s + c with weights s [1, n] and c [n]; Square: x^2; Mix(M): x @ M, no weights; Half: the mean over
    the batch of half the sum of squares, a loss.
    """

    class Affine(Diffable):
        def __init__(self, s: np.ndarray, c: np.ndarray) -> None:
            super().__init__()
            self.s, self.c = s, c
            self.weights = [s, c]

        def forward(self, x: np.ndarray) -> np.ndarray:
            self.x = x
            return x * self.s + self.c

        def weight_gradients(self) -> tuple[np.ndarray, np.ndarray]:
            return self.x[:, None, :], np.ones_like(self.c)

        def input_gradients(self) -> np.ndarray:
            return np.diag(self.s[0])

    class Square(Diffable):
        def forward(self, x: np.ndarray) -> np.ndarray:
            self.x = x
            return x**2

        def input_gradients(self) -> np.ndarray:
            return np.stack([np.diag(2 * row) for row in self.x])

    class Mix(Diffable):
        def __init__(self, m: np.ndarray) -> None:
            super().__init__()
            self.m = m

        def forward(self, x: np.ndarray) -> np.ndarray:
            return x @ self.m

        def input_gradients(self) -> np.ndarray:
            return self.m

    class Half(Diffable):
        def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.floating:
            self.error = y_pred - y_true
            return 0.5 * (self.error**2).sum(axis=1).mean()

        def input_gradients(self) -> np.ndarray:
            return self.error

    return type("ExampleLayers", (), {"Affine": Affine, "Square": Square, "Mix": Mix, "Half": Half})


class Descent:
    """Plain gradient descent, which counts its steps."""

    def __init__(self, rate: float) -> None:
        self.rate, self.steps = rate, 0

    def apply_gradients(self, weights: Any, grads: Any) -> None:
        """weights -= rate * gradients, in place."""
        assert len(weights) == len(grads), (
            f"apply_gradients: expected a gradient for each of {len(weights)} weights, got {len(grads)}"
        )
        self.steps += 1
        for weight, gradient in zip(weights, grads, strict=True):
            weight -= self.rate * np.reshape(gradient, weight.shape)


class Accuracy:
    """The share of rows whose largest values have the same index; symmetric in its arguments."""

    def __call__(self, probs: Any, labels: Any) -> float:
        return self.forward(probs, labels)

    def forward(self, probs: Any, labels: Any) -> float:
        """[B, n], [B, n] -> share."""
        return float(np.mean(np.argmax(probs, axis=1) == np.argmax(labels, axis=1)))
