"""Fashion-MNIST itself: where its IDX files are, and the ten-class set of the CNN lab drawn from them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets.data import draws, idx

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
URLS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
# file: sha256 of the official .gz (for downloads), sha256 of the IDX file inside (whoever packed it)
IDX = {
    "train-images-idx3-ubyte": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
NPZ = "ten_classes.npz"  # x_train, y_train, x_val, y_val of a tenth of the training set
NAMES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def read_source(name: str, source: Path | None) -> NDArray[np.uint8]:
    """One of the four IDX files as an array, checked to be Fashion-MNIST's.

    Args:
        source: a folder; None takes Debian's package, else downloads.
    """
    return idx.fetch_idx(name, source or (DEBIAN if DEBIAN.is_dir() else None), URLS, *IDX[name])


def read_split(split: str, source: Path | None = None) -> Split:
    """Images [N, 28, 28] and labels [N] of "train" (60,000) or "t10k" (10,000)."""
    return read_source(f"{split}-images-idx3-ubyte", source), read_source(f"{split}-labels-idx1-ubyte", source)


def shuffled(x: NDArray, y: NDArray, seed: int, fraction: float) -> Split:
    """A share of the images in random order; a smaller share is the beginning of a larger one."""
    rows = draws.permutation(len(x), np.random.PCG64(seed))[: round(fraction * len(x))]
    return x[rows], y[rows]


def train_and_validation(x: NDArray, y: NDArray) -> Mapping[str, NDArray]:
    """The last tenth validates: x_train, y_train, x_val, y_val (handout: 9 % and 1 % of the set, here of 10 %)."""
    n = len(x) - len(x) // 10
    return {"x_train": x[:n], "y_train": y[:n], "x_val": x[n:], "y_val": y[n:]}


def ten_classes(fraction: float, source: Path | None, shipped: Path) -> Mapping[str, NDArray]:
    """x_train, y_train, x_val, y_val: a share of the 60,000 training images, the same for everyone.

    Args:
        source: a folder with the IDX files; left out, `shipped` serves as far as it reaches, then read_source.
        shipped: the file that prepare.py writes, with the first tenth.

    Raises:
        ValueError: the fraction is above 1 or makes less than ten images.
    """
    if not 10 / 60000 <= fraction <= 1:
        raise ValueError(f"expected a fraction of 60,000 images from {10 / 60000:.5f} to 1, got {fraction}")
    if source is not None or fraction > 0.1:
        x, y = shuffled(*read_split("train", source), 0, fraction)
    else:
        n = round(fraction * 60000)
        with np.load(shipped) as arrays:
            x, y = (np.concatenate([arrays[f"{axis}_train"], arrays[f"{axis}_val"]])[:n] for axis in "xy")
    return train_and_validation(x, y)
