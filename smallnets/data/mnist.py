"""MNIST's files as the labs read them, and scikit-learn's digits in their place where there is no network."""

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import own
from smallnets.data import draws, idx
from smallnets.data.datasets import NOTE, STAND_IN_FOLDER
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
# what people have of MNIST that is read by none of the labs, such as a download that was cut or Kaggle's tables
ODD = r"(train|t10k)-(images|labels).*|e?mnist.*\.(csv|gz|mat|npy|npz|parquet|pkl|tar|tgz|zip)"
PLACES = ("", "raw", "MNIST/raw", "archive")  # torchvision's, two folders down; that of Kaggle's archive.zip
TORCHVISION = "MNIST/raw"  # or in a folder beside ours, where data/ is its root
STAND_IN = "scikit-learn's small digits in place of MNIST, which `python data/mnist/prepare.py` fetches"
STAND_IN_SIZES = {"train": 138, "t10k": 36}  # images of each digit; the stand-in is known by them, wherever it lies

Form = Mapping[str, Path] | Path  # {IDX name: file}, or a .npz


def find(folder: Path) -> Form | None:
    """The files that hold MNIST in a folder, in whatever form; a stand-in only where nothing else is there.

    Raises:
        ValueError: some of the four IDX files are there without the others, or MNIST in a form that is not read.
    """
    forms: list[Form] = []
    incomplete = ""
    for place in PLACES:
        files = {name: idx.idx_files(folder / place, name) for name in ARRAYS}
        ours = {name: folder / place / f"{name}.gz" for name in ARRAYS}
        splits = _stand_in_splits(ours)
        if len(splits) == len(STAND_IN_SIZES):
            forms.append(ours)
        for name in ours:
            if name.partition("-")[0] in splits:
                files[name] = [path for path in files[name] if path != ours[name]]
        missing = [f"{name}.gz" for name, paths in files.items() if not paths]
        there = [paths[0] for paths in files.values() if paths]
        if not missing:
            forms.append(dict(zip(ARRAYS, there, strict=True)))
        elif there:
            received = "the stand-in's" if splits else "no such file"
            incomplete = f"expected MNIST's {', '.join(missing)} beside {there[0]}, got {received}"
    forms += [folder / name for name in (NPZ, OTHER_NPZ) if (folder / name).is_file()]
    real = next((form for form in forms if not _is_stand_in(form)), None)
    if real is None and incomplete:
        raise ValueError(incomplete)
    if real is None and (odd := _odd(folder, forms)):
        raise ValueError(f"expected MNIST's four IDX files or {NPZ} in {folder}, got {odd}, which is none of them")
    return real or (forms[0] if forms else None)


def _odd(folder: Path, forms: Sequence[Form]) -> str | None:
    """The name of something that looks like MNIST but for its form."""
    known = {path for form in forms for path in ([form] if isinstance(form, Path) else form.values())}
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return next((path.name for path in there if path not in known and re.fullmatch(ODD, path.name, re.I)), None)


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
        return idx.read_idx(form[name])
    try:
        with open(form, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            array: NDArray = arrays[ARRAYS[name]]
    except OSError:
        raise
    except Exception as error:  # a damaged archive ends in any of a dozen errors
        raise ValueError(f"expected {form} to be a .npz file with {ARRAYS[name]}, got another or a damaged one "
                         f"({error})") from None  # fmt: skip
    if array.dtype != np.uint8:
        raise ValueError(f"expected {ARRAYS[name]} of uint8 in {form}, got {array.dtype}")
    return array


def _stand_in_splits(form: Form) -> list[str]:
    """Of which of "train" and "t10k" the labels are the stand-in's; a file that cannot be read is none of ours."""
    splits = []
    for split, size in STAND_IN_SIZES.items():
        with contextlib.suppress(OSError, ValueError):
            labels = _array(form, f"{split}-labels-idx1-ubyte")
            splits += [split] if np.bincount(labels.ravel()).tolist() == [size] * 10 else []
    return splits


def _is_stand_in(form: Form) -> bool:
    return len(_stand_in_splits(form)) == len(STAND_IN_SIZES)


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
    if any(path.exists() for path, _ in changed):
        stand_in = digits()
        for path, form, parts in targets:
            # versions of SciPy may round differently
            if path in dict(changed) and path.exists() and not _holds(form, {k: stand_in[k] for k in parts}, within=1):
                raise ValueError(f"expected {path} to hold the same images or a stand-in, got others; move it away")
    note = folder / NOTE
    if note.is_file() and note.read_text(encoding="utf-8").strip() == STAND_IN:
        note.unlink()
    for path, parts in changed:
        if path.exists():
            own.remember(path)  # as it is a stand-in
        if path.suffix == ".npz":
            _write_npz(path, parts)
        else:
            idx.write_idx(path, *parts.values())


def _holds(form: Form, arrays: Mapping[str, NDArray], within: int = 0) -> bool:
    """Whether files hold these arrays already, up to differences of `within`."""
    try:
        pairs = [(_array(form, name).astype(np.int16), array) for name, array in arrays.items()]
    except (OSError, ValueError):
        return False
    return all(x.shape == y.shape and np.abs(x - y).max(initial=0) <= within for x, y in pairs)


def _write_npz(path: Path, arrays: Mapping[str, NDArray]) -> None:
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **{ARRAYS[name]: array for name, array in arrays.items()})


def digits() -> dict[str, NDArray[np.uint8]]:
    """The stand-in: scikit-learn's 1,797 scanned digits of 8x8, enlarged to 28x28 by linear interpolation.

    STAND_IN_SIZES of each digit to train on and to test on (no digit has fewer than 174), drawn with seed 0.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # grid_mode lines up the edges of the first and last pixels, not their centres
    enlarged = zoom(bunch.images, (1, 3.5, 3.5), order=1, mode="nearest", grid_mode=True)
    images = np.clip(np.rint(enlarged * (255 / 16)), 0, 255).astype(np.uint8)
    splits = draws.draw_splits(bunch.target, [[k] for k in range(10)], STAND_IN_SIZES, seed=0)
    arrays = {}
    for split, (rows, labels) in splits.items():
        arrays[f"{split}-images-idx3-ubyte"] = images[rows]
        arrays[f"{split}-labels-idx1-ubyte"] = labels.astype(np.uint8)
    return arrays


def write_digits(folder: Path) -> None:
    """Write the stand-in, with its note where there is none; raises ValueError as `write` does."""
    write(folder, digits())
    if not (folder / NOTE).exists():
        write_text(folder / NOTE, STAND_IN + "\n")


def found(*folders: Path) -> Path:
    """The folder to read from: the first that has MNIST, or has it in torchvision's beside it; else a stand-in's.

    Where nothing is found, this is the last of the folders.

    Raises:
        ValueError: as for `find`.
    """
    places = [place for folder in folders for place in (folder, folder.parent / TORCHVISION)]
    there = [place for place in places if find(place) is not None]
    for folder in folders:
        with contextlib.suppress(ValueError):  # a stand-in that was not written to its end
            there += [folder / STAND_IN_FOLDER] if find(folder / STAND_IN_FOLDER) is not None else []
    return next((place for place in there if not note(place)), there[0] if there else folders[-1])


def ensure(*folders: Path) -> Path:
    """The folder to read from, as for `found`, after its note was printed; without MNIST the stand-in is made.

    Raises:
        ValueError: as for `find`.
        OSError: the stand-in cannot be written there.
    """
    if find(folder := found(*folders)) is None:
        folder = folder / STAND_IN_FOLDER
        with elsewhere("python data/mnist/prepare.py --digits --out DIR"):
            expect_folder(folder)
            write_digits(folder)
    return told(folder)


def told(place: Path) -> Path:
    """The same folder or .npz, after its note was printed if it has one."""
    if note(place):
        print(note(place))
    return place


def note(place: Path) -> str:
    """A note on the stand-in in a folder or .npz; empty for MNIST itself or nothing."""
    form = place if place.is_file() else find(place)
    return STAND_IN if form is not None and _is_stand_in(form) else ""


@contextlib.contextmanager
def as_npz(place: Path) -> Iterator[Path]:
    """MNIST of a folder as one .npz with x_train, y_train, x_test and y_test; made for this once if it is not there.

    Anything but a folder is given back as it is.
    """
    form = find(place) if place.is_dir() else place
    if isinstance(form, Path):
        yield form
        return
    arrays = {name: array for split in ("train", "t10k") for name, array in zip(
        (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"), read(place, split), strict=True)}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mnist-") as temporary:
        np.savez(Path(temporary) / NPZ, allow_pickle=False, **{ARRAYS[name]: each for name, each in arrays.items()})
        yield Path(temporary) / NPZ
