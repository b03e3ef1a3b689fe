"""Layers: Dense, and two that behave differently while training, Dropout and BatchNormalization."""

from typing import Any

import numpy as np

from .core import Diffable


class Dense(Diffable):
    """outputs = inputs @ w + b.

    w is [input_size, output_size], b is [output_size] and starts at zero whatever the initializer;
    both are float32, and the computation follows their dtype.
    """

    def __init__(self, input_size: int, output_size: int, initializer: str = "kaiming") -> None:
        super().__init__()
        self.w, self.b = self._initialize_weight(initializer, input_size, output_size)
        self.weights = [self.w, self.b]

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """[B, input_size] -> [B, output_size].

        Raises:
            ValueError: another shape.
        """
        inputs = np.asarray(inputs)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.w):
            raise ValueError(f"expected inputs of shape [B, {len(self.w)}], got {list(inputs.shape)}")
        self.inputs = inputs.astype(self.w.dtype, copy=False)
        self.outputs = self.inputs @ self.w
        self.outputs += self.b
        return self.outputs

    def weight_gradients(self) -> tuple[np.ndarray, np.ndarray]:
        """([B, input_size, 1], [output_size]): the inputs, to broadcast over the outputs, and ones."""
        return self.inputs[:, :, None], np.ones_like(self.b)

    def input_gradients(self) -> np.ndarray:
        """w, [input_size, output_size]."""
        return self.w

    @staticmethod
    def _initialize_weight(initializer: str, input_size: int, output_size: int) -> tuple[np.ndarray, np.ndarray]:
        """(w, b) for an initializer of Keras' math: its standard deviation is

        zero: 0; normal: 1; xavier (GlorotNormal): sqrt(2 / (in + out)); kaiming (HeNormal): sqrt(2 / in).
        Drawn from numpy's global generator, as the course's tests seed that one.
        """
        initializer = initializer.lower()
        stds = {
            "zero": 0.0,
            "normal": 1.0,
            "xavier": np.sqrt(2 / (input_size + output_size)),
            "kaiming": np.sqrt(2 / input_size),
        }
        assert initializer in stds, f"expected an initializer of {list(stds)}, got {initializer}"
        w = np.random.normal(0, stds[initializer], (input_size, output_size))  # noqa: NPY002
        return w.astype(np.float32), np.zeros(output_size, np.float32)


class L2:
    """The penalty l2 * sum(w^2) on a weight (keras.regularizers.L2)."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = l2

    def __call__(self, w: np.ndarray) -> float:
        return float(self.l2 * np.square(w).sum())

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """2 l2 w."""
        return 2 * self.l2 * w


class RegularizedDense(Dense):
    """A Dense layer with a penalty on w."""

    def __init__(
        self, input_size: int, output_size: int, initializer: str = "kaiming", *, kernel_regularizer: L2
    ) -> None:
        super().__init__(input_size, output_size, initializer)
        self.kernel_regularizer = kernel_regularizer

    def compose_to_weight(self, J: np.ndarray) -> list[np.ndarray]:
        """[dL/dw, dL/db], with the gradient of the penalty."""
        dw, db = super().compose_to_weight(J)
        return [dw + self.kernel_regularizer.gradient(self.w), db]

    def penalty(self) -> float:
        """The regularizer's term of the loss."""
        return self.kernel_regularizer(self.w)


class Dropout(Diffable):
    """In training, each value is dropped with probability `rate` and the others grow by 1 / (1 - rate)."""

    def __init__(self, rate: float, seed: int = 0) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"expected a rate of at least 0 and below 1, got {rate}")
        self.rate = rate
        self.rng = np.random.default_rng(seed)

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """[...] -> [...]; outside of training the inputs as they are."""
        inputs = np.asarray(inputs)
        self.mask: np.ndarray | None = None
        if not self.training:
            return inputs
        kept = self.rng.random(inputs.shape, dtype=np.float32) >= self.rate
        self.mask = kept.astype(inputs.dtype) / inputs.dtype.type(1 - self.rate)
        return inputs * self.mask

    def input_gradients(self) -> np.ndarray:
        """0 for a dropped value, 1 / (1 - rate) for a kept one, 1 outside of training."""
        return np.ones(1) if self.mask is None else self.mask

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """The gradients of the kept values, scaled as they were."""
        return J if self.mask is None else J * self.mask


class BatchNormalization(Diffable):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta for each feature (Ioffe and Szegedy, 2015).

    Statistics are those of the batch in training, running averages otherwise. As in Keras,
    `momentum` weights the OLD average and the variance is the biased one.
    """

    def __init__(self, size: int, momentum: float = 0.99, epsilon: float = 1e-3) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma, self.beta = np.ones(size, np.float32), np.zeros(size, np.float32)
        self.weights = [self.gamma, self.beta]
        self.moving_mean, self.moving_variance = np.zeros(size, np.float32), np.ones(size, np.float32)

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """[B, size] -> [B, size]."""
        inputs = np.asarray(inputs)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.gamma):
            raise ValueError(f"expected inputs of shape [B, {len(self.gamma)}], got {list(inputs.shape)}")
        inputs = inputs.astype(self.gamma.dtype, copy=False)
        self.batch = self.training
        mean, variance = self.moving_mean, self.moving_variance
        if self.batch:
            mean, variance = inputs.mean(axis=0), inputs.var(axis=0)
            for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average *= self.momentum
                average += (1 - self.momentum) * value
        self.std = np.sqrt(variance + self.epsilon)
        self.normalised = (inputs - mean) / self.std
        return self.gamma * self.normalised + self.beta

    def weight_gradients(self) -> tuple[np.ndarray, np.ndarray]:
        """([B, 1, size], [size]): the normalised inputs and ones."""
        return self.normalised[:, None, :], np.ones_like(self.beta)

    def compose_to_weight(self, J: np.ndarray) -> list[np.ndarray]:
        """[dL/dgamma, dL/dbeta]."""
        return [(self.normalised * J).mean(axis=0), J.mean(axis=0)]

    def input_gradients(self) -> np.ndarray:
        """[B, B, size]: d output[b, k] / d input[a, k] at [a, b, k], as each sample moves the batch's statistics."""
        x, n = self.normalised, len(self.normalised)
        same = np.eye(n, dtype=x.dtype)[:, :, None]
        moved = (1 + x[:, None] * x[None, :]) / n if self.batch else 0
        return self.gamma / self.std * (same - moved)

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """The sum over b of input_gradients()[a, b] * J[b] for each sample a, without making the former."""
        if not self.batch:
            return J * (self.gamma / self.std)
        dgamma, dbeta = self.compose_to_weight(J)
        return self.gamma / self.std * (J - dbeta - self.normalised * dgamma)


def penalty(layers: list[Any]) -> float:
    """The sum of what the layers' regularizers add to the loss."""
    return sum(layer.penalty() for layer in layers if hasattr(layer, "penalty"))
