"""Read an untrusted zip archive: nothing is written here, and its names and sizes are not trusted."""

import contextlib
import errno
import functools
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from autograder.intake.entry import BLOCK, Refused
from autograder.intake.members import Listing, Member, listing
from autograder.intake.names import shown

STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # a first file, or the end of an empty archive
MOST_DIRECTORY = 2**20  # bytes of the table of contents, which is read at once
MOST_RATIO, FREE = 100, 2**20  # no file over FREE bytes may unpack to more than MOST_RATIO times its packed size
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError)
MANY = "expected an archive of few files, got one of thousands: hand in the lab's own files only"


class TooMuch(Exception):
    """An archive takes more than a submission needs; the text has the form "expected ..., got ..."."""


class Bounded(io.FileIO):
    """A file that refuses to be read in large pieces, so that no table of contents fills the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise TooMuch(MANY)
        return super().read(size) or b""


@contextlib.contextmanager
def damage_named(what: str) -> Iterator[None]:
    """Turn the errors of zipfile and tarfile on a damaged archive into one line."""
    try:
        yield
    except TooMuch as reason:
        raise ValueError(str(reason)) from None
    except (*DAMAGE, NotImplementedError, RuntimeError, ValueError, OverflowError, OSError) as error:
        # EINVAL: a seek out of a damaged file; None: gzip and bzip2 on damage
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, None):
            raise
        raise ValueError(f"expected an archive that can be read, got damage in {what}") from error


def entries(descriptor: int, depth: int = 1) -> Listing:
    """The names in a zip archive, which stays open; links, encrypted files and the like are refused when they are read.

    Raises:
        ValueError: it is damaged, or has too many entries.
    """
    with damage_named("its table of contents"):
        archive = zipfile.ZipFile(Bounded(descriptor, closefd=False))
    return listing((_member(archive, info) for info in archive.infolist()), depth)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = info.orig_filename  # as written in the archive; zipfile cuts and replaces parts of `filename`
    is_folder = name.endswith(("/", "\\")) or stat.S_ISDIR(info.external_attr >> 16)
    return Member(name, is_folder, info.file_size, functools.partial(_blocks, archive, info))


def _check(info: zipfile.ZipInfo) -> None:
    """Refuse a link or device; raise ValueError for a file that is encrypted, or packed in an unusual way."""
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Refused("expected a regular file, got a link, pipe or the like")
    if info.flag_bits & ENCRYPTED:
        raise ValueError(f"expected an archive without a password, got an encrypted file: {shown(info.orig_filename)}")
    if info.compress_type not in METHODS:
        raise ValueError(f"expected files stored or deflated, got another compression: {shown(info.orig_filename)}")


def _blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    _check(info)
    name, size = shown(info.orig_filename), 0
    with damage_named(name):
        file = archive.open(info)
    with file:
        while block := read_block(file, name):
            size += len(block)
            if size > max(FREE, MOST_RATIO * info.compress_size):
                raise ValueError(f"expected a file that unpacks to at most {MOST_RATIO} times its size, got {name}")
            yield block
    if size != info.file_size:
        raise ValueError(f"expected an archive that can be read, got damage in {name}: its size is wrong")


def read_block(file: IO[bytes], name: str) -> bytes:
    """The next bytes of a member, b"" at its end; ValueError if it is damaged."""
    with damage_named(name):
        return file.read(BLOCK)
