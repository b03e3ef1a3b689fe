"""Read an untrusted folder: no link is followed, and only regular files are opened."""

import contextlib
import functools
import itertools
import os
import stat
from collections.abc import Iterator

from autograder.intake.entry import BLOCK, FLAGS, Entry, Refused, flags
from autograder.intake.listing import walked
from autograder.intake.members import Listing, expect_few, within

MOST_READ = 10_000  # names of one folder; those after them are not seen


def entries(descriptor: int, depth: int = 1) -> Listing:
    """The names in an open folder and, down to `depth`, in its folders.

    Raises:
        ValueError: it has too many entries.
    """
    expect_few(_names(descriptor, ""), "folder")
    files: dict[str, Entry] = {}
    paths = []
    for name in walked(functools.partial(_names, descriptor), depth):
        path = name
        if "\\" in name and not name.endswith("/"):  # an archive of Windows was unpacked to "folder\\net.py"
            path = within(name) or name
        paths.append(path)
        if not name.endswith("/"):
            files[path] = _entry(descriptor, name, path)
    return Listing(paths, files, [])


def _names(descriptor: int, beneath: str) -> list[str]:
    """The names in the folder `beneath` an open one, with a slash after those of folders."""
    try:
        with _descend(descriptor, beneath) as inner, os.scandir(inner) as entries:
            few = itertools.islice(entries, MOST_READ)
            return [entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in few]
    except Refused:  # a folder that cannot be entered counts as empty
        return []


def _entry(descriptor: int, name: str, path: str) -> Entry:
    around, slash, last = name.rpartition("/")
    try:
        with _descend(descriptor, around + slash) as folder:
            size = os.stat(last, dir_fd=folder, follow_symlinks=False).st_size
    except (Refused, OSError):  # it has gone since; `_blocks` says so
        size = 0
    return Entry(path, size, functools.partial(_blocks, descriptor, around + slash, last))


@contextlib.contextmanager
def _descend(descriptor: int, beneath: str) -> Iterator[int]:
    """The folder `beneath` an open one, opened name by name, so that no link is followed."""
    folder = os.dup(descriptor)
    try:
        for name in beneath.split("/")[:-1]:
            inner = _open(name, folder, FLAGS | flags("O_DIRECTORY"))
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _blocks(descriptor: int, beneath: str, name: str) -> Iterator[bytes]:
    """The bytes of a file in an open folder, or in the folder `beneath` it."""
    with _descend(descriptor, beneath) as folder:
        # checked first, as opening a device can have effects
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise Refused("expected a regular file, got a link, pipe or the like")
        file = _open(name, folder, FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Refused("expected a regular file, got something else")
        while block := os.read(file, BLOCK):
            yield block
    finally:
        os.close(file)


def _open(name: str, folder: int, flags: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        raise Refused(f"expected a file that can be read, got {error.strerror}") from error
