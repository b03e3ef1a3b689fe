import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # noqa: F401, a leftover

from .core import Callable


class CategoricalAccuracy(Callable):
    def forward(self, probs, labels):
        return np.mean(np.argmax(probs, axis=1) == np.argmax(labels, axis=1))
