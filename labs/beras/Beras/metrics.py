"""Metrics: figures that are looked at, not optimised."""

import numpy as np
from numpy.typing import ArrayLike

from .core import Callable


class CategoricalAccuracy(Callable):
    """The fraction of samples whose most probable class is the true one."""

    def forward(self, probs: ArrayLike, labels: ArrayLike) -> np.floating:
        """probabilities [B, n], one-hot labels [B, n], arrays or lists -> scalar."""
        probabilities, truths = np.asarray(probs), np.asarray(labels)
        if probabilities.shape != truths.shape or probabilities.ndim != 2:
            shapes = f"{list(probabilities.shape)} and {list(truths.shape)}"
            raise ValueError(f"expected probabilities and one-hot labels of one shape [B, n], got {shapes}")
        return np.mean(probabilities.argmax(axis=1) == truths.argmax(axis=1))
