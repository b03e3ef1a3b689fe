"""MNIST as arrays."""

from pathlib import Path

import numpy as np

from smallnets.data import mnist

DATA = Path(__file__).parents[2] / "data"
STEMS = {"train": "train", "test": "t10k"}


def find_mnist(data_path: str | Path = "../data") -> Path:
    """The folder mnist/ in data_path; where the default has no MNIST, the one in the repository's data/."""
    places = [Path(data_path) / "mnist", DATA / "mnist"]
    return mnist.found(*places[: 2 if str(data_path) == "../data" else 1])


def get_data_MNIST(subset: str, data_path: str | Path = "../data") -> tuple[np.ndarray, np.ndarray]:
    """Read a subset of MNIST from the IDX files in {data_path}/mnist/.

    Args:
        subset: "train" or "test", in any case and with spaces around it.
        data_path: the folder above mnist/; where the default is not there, the repository's data/ is taken.

    Returns:
        inputs float32 [N, 784] in [0, 1], labels uint8 [N].

    Raises:
        AssertionError: another subset.
        FileNotFoundError, ValueError: a file is missing or damaged.
    """
    subset = subset.lower().strip()
    assert subset in STEMS, f"expected subset train or test, got {subset}"
    images, labels = mnist.read(find_mnist(data_path), STEMS[subset])
    return images.reshape(len(images), -1).astype(np.float32) / 255, labels.copy()
