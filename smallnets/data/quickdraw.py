"""The QuickDraw homework's files as the lab reads them, and sketches of our own in their place without a network."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets.data import datasets, draws, write_sets
from smallnets.data.datasets import CLASS_NAMES, NOTE, STAND_IN_FOLDER
from smallnets.files import elsewhere, expect_folder, write_text

NAMES = ("apple", "banana", "grapes", "pineapple", "strawberry", "watermelon")  # as Google's files are called
MOST_CLASSES = 345  # as many as Quick, Draw! has
IMAGES = {"train": "fruit_images.npy", "dev": "fruit_dev_images.npy", "test": "fruit_test_images.npy"}
LABELS = {"train": "fruit_labels.npy", "dev": "fruit_dev_labels.npy", "test": "fruit_test_labels.npy"}
STAND_IN = "six fruits sketched at random in place of Quick, Draw!, which `python data/quickdraw/prepare.py` fetches"
STAND_IN_SIZES = {"train": 1500, "dev": 300, "test": 300}  # sketches of each class; drawing them takes seconds

Split = tuple[NDArray[np.uint8], NDArray[np.int64]]


def write(
    folder: Path, splits: Mapping[str, Split], names: Sequence[str], stand_in: bool = False, test_labels: bool = False
) -> None:
    """Write {split: (images [N, 28, 28], labels [N])} of train, dev and test, with class_names.json and SHA256SUMS.

    Args:
        names: of the classes, in the order of the labels.
        stand_in: write a note, too, that says so.
        test_labels: write the labels of test too; without it, those of an earlier draw are removed.

    Raises:
        ValueError: one of these files is there, but is none that this function wrote; then nothing is written.
    """
    # the withheld labels stay out of the list of what students have
    given = [*IMAGES.values(), LABELS["train"], LABELS["dev"], CLASS_NAMES]
    if (folder / NOTE).exists() and (folder / NOTE).read_bytes().strip() != STAND_IN.encode():
        raise ValueError(f"expected {folder / NOTE} to be this program's, got another; move it away")
    manifests = {datasets.MANIFEST: given, write_sets.STAFFS_MANIFEST: [LABELS["test"]]}
    with write_sets.replacing_set(folder, manifests) as new:
        if stand_in:
            write_text(new / NOTE, STAND_IN + "\n")
        write_text(new / CLASS_NAMES, json.dumps(list(names)) + "\n")
        for split, (images, labels) in splits.items():
            write_sets.write_npy(new / IMAGES[split], images)
            if split != "test" or test_labels:
                write_sets.write_npy(new / LABELS[split], labels)
    if not stand_in:
        (folder / NOTE).unlink(missing_ok=True)


def read_images(folder: Path, split: str) -> NDArray[np.uint8]:
    """The images [N, 28, 28] of "train", "dev" or "test".

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds anything else.
    """
    path = folder / IMAGES[split]
    images = datasets.read_npy(path)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or len(images) == 0:
        raise ValueError(f"expected {path} of uint8 [N, 28, 28], got {images.dtype} {list(images.shape)}")
    return images


def read(folder: Path, split: str) -> Split:
    """The images [N, 28, 28] and labels int64 [N] of "train" or "dev", and of "test" for who has its labels.

    Raises:
        FileNotFoundError: one of the two files is missing.
        ValueError: one is damaged, or they don't hold as many images as labels from 0.
    """
    images = read_images(folder, split)
    path = folder / LABELS[split]
    labels = datasets.read_npy(path)
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise ValueError(
            f"expected {path} of {len(images)} whole numbers, as {IMAGES[split]} has, "
            f"got {labels.dtype} {list(labels.shape)}"
        )
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise ValueError(f"expected labels from 0 to {MOST_CLASSES - 1} in {path}, got {labels.min()}..{labels.max()}")
    return images, labels.astype(np.int64)


def class_names(folder: Path, n_classes: int) -> list[str]:
    """The names in a folder's class_names.json, a JSON list in the order of the labels; "0", "1", ... without one.

    Raises:
        ValueError: the file is no such list, or not of `n_classes` names.
    """
    names = datasets.class_names(folder)
    if names is None:
        return [str(k) for k in range(n_classes)]
    if len(names) != n_classes:
        raise ValueError(
            f"expected {n_classes} names in {folder / CLASS_NAMES}, as there are classes, got {len(names)}"
        )
    return names


def draw(images: NDArray[np.uint8], labels: NDArray, sizes: Mapping[str, int], seed: int) -> dict[str, Split]:
    """Disjoint, balanced, shuffled splits of drawings [N, 28, 28] with labels 0..K-1; `sizes` are of each class."""
    classes = [[k] for k in range(int(labels.max()) + 1)]
    return {
        split: (images[rows], new) for split, (rows, new) in draws.draw_splits(labels, classes, sizes, seed).items()
    }


def drawn(per_class: int, seed: int) -> Split:
    """The stand-in: `per_class` sketches of each of NAMES, in this order, as images [N, 28, 28] and labels [N].

    A larger set begins, in each class, with the sketches of a smaller one of the same seed.
    """
    from smallnets.data import sketches  # with Pillow, which a run on real data does without

    images = np.empty((len(NAMES), per_class, 28, 28), np.uint8)
    for k, name in enumerate(NAMES):
        rng = np.random.default_rng([seed, k])
        for i in range(per_class):
            images[k, i] = sketches.sketch(name, rng)
    return images.reshape(-1, 28, 28), np.repeat(np.arange(len(NAMES)), per_class)


def write_drawn(
    folder: Path, sizes: Mapping[str, int] = STAND_IN_SIZES, seed: int = 0, test_labels: bool = False
) -> None:
    """Write the stand-in, `sizes` of each class, with its note."""
    images, labels = drawn(sum(sizes.values()), seed)
    write(folder, draw(images, labels, sizes, seed), NAMES, True, test_labels)


def found(folder: Path) -> Path:
    """The folder to read from: this one, or beneath it the stand-in's where it has no drawings.

    Raises:
        ValueError: as for `holds`.
    """
    if holds(folder):
        return folder
    beneath = folder / STAND_IN_FOLDER
    return beneath if (beneath / IMAGES["train"]).is_file() else folder


def holds(folder: Path, split: str = "train") -> bool:
    """Whether the homework's images of a split are in a folder.

    Raises:
        ValueError: arrays are there, but under other names, or without those images.
    """
    if (folder / IMAGES[split]).is_file():
        return True
    if other := next((path for path in sorted(folder.glob("*.np[yz]")) if not path.name.startswith(".")), None):
        raise ValueError(
            f"expected {IMAGES[split]} beside {other}, got no such file; "
            f"`python data/quickdraw/prepare.py --source {folder}` makes it from Google's own files"
        )
    return False


def place(folder: Path, default: Path, split: str = "train") -> Path:
    """The folder to read from: `folder` if it holds images of this split, else `default` or its stand-in, see `made`.

    Raises:
        ValueError, OSError: as for `holds` and `made`.
    """
    return folder if holds(folder, split) else made(default)


def made(folder: Path, sizes: Mapping[str, int] = STAND_IN_SIZES) -> Path:
    """The folder to read from, as for `found`; without drawings the stand-in is made.

    Raises:
        ValueError: as for `holds`.
        OSError: the stand-in cannot be written there.
    """
    if not ((folder := found(folder)) / IMAGES["train"]).is_file():
        folder = folder / STAND_IN_FOLDER
        with elsewhere("python data/quickdraw/prepare.py --drawn --out DIR"):
            expect_folder(folder)  # drawing takes seconds
            write_drawn(folder, sizes)
    return folder


def ensure(folder: Path, sizes: Mapping[str, int] = STAND_IN_SIZES) -> Path:
    """As `made`, after the stand-in's note was printed."""
    return told(made(folder, sizes))


def told(folder: Path) -> Path:
    """The same folder, after its note was printed if it has one."""
    if note(folder):
        print(note(folder))
    return folder


def note(folder: Path) -> str:
    """A note on the stand-in in a folder; empty for Quick, Draw! itself or nothing."""
    return datasets.stand_in_note(folder, [IMAGES["train"], LABELS["train"]])
