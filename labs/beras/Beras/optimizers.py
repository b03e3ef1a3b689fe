"""Update rules, in order of complexity, and learning rates that change with the step.

Each apply_gradients(weights, grads) changes the arrays in `weights` in place and returns nothing.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class ExponentialDecay:
    """learning rate(step) = initial_learning_rate * decay_rate^(step / decay_steps), as Keras' schedule."""

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * self.decay_rate ** (step / self.decay_steps)


@dataclass(frozen=True)
class CosineDecay:
    """learning rate(step): from initial_learning_rate to alpha times it, along half a cosine, as Keras' schedule."""

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0

    def __call__(self, step: int) -> float:
        cosine = 0.5 * (1 + np.cos(np.pi * min(step, self.decay_steps) / self.decay_steps))
        return float(self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha))


Rate = float | Callable[[int], float]  # a schedule: step -> learning rate


class _Optimizer:
    """A learning rate, a count of the steps, and a check on what is handed in."""

    def __init__(self, learning_rate: Rate) -> None:
        self.learning_rate = learning_rate
        self.iterations = 0

    def _next_rate(self, weights: Arrays, grads: Arrays) -> float:
        """Count a step and return its learning rate.

        Raises:
            ValueError: gradients that do not belong to the weights.
        """
        if [w.shape for w in weights] != [g.shape for g in grads]:
            shapes = f"{[w.shape for w in weights]}, got {[g.shape for g in grads]}"
            raise ValueError(f"expected gradients of the weights' shapes {shapes}")
        rate = self.learning_rate(self.iterations) if callable(self.learning_rate) else self.learning_rate
        self.iterations += 1
        return rate


class BasicOptimizer(_Optimizer):
    """w -= learning_rate * g."""

    def apply_gradients(self, weights: Arrays, grads: Arrays) -> None:
        """One update in place."""
        rate = self._next_rate(weights, grads)
        for w, g in zip(weights, grads, strict=True):
            w -= rate * g


class RMSProp(_Optimizer):
    """v = beta v + (1 - beta) g^2; w -= learning_rate * g / (sqrt(v) + epsilon).

    Epsilon is outside the root, as in PyTorch; Keras has it inside.
    """

    def __init__(self, learning_rate: Rate, beta: float = 0.9, epsilon: float = 1e-6) -> None:
        super().__init__(learning_rate)
        self.beta, self.epsilon = beta, epsilon
        self.v: dict[int, Any] = defaultdict(lambda: 0)

    def apply_gradients(self, weights: Arrays, grads: Arrays) -> None:
        """One update in place."""
        rate = self._next_rate(weights, grads)
        for i, (w, g) in enumerate(zip(weights, grads, strict=True)):
            self.v[i] = self.beta * self.v[i] + (1 - self.beta) * g * g
            w -= rate * g / (np.sqrt(self.v[i]) + self.epsilon)


class Adam(_Optimizer):
    """Moving averages of the gradient and its square, freed of their start at zero (Kingma and Ba, 2015).

    m_hat = m / (1 - beta_1^t), v_hat = v / (1 - beta_2^t), w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon);
    with amsgrad, the largest v so far takes the place of v (Reddi et al., 2018; as in PyTorch).
    """

    def __init__(
        self,
        learning_rate: Rate,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        self.m: dict[int, np.ndarray] = {}
        self.v: dict[int, np.ndarray] = {}
        self.v_max: dict[int, np.ndarray] = {}

    @property
    def t(self) -> int:
        """The number of updates so far, t of the formula."""
        return self.iterations

    def apply_gradients(self, weights: Arrays, grads: Arrays) -> None:
        """One update in place."""
        rate = self._next_rate(weights, grads)
        # python's own floats, since one numpy float64 would turn a whole product into float64
        root = math.sqrt(1 - self.beta_2**self.iterations)
        scale = rate * root / (1 - self.beta_1**self.iterations)
        for i, (w, g) in enumerate(zip(weights, grads, strict=True)):
            if i not in self.m:
                self.m[i], self.v[i], self.v_max[i] = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
            m, v = self.m[i], self.v[i]
            m += (1 - self.beta_1) * (g - m)
            v += (1 - self.beta_2) * (g * g - v)
            if self.amsgrad:
                v = np.maximum(self.v_max[i], v, out=self.v_max[i])
            # rate m_hat / (sqrt(v_hat) + epsilon), with both corrections in one number each, not in arrays
            w -= scale * m / (np.sqrt(v) + self.epsilon * root)
