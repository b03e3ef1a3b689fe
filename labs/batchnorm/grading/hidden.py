"""The hidden digits of the BatchNorm lab."""

from pathlib import Path

import numpy as np

from labs.batchnorm.grading import data
from smallnets.data import altered
from smallnets.data.draws import secret_seed
from smallnets.data.write_sets import write_npy


def write(secret: bytes, folder: Path) -> None:
    """Write X_train.npy and y_train.npy, drawn from MNIST's training images, X_test.npy and y_test.npy.

    The last two are new images, made of MNIST's test images.

    Args:
        secret: at least 16 bytes, which decide draw and changes.

    Raises:
        ValueError, OSError: a secret that could be guessed; files of MNIST that are damaged.
    """
    rng = np.random.default_rng(secret_seed(secret, "batchnorm"))
    x, y, hidden, labels, _ = data.drawn(rng)
    for name, array in zip(data.FILES, (x, y, altered.altered(hidden, rng), labels), strict=True):
        write_npy(folder / name, array)
