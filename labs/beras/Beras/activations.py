"""Activations: element by element (LeakyReLU, ReLU, Sigmoid, Tanh), and Softmax over the last axis."""

import numpy as np

from .core import Diffable


class Elementwise(Diffable):
    """An activation whose output depends on the input at the same place alone, for arrays of any shape.

    input_gradients() is then the derivative in the shape of the input, and the chain rule a product.
    """

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """derivative * J, in the shape of the input."""
        return self.input_gradients() * J


class LeakyReLU(Elementwise):
    """x where x > 0, else alpha x; the derivative at 0 is alpha."""

    def __init__(self, alpha: float = 0.3) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...]."""
        self.inputs = np.asarray(x)
        self.outputs = np.where(self.inputs > 0, self.inputs, self.alpha * self.inputs)
        return self.outputs

    def input_gradients(self) -> np.ndarray:
        """1 where x > 0, else alpha."""
        return np.where(self.inputs > 0, 1, self.alpha).astype(self.outputs.dtype)


class ReLU(LeakyReLU):
    """x where x > 0, else 0."""

    def __init__(self) -> None:
        super().__init__(alpha=0)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...]."""
        self.inputs = np.asarray(x)
        self.outputs = np.maximum(self.inputs, 0)
        return self.outputs

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """J where x > 0, else 0."""
        return J * (self.inputs > 0).astype(J.dtype)  # numpy is slow at multiplying by booleans


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)), by tanh so that no exponential overflows."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...]."""
        self.inputs = np.asarray(x)
        self.outputs = 0.5 * (1 + np.tanh(0.5 * self.inputs))
        return self.outputs

    def input_gradients(self) -> np.ndarray:
        """s (1 - s)."""
        return self.outputs * (1 - self.outputs)


class Tanh(Elementwise):
    """The hyperbolic tangent."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...]."""
        self.inputs = np.asarray(x)
        self.outputs = np.tanh(self.inputs)
        return self.outputs

    def input_gradients(self) -> np.ndarray:
        """1 - tanh(x)^2."""
        return 1 - self.outputs**2


class Softmax(Diffable):
    """exp(x) / sum(exp(x)) over the last axis."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[B, n] -> [B, n], each row positive with sum 1."""
        self.inputs = np.asarray(x)
        # without the largest entry the exponentials could overflow
        exponentials = np.exp(self.inputs - self.inputs.max(axis=-1, keepdims=True))
        self.outputs = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return self.outputs

    def input_gradients(self) -> np.ndarray:
        """[B, n, n]: the Jacobian diag(p) - p p^T of each sample."""
        p = self.outputs
        return p[:, :, None] * (np.eye(p.shape[1], dtype=p.dtype) - p[:, None, :])

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """p * (J - p.J): the Jacobian times J without making the Jacobian."""
        p, ones = self.outputs, np.ones((self.outputs.shape[-1], 1), self.outputs.dtype)
        return p * (J - (p * J) @ ones)  # a product with ones sums short rows faster than sum does
