"""Read the files of a data set's folder: arrays, class names, the note on a stand-in."""

import json
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets.files import sha256

MANIFEST = "SHA256SUMS"
STAND_IN_FOLDER = "stand_in"  # beneath the folder where real data would be
CLASS_NAMES = "class_names.json"
NOTE = "STAND_IN.txt"  # tells people that the files beside it are no real data


def read_npy(path: str | Path) -> NDArray:
    """Read an array from a .npy file; pickled objects are refused, as opening them could run code.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a .npy file, is cut short, or holds Python objects.
    """
    path = Path(path)
    with open(path, "rb") as file:
        magic = file.read(len(np.lib.format.MAGIC_PREFIX))
    if magic != np.lib.format.MAGIC_PREFIX:
        raise ValueError(f"expected {path} to be a .npy file, got other content (it starts with {magic!r})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers of Python 2
            # mapping the file first means that a forged header can't ask for more memory than the file has
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            return array.astype(array.dtype.newbyteorder("="))  # torch takes the machine's own byte order only
    except Exception as error:  # a damaged header ends in any of a dozen errors of numpy's parser
        if _holds_objects(path):
            raise ValueError(f"expected {path} to hold numbers, got pickled objects, which are refused") from None
        raise ValueError(f"expected {path} to be a whole .npy file, got a damaged one ({error})") from None


def _holds_objects(path: Path) -> bool:
    """Whether the header of a .npy file announces Python objects; False where it cannot be read."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(readers[np.lib.format.read_magic(file)](file)[2].hasobject)
    except Exception:
        return False


def class_names(folder: Path, key: str = "") -> list[str] | None:
    """The names in a folder's class_names.json, in the order of the labels; None without the file.

    Args:
        key: the file may also be an object with the list under this key; "" allows a list alone.

    Raises:
        ValueError: the file holds something else, or a name that cannot be printed or drawn.
    """
    path = folder / CLASS_NAMES
    if not path.is_file():
        return None
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        names = None
    if key and isinstance(names, dict):
        names = names.get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) and is_name(name) for name in names):
        under = f', or an object with one under "{key}"' if key else ""
        raise ValueError(f"expected {path} to be a JSON list of printable names without ${under}; got something else")
    return names


def is_name(name: str) -> bool:
    """Whether a class may be called so: something printable, without the $ that matplotlib takes for a formula."""
    return bool(name.strip()) and name.isprintable() and "$" not in name


def foreign(folder: Path, names: Iterable[str], manifest: str = MANIFEST) -> str | None:
    """The first of the names whose file is there, but not as the folder's manifest has it."""
    known = lines(folder / manifest)
    there = (name for name in names if (folder / name).exists())
    return next((name for name in there if f"{sha256(folder / name)}  {name}" not in known), None)


def stand_in_note(folder: Path, names: Iterable[str]) -> str:
    """The note beside a stand-in whose files have these names; empty where there is none.

    A note that an earlier stand-in has left beside other files does not count.
    """
    path = folder / NOTE
    if not path.is_file() or foreign(folder, names) is not None:
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def lines(path: Path) -> list[str]:
    """The lines of a text file, without their ends; none if it is not there."""
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
