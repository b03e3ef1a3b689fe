"""MNIST's files as the labs read them, and scikit-learn's digits in their place where there is no network."""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import datasets
from smallnets.files import elsewhere, expect_folder, replacing, write_text

# file of the four IDX files (with .gz behind it): its array in full-mnist.npz
ARRAYS = {
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
NPZ = "full-mnist.npz"
OTHER_NPZ = "mnist.npz"  # Keras' name for the same arrays
PLACES = ("", "raw", "MNIST/raw")  # torchvision keeps the files two folders down
STAND_IN = "scikit-learn's small digits in place of MNIST, which `python data/mnist/prepare.py` fetches"
STAND_IN_FOLDER = "stand_in"  # beneath the folder where MNIST would be
# the stand-in is known by the sha256 of its training labels, wherever it lies
STAND_IN_LABELS = "5b52dce0816c29d9f538b7c7363ac49c0076941be7b2d780ded9ee46f00a1265"
NOTE = "STAND_IN.txt"  # tells people that the files beside it are not MNIST's

Form = Mapping[str, Path] | Path  # {IDX name: file}, or a .npz


def find(folder: Path) -> Form | None:
    """The files that hold MNIST in a folder, in whatever form; a stand-in only where nothing else is there.

    Raises:
        ValueError: some of the four IDX files are there without the others.
    """
    forms: list[Form] = []
    incomplete = ""
    for place in PLACES:
        files = {name: datasets.idx_files(folder / place, name) for name in ARRAYS}
        ours = {name: folder / place / f"{name}.gz" for name in ARRAYS}
        if _is_stand_in(ours):
            forms.append(ours)
            files = {name: [path for path in paths if path != ours[name]] for name, paths in files.items()}
        missing = [f"{name}.gz" for name, paths in files.items() if not paths]
        there = [paths[0] for paths in files.values() if paths]
        if not missing:
            forms.append(dict(zip(ARRAYS, there, strict=True)))
        elif there:
            incomplete = f"expected {', '.join(missing)} beside {there[0]}, got no such file"
    forms += [folder / name for name in (NPZ, OTHER_NPZ) if (folder / name).is_file()]
    real = next((form for form in forms if not _is_stand_in(form)), None)
    if real is None and incomplete:
        raise ValueError(incomplete)
    return real or (forms[0] if forms else None)


def read(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images [N, 28, 28] and labels [N] of "train" or "t10k" from a folder, as `find` finds them.

    Raises:
        FileNotFoundError: there is nothing of MNIST.
        ValueError: a file is missing or damaged, or they don't hold as many images of 28x28 as labels from 0 to 9.
    """
    if (form := find(folder)) is None:
        raise FileNotFoundError(f"expected MNIST's four IDX files or {NPZ} in {folder}, got none of them")
    names = (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte")
    images, labels = (_array(form, name) for name in names)
    path = form if isinstance(form, Path) else form[names[0]]
    if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"expected images [N, 28, 28] and labels [N] in {path} and beside it, "
                         f"got {list(images.shape)} and {list(labels.shape)}")  # fmt: skip
    if labels.max() > 9:
        raise ValueError(f"expected labels from 0 to 9 beside {path}, got {labels.max()}")
    return images, labels


def _array(form: Form, name: str) -> NDArray[np.uint8]:
    """One of the four arrays.

    Raises:
        ValueError: the file is damaged, or a .npz without it.
    """
    if not isinstance(form, Path):
        return datasets.read_idx(form[name])
    try:
        with np.load(form, allow_pickle=False) as arrays:
            array: NDArray = arrays[ARRAYS[name]]
    except OSError:
        raise
    except Exception as error:  # a damaged archive ends in any of a dozen errors
        raise ValueError(f"expected {form} to be a .npz file with {ARRAYS[name]}, got another or a damaged one "
                         f"({error})") from None  # fmt: skip
    if array.dtype != np.uint8:
        raise ValueError(f"expected {ARRAYS[name]} of uint8 in {form}, got {array.dtype}")
    return array


def _is_stand_in(form: Form) -> bool:
    """Whether the training labels are the stand-in's; a file that cannot be read is none of ours."""
    try:
        labels = _array(form, "train-labels-idx1-ubyte")
    except (OSError, ValueError):
        return False
    return hashlib.sha256(np.ascontiguousarray(labels).data).hexdigest() == STAND_IN_LABELS


def write(folder: Path, arrays: Mapping[str, NDArray[np.uint8]]) -> None:
    """Write {IDX name: array} as four .gz files and as one full-mnist.npz; a stand-in there is replaced.

    Raises:
        ValueError: a file of one of these names holds something else; then nothing is written.
    """
    packed = {name: folder / f"{name}.gz" for name in ARRAYS}
    targets: list[tuple[Path, Form, Mapping[str, NDArray]]] = [
        *((path, packed, {name: arrays[name]}) for name, path in packed.items()),
        (folder / NPZ, folder / NPZ, arrays),
    ]
    changed = [(path, parts) for path, form, parts in targets if not (path.exists() and _holds(form, parts))]
    for path, form, _ in targets:
        if path in dict(changed) and path.exists() and not _is_stand_in(form):
            raise ValueError(f"expected {path} to hold the same images or a stand-in, got others; move it away")
    note = folder / NOTE
    if note.is_file() and note.read_text(encoding="utf-8").strip() == STAND_IN:
        note.unlink()
    for path, parts in changed:
        if path.suffix == ".npz":
            _write_npz(path, parts)
        else:
            datasets.write_idx(path, *parts.values())


def _holds(form: Form, arrays: Mapping[str, NDArray]) -> bool:
    """Whether files hold these arrays already."""
    try:
        return all(np.array_equal(_array(form, name), array) for name, array in arrays.items())
    except (OSError, ValueError):
        return False


def _write_npz(path: Path, arrays: Mapping[str, NDArray]) -> None:
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **{ARRAYS[name]: array for name, array in arrays.items()})


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
    """Write the stand-in, with its note; raises ValueError as `write` does."""
    write(folder, digits())
    write_text(folder / NOTE, STAND_IN + "\n")


def found(folder: Path) -> Path:
    """The folder to read from: this one, or beneath it the stand-in's where it has no MNIST."""
    beneath = folder / STAND_IN_FOLDER
    return beneath if find(folder) is None and find(beneath) is not None else folder


def ensure(folder: Path) -> Path:
    """The folder to read from, as for `found`; without MNIST the stand-in is made, and its note printed each time.

    Raises:
        ValueError: some of MNIST's files are there without the others.
        OSError: the stand-in cannot be written there.
    """
    if find(folder := found(folder)) is None:
        folder = folder / STAND_IN_FOLDER
        with elsewhere("python data/mnist/prepare.py --digits --out DIR"):
            expect_folder(folder)
            write_digits(folder)
    if note(folder):
        print(note(folder))
    return folder


def note(folder: Path) -> str:
    """What `read` gives from a folder in place of MNIST; empty where that is MNIST, or nothing."""
    form = find(folder)
    return STAND_IN if form is not None and _is_stand_in(form) else ""


@contextlib.contextmanager
def as_npz(folder: Path) -> Iterator[Path]:
    """MNIST of a folder as one .npz with x_train, y_train, x_test and y_test; made for this once if it is not there."""
    form = find(folder)
    if isinstance(form, Path):
        yield form
        return
    arrays = {name: array for split in ("train", "t10k") for name, array in zip(
        (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"), read(folder, split), strict=True)}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mnist-") as temporary:
        np.savez(Path(temporary) / NPZ, allow_pickle=False, **{ARRAYS[name]: each for name, each in arrays.items()})
        yield Path(temporary) / NPZ
