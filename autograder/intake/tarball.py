"""Read an untrusted tar archive, packed by gzip, bzip2, xz or not at all; nothing is written under its names."""

import bz2
import contextlib
import functools
import gzip
import lzma
import math
import tarfile
import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from autograder.intake.archive import MANY, Bounded, TooMuch, damage_named, read_block
from autograder.intake.entry import BLOCK, Refused
from autograder.intake.members import Listing, Member, listing
from autograder.intake.names import shown

MOST_BYTES = 2**28  # of the archive when it is unpacked
MOST_HEADERS = 2**22  # bytes of all headers, some 512 of each file
MOST_MEMORY = 2**27  # of xz; its highest level takes half of it
GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"


class _Headers(Bounded):
    """A file that refuses to be read further when its headers take more than MOST_HEADERS; `left` counts down."""

    left: float = MOST_HEADERS

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        self.left -= len(block)
        if self.left < 0:
            raise TooMuch(MANY)
        return block


def is_tar(start: bytes) -> bool:
    """Whether a file with this start, of 512 bytes, is a tar archive or packed as most of them are."""
    return start[257:262] == b"ustar" or start.startswith((GZIP, BZIP2, XZ))


@contextlib.contextmanager
def entries(descriptor: int, start: bytes, depth: int) -> Iterator[Listing]:
    """The names in a tar archive, which can be read during the block.

    Args:
        start: its first bytes.

    Raises:
        ValueError: it is damaged, too large, no tar archive, or has too many entries.
    """
    with tempfile.TemporaryFile() as plain, contextlib.ExitStack() as stack:
        if start[257:262] != b"ustar":
            with damage_named("its compression"):
                _unpack(descriptor, start, plain)
            descriptor = plain.fileno()
        with damage_named("its list of files"):
            file = _Headers(descriptor, closefd=False)
            archive = stack.enter_context(tarfile.open(fileobj=file, mode="r:"))
            infos = archive.getmembers()
        file.left = math.inf
        yield listing((Member(i.name, i.isdir(), i.size, functools.partial(_blocks, archive, i)) for i in infos), depth)


def _unpack(descriptor: int, start: bytes, plain: IO[bytes]) -> None:
    with open(descriptor, "rb", closefd=False) as packed:
        size = 0
        for block in _unpacked(packed, start):
            size += len(block)
            if size > MOST_BYTES:
                raise TooMuch(f"expected an archive of at most {MOST_BYTES:,} bytes unpacked, got more")
            plain.write(block)
    plain.seek(0)


def _unpacked(packed: BinaryIO, start: bytes) -> Iterator[bytes]:
    if start.startswith(XZ):
        xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)
        while not xz.eof:
            data = packed.read(BLOCK) if xz.needs_input else b""
            if xz.needs_input and not data:
                raise EOFError("it ends too early")
            yield xz.decompress(data, BLOCK)
        return
    with gzip.GzipFile(fileobj=packed) if start.startswith(GZIP) else bz2.BZ2File(packed) as file:
        while block := file.read(BLOCK):
            yield block


def _blocks(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(info) if info.isreg() else None
    if file is None:
        raise Refused("expected a regular file, got a link, pipe or the like")
    with file:
        while block := read_block(file, shown(info.name)):
            yield block
