"""The digits for the short trainings of the BatchNorm lab's nets, and the hidden ones."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT
from smallnets.data import mnist
from smallnets.data.datasets import read_npy

MNIST = ROOT / "data" / "mnist"
TRAIN, HIDDEN = 600, 300  # images
FILES = ("X_train.npy", "y_train.npy", "X_test.npy", "y_test.npy")
Split = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclasses.dataclass(frozen=True)
class Data:
    """Images [N, 28, 28] and labels to learn from, and hidden ones."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    hidden: NDArray[np.uint8]
    labels: NDArray[np.int64]


def load(staff: Path | None, seed: int) -> tuple[Data, str]:
    """Digits in an order of this seed, and a line on their source.

    Args:
        staff: folder written by `hidden`; None draws from MNIST in data/mnist, which students have, or from its
            stand-in.

    Raises:
        ValueError, OSError: missing or malformed files.
    """
    rng = np.random.default_rng(seed)
    if staff is None:
        x, y, hidden, labels, source = drawn(rng)
        return Data(x, y, hidden, labels), f"nets learn on {len(x)} of {source} and are scored on {len(hidden)} others"
    x, y, hidden, labels = (read_npy(staff / name) for name in FILES)
    for images, truth in ((x, y), (hidden, labels)):
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or truth.shape != (len(images),) or not len(truth):
            raise ValueError(
                f"expected images uint8 [N, 28, 28] and labels [N] in {staff}, "
                f"got {images.dtype} {list(images.shape)} and {list(truth.shape)}"
            )
    order, hidden_order = rng.permutation(len(x)), rng.permutation(len(hidden))
    data = Data(x[order], y[order].astype(np.int64), hidden[hidden_order], labels[hidden_order].astype(np.int64))
    return data, f"nets learn on {len(x)} digits and are scored on {len(hidden)} others, of {staff}"


def drawn(rng: np.random.Generator) -> tuple[NDArray, NDArray, NDArray, NDArray, str]:
    """Images and labels to learn from, hidden ones, and their source."""
    (x, y), (hidden, labels), source = digits()
    rows, hidden_rows = rng.permutation(len(x))[:TRAIN], rng.permutation(len(hidden))[:HIDDEN]
    return x[rows], y[rows].astype(np.int64), hidden[hidden_rows], labels[hidden_rows].astype(np.int64), source


def digits() -> tuple[tuple[NDArray, NDArray], tuple[NDArray, NDArray], str]:
    """MNIST's training and test images, or their stand-in, and their source."""
    if mnist.find(folder := mnist.found(MNIST)) is not None:
        train, test = (mnist.read(folder, split) for split in ("train", "t10k"))
        note = mnist.note(folder)
    else:
        arrays = mnist.digits()
        train, test = ((arrays[f"{split}-images-idx3-ubyte"], arrays[f"{split}-labels-idx1-ubyte"])
                       for split in ("train", "t10k"))  # fmt: skip
        note = "as there is no MNIST"
    return train, test, "scikit-learn's small digits, in place of MNIST," if note else "MNIST's digits"
