"""The hidden images of the CNN lab."""

from pathlib import Path

import numpy as np

from labs.numpy_to_cnn.grading.corrupt import corrupted
from labs.numpy_to_cnn.grading.data import A_CLASS
from smallnets.data import altered, draws, fashion, write_sets


def write(secret: bytes, folder: Path) -> None:
    """Write X_test.npy uint8 [2000, 28, 28] and y_test.npy int64 [2000], new images made of Fashion-MNIST's.

    Args:
        secret: at least 16 bytes, which decide draw and changes.

    Raises:
        ValueError, OSError: a secret that could be guessed; missing images.
    """
    seed = draws.secret_seed(secret, "numpy_to_cnn")
    x, y = fashion.read_split("t10k")
    halves = draws.draw_splits(y, [(k,) for k in range(10)], {"public": A_CLASS, "final": A_CLASS}, seed)
    rows, labels = (np.concatenate(arrays) for arrays in zip(*halves.values(), strict=True))
    new = altered.altered(x[rows], np.random.default_rng(draws.secret_seed(secret, "numpy_to_cnn new images")))
    write_sets.write_npy(folder / "X_test.npy", corrupted(new, seed))
    write_sets.write_npy(folder / "y_test.npy", labels.astype(np.int64))
