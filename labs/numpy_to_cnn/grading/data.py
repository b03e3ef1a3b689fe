"""The lab's hidden images: clothes as in Fashion-MNIST, four tenths of them with photo-like changes."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT
from labs.numpy_to_cnn.grading.corrupt import corrupted
from smallnets.data import datasets, fashion

SHIPPED = ROOT / "data" / "fashion_mnist" / fashion.NPZ
A_CLASS = 100  # hidden images of each class in each half
FEWEST = 100


@dataclasses.dataclass(frozen=True)
class Data:
    """Images uint8 [N, 28, 28] and labels int64 [N]; the first half is scored in public, the other at the end.

    Args:
        changes: the seed of the changes; None: the images are changed already.
        order: the order in which the student's net gets them.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    changes: int | None
    order: NDArray[np.int64]

    @property
    def halves(self) -> dict[str, slice]:
        """The rows of each half."""
        middle = len(self.labels) // 2
        return {"public": slice(middle), "final": slice(middle, None)}

    def shown(self) -> NDArray[np.uint8]:
        """The changed images, in the order for the student's net.

        Raises:
            ChangesFailed, OSError: see `corrupted`.
        """
        images = self.images if self.changes is None else corrupted(self.images, self.changes)
        return images[self.order]


def load(staff: Path | None, seed: int) -> tuple[Data, str]:
    """The staff's images, or the students' validation images changed by this seed; and a line on their source.

    Raises:
        ValueError, OSError: missing or malformed files.
    """
    if staff is not None:
        images, labels = read(staff)
        changes, source = None, f"of {staff}"
    else:
        with np.load(SHIPPED) as arrays:
            images, labels = arrays["x_val"], arrays["y_val"].astype(np.int64)
        changes, source = seed, "of the validation set, changed at random, as there are no staff images"
    order = np.random.default_rng(seed).permutation(len(labels))
    return Data(images, labels, changes, order), f"scored on {len(labels)} images {source}; seed {seed}"


def read(staff: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The staff's images and labels."""
    x, y = datasets.read_npy(staff / "X_test.npy"), datasets.read_npy(staff / "y_test.npy")
    right = x.dtype == np.uint8 and x.shape[1:] == (28, 28) and y.dtype == np.int64 and y.shape == (len(x),)
    if not right or len(y) < FEWEST or not 0 <= y.min() <= y.max() <= 9:
        raise ValueError(
            f"expected X_test.npy uint8 [N, 28, 28] and y_test.npy int64 [N], at least {FEWEST} images of classes 0 to "
            f"9, in {staff}, got {x.dtype} {list(x.shape)} and {y.dtype} {list(y.shape)}"
        )
    return x, y
