"""Losses: the mean over the batch forward, each sample's own gradient backward."""

from typing import Any

import numpy as np

from .core import Diffable


def _pair(y_pred: Any, y_true: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predictions as floats and truths in their dtype, of one shape."""
    predictions, truths = np.asarray(y_pred), np.asarray(y_true)
    if predictions.shape != truths.shape or predictions.ndim == 0:
        shapes = f"{list(predictions.shape)} and {list(truths.shape)}"
        raise ValueError(f"expected predictions and truths of one shape [B, n], got {shapes}")
    if not np.issubdtype(predictions.dtype, np.floating):
        predictions = predictions.astype(np.float64)
    return predictions, truths.astype(predictions.dtype, copy=False)


class MeanSquaredError(Diffable):
    """The mean of (y_pred - y_true)^2 over all elements.

    The gradient is 2 (y_pred - y_true), n times the true one for n outputs: the course's solutions and
    its fixed simple model share this convention, and with the true gradient its learning rate of 0.02
    ends below the course's bar. Tape gradients through this loss are n times those of PyTorch, too.
    """

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.floating:
        """[B, n], [B, n] -> scalar."""
        self.y_pred, self.y_true = _pair(y_pred, y_true)
        self.error = self.y_pred - self.y_true
        return np.square(self.error).mean()

    def input_gradients(self) -> np.ndarray:
        """[B, n]: 2 (y_pred - y_true)."""
        return 2 * self.error


def clip_0_1(x: np.ndarray, eps: float = 1e-8) -> np.ndarray:
    """x within [eps, 1 - eps]."""
    return np.clip(x, eps, 1 - eps)


class CategoricalCrossentropy(Diffable):
    """-(t log p + (1 - t) log(1 - p)), the mean over classes and batch: both the true class and the others count.

    Computed in float64, since 1 - 1e-8 is 1 in float32 and its logarithm would be lost.
    """

    def forward(self, inputs: np.ndarray, truths: np.ndarray) -> np.floating:
        """probabilities [B, n], one-hot labels [B, n] -> scalar."""
        self.inputs, self.truths = _pair(inputs, truths)
        p, t = clip_0_1(self.inputs.astype(np.float64)), self.truths.astype(np.float64)
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(axis=-1).mean()

    def input_gradients(self) -> np.ndarray:
        """[B, n]: (p - t) / (p - p^2) / n, with the denominator clipped like the probabilities."""
        p, t = self.inputs.astype(np.float64), self.truths
        return ((p - t) / clip_0_1(p - p**2) / p.shape[-1]).astype(self.inputs.dtype)
