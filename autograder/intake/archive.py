"""Read an untrusted zip archive: nothing is written here, and its names and sizes are not trusted."""

import contextlib
import errno
import functools
import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from autograder.intake.entry import BLOCK, MOST_ENTRIES, Entry, too_many
from autograder.intake.names import shown

STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # a first file, or the end of an empty archive
MOST_DIRECTORY = 2**18  # bytes of the table of contents, which is read at once
MOST_RATIO, FREE = 100, 2**20  # no file over FREE bytes may unpack to more than MOST_RATIO times its packed size
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class _TooMuch(Exception):
    """A read of more bytes than an archive of few files needs."""


class _Bounded(io.FileIO):
    """A file that refuses to be read in large pieces, so that no table of contents fills the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise _TooMuch
        return super().read(size) or b""


@contextlib.contextmanager
def _damage_named(what: str) -> Iterator[None]:
    """Turn zipfile's errors on a damaged archive into one line."""
    try:
        yield
    except _TooMuch:
        raise too_many("archive") from None
    except (*DAMAGE, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a seek out of a damaged file
            raise
        raise ValueError(f"expected a zip archive that can be read, got damage in {what}") from error


def entries(descriptor: int) -> list[Entry]:
    """The files and folders of a zip archive, which stays open.

    Raises:
        ValueError: it is damaged, has too many entries, or a malicious one.
    """
    with _damage_named("its table of contents"):
        archive = zipfile.ZipFile(_Bounded(descriptor, closefd=False))
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise too_many("archive")
    found = {}
    for info in infos:
        path, alike = _path(info), unicodedata.normalize("NFKC", _path(info)).casefold().rstrip("/")
        _check(info)
        if alike in found:
            raise ValueError(f"expected each name once in the archive, got it twice: {shown(path)}")
        found[alike] = Entry(path, info.file_size, functools.partial(_blocks, archive, info))
    return list(found.values())


def _path(info: zipfile.ZipInfo) -> str:
    """The path of an entry, with a slash at the end for a folder; raises ValueError for one that leaves the archive."""
    name = info.orig_filename  # as written in the archive; zipfile cuts and replaces parts of `filename`
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or name[1:2] == ":" or ".." in parts or "\\" in name or "\0" in name:
        raise ValueError(f"expected names within the archive, got {shown(name)}")
    return "/".join(parts) + ("/" if name.endswith("/") else "")


def _check(info: zipfile.ZipInfo) -> None:
    """Raise ValueError for an entry that is a link or device, encrypted, or packed in an unusual way."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "something else"
        raise ValueError(f"expected files and folders only in the archive, got {what}: {shown(info.orig_filename)}")
    if info.flag_bits & ENCRYPTED:
        raise ValueError(f"expected an archive without a password, got an encrypted file: {shown(info.orig_filename)}")
    if info.compress_type not in METHODS:
        raise ValueError(f"expected files stored or deflated, got another compression: {shown(info.orig_filename)}")


def _blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    name, size = shown(info.orig_filename), 0
    with _damage_named(name):
        file = archive.open(info)
    with file:
        while block := _read(file, name):
            size += len(block)
            if size > max(FREE, MOST_RATIO * info.compress_size):
                raise ValueError(f"expected a file that unpacks to at most {MOST_RATIO} times its size, got {name}")
            yield block
    if size != info.file_size:
        raise ValueError(f"expected a zip archive that can be read, got damage in {name}: its size is wrong")


def _read(file: IO[bytes], name: str) -> bytes:
    with _damage_named(name):
        return file.read(BLOCK)
