"""The activation of the course's simple model, for students who do not write Softmax (CS1470)."""

from typing import Any

import numpy as np


def softmax(Diffable: Any) -> Any:
    """A Softmax layer on the student's Diffable."""

    class Softmax(Diffable):
        def forward(self, x: np.ndarray) -> np.ndarray:
            exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
            self.outputs = exponentials / exponentials.sum(axis=-1, keepdims=True)
            return self.outputs

        def input_gradients(self) -> np.ndarray:
            return np.stack([np.diag(p) - np.outer(p, p) for p in self.outputs])

        def compose_to_input(self, J: np.ndarray) -> np.ndarray:
            return self.outputs * (J - (self.outputs * J).sum(axis=-1, keepdims=True))

    return Softmax()
