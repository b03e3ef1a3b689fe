"""MNIST's files as the labs read them, and scikit-learn's digits in their place where there is no network."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import datasets
from smallnets.files import replacing, write_text

# file of the four IDX files (with .gz behind it): its array in full-mnist.npz
ARRAYS = {
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
NPZ = "full-mnist.npz"
STAND_IN = "scikit-learn's small digits in place of MNIST, which `python data/mnist/prepare.py` fetches"
NOTE = "STAND_IN.txt"  # lies beside the files as long as they are not MNIST's


def write(folder: Path, arrays: dict[str, NDArray[np.uint8]], note: str | None = None) -> None:
    """Write {IDX name: array} as four .gz files and as one full-mnist.npz, with a note if they are a stand-in."""
    if note is None:
        (folder / NOTE).unlink(missing_ok=True)
    else:
        write_text(folder / NOTE, note + "\n")
    for name, array in arrays.items():
        datasets.write_idx(folder / f"{name}.gz", array)
    with replacing(folder / NPZ) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **{ARRAYS[name]: array for name, array in arrays.items()})


def read(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images [N, 28, 28] and labels [N] of "train" or "t10k" from a folder's IDX files, gzipped or not.

    Raises:
        FileNotFoundError: one of the two files is missing.
        ValueError: one is damaged, or they don't hold as many images of 28x28 as labels from 0 to 9.
    """
    path = datasets.find_idx(folder, f"{split}-images-idx3-ubyte")
    images = datasets.read_idx(path)
    labels = datasets.read_idx(datasets.find_idx(folder, f"{split}-labels-idx1-ubyte"))
    if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"expected images [N, 28, 28] and labels [N] in {path} and beside it, "
                         f"got {list(images.shape)} and {list(labels.shape)}")  # fmt: skip
    if labels.max() > 9:
        raise ValueError(f"expected labels from 0 to 9 beside {path}, got {labels.max()}")
    return images, labels


def digits() -> dict[str, NDArray[np.uint8]]:
    """The stand-in: scikit-learn's 1,797 scanned digits of 8x8, enlarged to 28x28 by linear interpolation.

    138 images of each digit to train on and 36 to test on (no digit has fewer than 174), drawn with seed 0.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # grid_mode lines up the edges of the first and last pixels, not their centres
    enlarged = zoom(bunch.images, (1, 3.5, 3.5), order=1, mode="nearest", grid_mode=True)
    images = np.clip(np.rint(enlarged * (255 / 16)), 0, 255).astype(np.uint8)
    splits = datasets.draw_splits(bunch.target, [[k] for k in range(10)], {"train": 138, "t10k": 36}, seed=0)
    arrays = {}
    for split, (rows, labels) in splits.items():
        arrays[f"{split}-images-idx3-ubyte"] = images[rows]
        arrays[f"{split}-labels-idx1-ubyte"] = labels.astype(np.uint8)
    return arrays


def write_digits(folder: Path) -> None:
    """Write the stand-in, with its note."""
    write(folder, digits(), STAND_IN)


def ensure(folder: Path) -> None:
    """Make the stand-in where a folder has no MNIST; print its note whenever it is what will be read."""
    if not (folder / NPZ).is_file():
        write_digits(folder)
    if note(folder):
        print(note(folder))


def note(folder: Path) -> str:
    """What a folder holds in place of MNIST; empty where it holds MNIST."""
    path = folder / NOTE
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
