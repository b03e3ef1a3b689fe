"""Read an untrusted folder: no link is followed, and only regular files are opened."""

import contextlib
import functools
import itertools
import os
import stat
from collections.abc import Callable, Iterator

from autograder.intake.entry import BLOCK, FLAGS, MOST_ENTRIES, Entry, Refused, flags, too_many


def entries(descriptor: int, skip: Callable[[str], bool], depth: int = 1) -> list[Entry]:
    """The entries of an open folder and, down to `depth`, of its folders, except those for whose names `skip` is true.

    Raises:
        ValueError: it has too many entries. Of each inner folder, only the first few hundred names are read.
    """
    with os.scandir(descriptor) as listing:
        top = sorted(itertools.islice(listing, MOST_ENTRIES + 1), key=lambda entry: entry.name)
    if len(top) > MOST_ENTRIES:
        raise too_many("folder")
    found = []
    for entry in top:
        found.append(_entry(descriptor, entry, ""))
        if entry.is_dir(follow_symlinks=False) and not skip(entry.name):
            found += itertools.islice(_within(descriptor, f"{entry.name}/", skip, depth), MOST_ENTRIES)
    return found


def _within(descriptor: int, beneath: str, skip: Callable[[str], bool], depth: int) -> Iterator[Entry]:
    """The entries of the folder `beneath` an open one, `depth` folders deep; its own before those of its folders."""
    try:
        with _descend(descriptor, beneath) as inner, os.scandir(inner) as listing:
            few = sorted(itertools.islice(listing, MOST_ENTRIES), key=lambda entry: entry.name)
            # here, while `inner` is open: an entry's is_dir() and stat() need it
            found = [(_entry(descriptor, entry, beneath), entry.is_dir(follow_symlinks=False)) for entry in few]
    except Refused:  # a folder that cannot be entered counts as empty
        return
    yield from (entry for entry, _ in found)
    for entry, is_folder in found:
        if depth > 1 and is_folder and not skip(entry.path[len(beneath) : -1]):
            yield from _within(descriptor, entry.path, skip, depth - 1)


def _entry(descriptor: int, entry: os.DirEntry[str], beneath: str) -> Entry:
    if entry.is_dir(follow_symlinks=False):
        return Entry(f"{beneath}{entry.name}/", 0, functools.partial(_blocks, descriptor, beneath, entry.name))
    size = entry.stat(follow_symlinks=False).st_size
    return Entry(beneath + entry.name, size, functools.partial(_blocks, descriptor, beneath, entry.name))


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
