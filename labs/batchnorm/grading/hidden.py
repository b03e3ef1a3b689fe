"""The hidden digits of the BatchNorm lab."""

from pathlib import Path

import numpy as np

from labs.batchnorm.grading import data
from smallnets.data.draws import secret_seed
from smallnets.data.write_sets import write_npy


def write(secret: bytes, folder: Path) -> None:
    """Write X_train.npy, y_train.npy, X_test.npy and y_test.npy, drawn from MNIST's training and test images.

    Args:
        secret: at least 16 bytes, which decide the draw.

    Raises:
        ValueError, OSError: a secret that could be guessed; files of MNIST that are damaged.
    """
    rng = np.random.default_rng(secret_seed(secret, "batchnorm"))
    for name, array in zip(data.FILES, data.drawn(rng), strict=False):
        assert isinstance(array, np.ndarray)
        write_npy(folder / name, array)
