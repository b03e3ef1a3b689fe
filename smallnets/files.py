"""Files that are either whole or absent, and their checksums."""

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from smallnets import faults, own

BLOCK = 4096  # bytes that a disk which is not full takes
JSON = (b"{", b"[")  # how a file of JSON begins
PICTURE = (b"\x89PNG", b"\xff\xd8", b"%PDF", b"%!PS", b"<?xml", b"<svg", b"II", b"MM", b"RIFF")  # in any format


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success it becomes `path`, on any exception it is removed.

    The folder is created when it is missing, and a link is followed. The temporary name keeps the suffix,
    since some writers (matplotlib, numpy) choose their format by it. A file of that name which no program of ours has
    written is kept aside, see `own`.

    Raises:
        ValueError: `path` is there and no file, but a folder or a device.
        OSError: it cannot be written; `path` is the file that the error names.
    """
    path = _replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")  # no file of a user has such a name
    try:
        with named(path, temporary):
            yield temporary
            own.spare(path)
            os.replace(temporary, path)
            own.remember(path)
    finally:
        _clear(temporary)


@contextmanager
def named(path: Path, temporary: str | Path) -> Iterator[None]:
    """Let an OSError name the user's file or folder instead of a temporary one, or of none as a full disk does."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def expect_folder(path: str | Path) -> None:
    """Raise now, before the work, if no file could be written into a folder later. It need not be there yet.

    Raises:
        OSError: a file has its name, or the disk cannot be written to; the error names the folder.
    """
    path = Path(path)
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not there.is_dir():
        raise OSError(errno.EEXIST if there == path else errno.ENOTDIR, "not a folder", str(path))
    temporary = there / f".{secrets.token_hex(8)}"
    try:
        with named(path, temporary):
            temporary.write_bytes(bytes(BLOCK))
    finally:
        _clear(temporary)


def expect_file(path: str | Path, *begins: bytes) -> None:
    """Raise now what `replacing(path)` would raise later, after the work.

    Args:
        begins: how such files begin. If there is a file of another kind, the user has named the wrong one.

    Raises:
        ValueError: `path` is there and no file, or a file of another kind.
        OSError: it cannot be written.
    """
    path = _replaceable(path)
    if begins and path.exists() and (start := _start(path)) and not start.startswith(begins):
        raise ValueError(f"expected {path} to be new or one that can be replaced, got another kind of file")
    expect_folder(path.parent)


def _start(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(64).lstrip()


def _clear(temporary: Path) -> None:
    """Remove a temporary file, if there is one; where that fails, writing it has failed before and says why."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _replaceable(path: str | Path) -> Path:
    """The file at the end of all links; ValueError if something else has the name."""
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise ValueError(f"expected {path} to be a file, got something else of that name")
    return path


@contextmanager
def elsewhere(command: str) -> Iterator[None]:
    """Let an OSError of the block, which makes a stand-in, also say which command makes it in a folder of choice."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{faults.words(error)}; `{command}` makes it elsewhere, for the option that names DIR"
        ) from error


def keep_elsewhere(path: Path, content: bytes, error: OSError) -> NoReturn:
    """Write what took long to make into a folder for temporary files, as its own place has failed; raise where it is.

    Raises:
        OSError: always: what failed, and where the content is, if it could be written anywhere.
    """
    folder = Path(tempfile.mkdtemp(prefix="kept-"))
    other = folder / path.name
    try:
        other.write_bytes(content)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise error from None
    raise OSError(f"{faults.words(error)}; kept in {other} instead") from error


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def sha256_of_arrays(arrays: Iterable[NDArray]) -> str:
    """One sha256 over the values of several arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def sha256(path: str | Path) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
