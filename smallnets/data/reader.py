"""Read a data set's .npy splits into arrays, with every check on them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets.data import datasets

PREPARE = "python data/fashion_mnist/prepare.py"
MAX_CLASSES = 100  # a label beyond it is a damaged file, not a class


def load_dataset(dir_dataset: str | Path, part: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Load the training and development split of one part.

    A folder with fruit_images.npy holds drawings ([N, 28, 28], every part the same); any other
    holds X_train_partK.npy, y_train_partK.npy, X_dev_partK.npy, y_dev_partK.npy ([N, 784]), where
    part 3 uses the files of part 2.

    Args:
        dir_dataset: the folder.
        part: 1, 2 or 3.

    Returns:
        (X_train, y_train, X_dev, y_dev): pixels [N, 784] in 0..255 in the dtype of the file (the
        course's are uint8), labels int64 [N] from 0. The number of classes is y_train.max() + 1.

    Raises:
        FileNotFoundError: the folder or a file is missing.
        ValueError: a file does not hold what is described above.
    """
    if part not in (1, 2, 3):
        raise ValueError(f"expected part 1, 2 or 3, got {part}")
    folder = Path(dir_dataset)
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder with .npy splits, got {folder}, which is none; {_remedy(folder)}")
    train, dev = _files(folder, part)
    x_train, y_train = _load_split(*train)
    x_dev, y_dev = _load_split(*dev)
    unseen = sorted(set(y_dev.tolist()) - set(y_train.tolist()))
    if unseen:
        raise ValueError(f"expected {dev[1].name} to hold classes of {train[1].name} only, got also {unseen}")
    return x_train, y_train, x_dev, y_dev


def load_class_names(dir_dataset: str | Path, part: int, n_classes: int) -> list[str]:
    """The class names from the folder's class_names.json ({"part1": [...], ...} or [...]), else "0", "1", ...

    Raises:
        ValueError: the file holds something else.
    """
    folder = Path(dir_dataset)
    names = datasets.class_names(folder, "fruit" if _holds_drawings(folder) else f"part{min(part, 2)}")
    return names if names and len(names) == n_classes else [str(k) for k in range(n_classes)]


def find_dataset(dir_dataset: str | Path) -> Path:
    """The folder to read from: this one, or the stand-in's beneath it where it has no arrays."""
    folder, beneath = Path(dir_dataset), Path(dir_dataset) / datasets.STAND_IN_FOLDER
    return beneath if _holds_drawings(beneath) and not any(folder.glob("*.npy")) else folder


def stand_in_note(dir_dataset: str | Path) -> str:
    """A note on the stand-in in a folder of drawings; empty if there is none."""
    return datasets.stand_in_note(Path(dir_dataset), ["fruit_images.npy", "fruit_labels.npy"])


def _holds_drawings(folder: Path) -> bool:
    return (folder / "fruit_images.npy").is_file()


def _files(folder: Path, part: int) -> list[tuple[Path, Path]]:
    """(images, labels) of train and dev."""
    if _holds_drawings(folder):
        stems = [("fruit_images", "fruit_labels"), ("fruit_dev_images", "fruit_dev_labels")]
    else:
        stems = [(f"X_{split}_part{min(part, 2)}", f"y_{split}_part{min(part, 2)}") for split in ("train", "dev")]
    return [(folder / f"{x}.npy", folder / f"{y}.npy") for x, y in stems]


def _remedy(folder: Path) -> str:
    own = folder / "prepare.py"
    return f"make it with `python {own}`" if own.is_file() else f"make it with `{PREPARE} --out {folder}`"


def _load_split(x_path: Path, y_path: Path) -> tuple[NDArray, NDArray[np.int64]]:
    x, y = (_read_numbers(path) for path in (x_path, y_path))
    x, y = _check_pixels(x, x_path), _check_labels(y, y_path)
    if len(x) != len(y):
        raise ValueError(f"expected {len(x)} labels in {y_path.name}, as {x_path.name} has images, got {len(y)}")
    return x, y


def _read_numbers(path: Path) -> NDArray:
    """A non-empty array of real numbers."""
    if not path.is_file():
        raise FileNotFoundError(f"expected {path.name} in {path.parent}, got no such file; {_remedy(path.parent)}")
    array = datasets.read_npy(path)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise ValueError(f"expected {path.name} of integers or floats, got {array.dtype}")
    if array.size == 0:
        raise ValueError(f"expected at least one row in {path.name}, got shape {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ValueError(f"expected finite values in {path.name}, got nan or inf")
    return array


def _check_pixels(x: NDArray, path: Path) -> NDArray:
    drawing = path.name.startswith("fruit_")
    expected = (28, 28) if drawing else (784,)
    if x.shape[1:] != expected:
        shape = ", ".join(map(str, ("N", *expected)))
        raise ValueError(f"expected {path.name} of shape [{shape}], got {list(x.shape)}")
    if x.min() < 0 or x.max() > 255:
        raise ValueError(f"expected pixels of {path.name} in 0..255, got {x.min()}..{x.max()}")
    return x.reshape(len(x), 784)


def _check_labels(y: NDArray, path: Path) -> NDArray[np.int64]:
    if y.ndim != 1:
        raise ValueError(f"expected {path.name} of shape [N], got {list(y.shape)}")
    fractional = y[y != np.floor(y)]
    if fractional.size:
        raise ValueError(f"expected whole labels in {path.name}, got {fractional[0]}")
    if y.min() < 0 or y.max() >= MAX_CLASSES:
        raise ValueError(f"expected labels of {path.name} in 0..{MAX_CLASSES - 1}, got {y.min()}..{y.max()}")
    return y.astype(np.int64)
