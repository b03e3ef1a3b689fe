"""The course's splits of Fashion-MNIST: the classes of each part, and how they are drawn."""

from pathlib import Path

import numpy as np

from smallnets.data import altered, write_sets
from smallnets.data.draws import draw_splits, secret_seed

# part: name of each class, the Fashion-MNIST labels in it (handout: cloth/shoe/bag; five upper garments)
CLASSES: dict[int, dict[str, tuple[int, ...]]] = {
    1: {"cloth": (0, 1, 2, 3, 4, 6), "shoe": (5, 7, 9), "bag": (8,)},
    2: {"T-shirt": (0,), "pullover": (2,), "dress": (3,), "coat": (4,), "shirt": (6,)},
}
TRAIN, DEV, TEST = 7500, 2400, 1500
HIDDEN, CHANGES = "fashion_mnist test split", "fashion_mnist changes"  # what a secret decides


def write_splits(
    images: np.ndarray, labels: np.ndarray, totals: dict[str, int], seed: int, out: Path,
    changes: np.random.Generator | None = None,
) -> list[str]:  # fmt: skip
    """Draw and write X_{split}_part{K}.npy (uint8 [N, 784]) and y_... (int64 [N]) of both parts.

    Args:
        totals: rows of each split, e.g. {"train": 7500, "dev": 2400}; classes get equal shares.
        changes: makes new images of those drawn; None writes them as they are.

    Returns:
        The names of the files written.
    """
    names: list[str] = []
    for part, classes in CLASSES.items():
        sizes = {split: total // len(classes) for split, total in totals.items()}
        for split, (rows, y) in draw_splits(labels, list(classes.values()), sizes, seed).items():
            x = images[rows] if changes is None else altered.altered(images[rows], changes)
            arrays = {f"X_{split}_part{part}.npy": x.reshape(len(rows), -1), f"y_{split}_part{part}.npy": y}
            for name, array in arrays.items():
                write_sets.write_npy(out / name, array)
            names += arrays
    return names


def write_hidden(images: np.ndarray, labels: np.ndarray, secret: bytes, out: Path) -> list[str]:
    """Write the hidden split: new images made of Fashion-MNIST's test images, which anyone can get.

    Args:
        secret: at least 16 bytes, which decide which images are drawn and how they are changed.

    Returns:
        The names of the files written.

    Raises:
        ValueError: a secret that could be guessed.
    """
    changes = np.random.default_rng(secret_seed(secret, CHANGES))
    return write_splits(images, labels, {"test": TEST}, secret_seed(secret, HIDDEN), out, changes)
