"""Labels as one-hot rows and back."""

import numpy as np
from numpy.typing import ArrayLike

from .core import Callable


class OneHotEncoder(Callable):
    """Encodes labels by the classes it was fitted to, by default those of the first data it sees.

    After fit: `uniq`, the sorted classes, and `uniq2oh`, {class: its one-hot row}.
    """

    def fit(self, data: ArrayLike) -> None:
        """Remember the classes in data [N]."""
        self.uniq = np.unique(np.asarray(data))
        self.uniq2oh = dict(zip(self.uniq.tolist(), np.eye(len(self.uniq)), strict=True))

    def forward(self, data: ArrayLike) -> np.ndarray:
        """labels [N] -> float64 [N, number of classes]; fits only if it is not fitted yet.

        Raises:
            ValueError: a label that fit has not seen.
        """
        if not hasattr(self, "uniq2oh"):
            self.fit(data)
        unknown = np.setdiff1d(np.asarray(data), self.uniq)
        if unknown.size:
            raise ValueError(f"expected labels among {self.uniq.tolist()}, got {unknown.tolist()}")
        return np.eye(len(self.uniq))[np.searchsorted(self.uniq, np.asarray(data))]

    def inverse(self, data: ArrayLike) -> np.ndarray:
        """one-hot rows or probabilities [N, number of classes] -> labels [N]."""
        assert hasattr(self, "uniq"), "forward() or fit() must be called before attempting to invert"
        return self.uniq[np.asarray(data).argmax(axis=-1)]
