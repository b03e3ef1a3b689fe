"""Tell what a file is by its bytes, where a file of torch.save was expected."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

SAMPLE = 4096  # bytes that are looked at
OLD_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the number at the beginning of torch.save's files before torch 1.6
SAVE = "write it with torch.save(net.state_dict(), ...)"
AGAIN = "save or copy it again"
# the first bytes of a file -> what it is
BEGINNINGS = {
    b"version https://git-lfs": "a pointer of Git LFS; fetch the file itself by `git lfs pull`",
    b"\x93NUMPY": f"a .npy file of numpy.save; {SAVE}",
    b"\x89HDF\r\n\x1a\n": f"an HDF5 file (.h5), as Keras writes; build the net in PyTorch and {SAVE}",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"%PDF": "a PDF file",
}


def is_torch(path: Path) -> bool:
    """Whether a file is one of torch.save, of any version."""
    return is_old_torch(path) or is_torch_zip(_names(path) or [])


def is_old_torch(path: Path) -> bool:
    """Whether a file is one of torch.save before torch 1.6, which wrote no zip."""
    return OLD_TORCH in beginning(path)[:32]


def is_torch_zip(names: Sequence[str]) -> bool:
    """Whether these are the entries of a zip of torch.save."""
    ends = {name.rpartition("/")[2] for name in names if "/" in name}
    return "data.pkl" in ends and "constants.pkl" not in ends  # which torch.jit.save writes besides


def described(path: Path) -> str:
    """What a file that torch.load refused is, and the way out, for the end of "expected ..., got "."""
    start = beginning(path)
    known = next((words for first, words in BEGINNINGS.items() if start.startswith(first)), None)
    if known or not start:
        return known or f"an empty file; {AGAIN}"
    if is_old_torch(path):
        return f"a damaged or half-written one; {AGAIN}"
    if start.startswith(b"PK"):
        return _zip(path)
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML); download the file itself, not the page that shows it"
    if start[0] == 0x80 and start[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return f"a pickle that torch.save has not written; {SAVE}"
    line = _first_line(start)
    return f"a text that begins {line!r}" if line else f"another kind of file or a damaged one; {AGAIN}"


def beginning(path: Path) -> bytes:
    """The first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(SAMPLE)


def _names(path: Path) -> list[str] | None:
    """The names in a zip; None if it is no zip, or one without its end."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return None


def _zip(path: Path) -> str:
    names = _names(path)
    if names is None or is_torch_zip(names):
        return f"a damaged or half-written one; {AGAIN}"
    if any(name.endswith("/constants.pkl") for name in names):
        return f"a TorchScript archive; {SAVE}"
    if names and all(name.endswith(".npy") for name in names):
        return f"a .npz file of numpy.savez; {SAVE}"
    shown = ", ".join(repr(name[:40]) for name in names[:3]) or "nothing"
    return f"a zip of {shown}{' and more' if len(names) > 3 else ''}; hand in the model file itself"


def _first_line(start: bytes) -> str:
    """The first line of a text that is not blank, cut; "" if the bytes are no text."""
    text = start.decode("utf-8", "ignore")
    if len(text.encode()) < len(start) - 3 or any(ord(c) < 32 and c not in "\t\n\r\f" for c in text):
        return ""  # but a character may be cut at the end of the sample
    return next((line.strip()[:50] for line in text.splitlines() if line.strip()), "")
