"""Read a folder that nobody vouches for: no link is followed, and nothing but regular files is opened."""

import functools
import itertools
import os
import stat
from collections.abc import Callable, Iterator

from autograder.entry import BLOCK, MOST_ENTRIES, Entry, Refused, too_many

# nothing waits for the other end of a pipe
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def entries(descriptor: int, skip: Callable[[str], bool]) -> list[Entry]:
    """What lies in an open folder and, except in those whose name `skip` is true of, in its folders; not deeper.

    Raises:
        ValueError: there is too much in it. Of what lies in its folders, the first few hundred names count.
    """
    found = []
    with os.scandir(descriptor) as listing:
        top = sorted(itertools.islice(listing, MOST_ENTRIES + 1), key=lambda entry: entry.name)
    if len(top) > MOST_ENTRIES:
        raise too_many("folder")
    for entry in top:
        found.append(_entry(descriptor, entry, ""))
        if entry.is_dir(follow_symlinks=False) and not skip(entry.name):
            found += _within(descriptor, entry.name)
    return found


def _within(descriptor: int, name: str) -> list[Entry]:
    try:
        inner = os.open(name, FLAGS | os.O_DIRECTORY, dir_fd=descriptor)
    except OSError:  # one that may not be entered has nothing for us
        return []
    try:
        with os.scandir(inner) as listing:
            few = sorted(itertools.islice(listing, MOST_ENTRIES), key=lambda entry: entry.name)
            return [_entry(descriptor, entry, f"{name}/") for entry in few]
    finally:
        os.close(inner)


def _entry(descriptor: int, entry: os.DirEntry[str], beneath: str) -> Entry:
    if entry.is_dir(follow_symlinks=False):
        return Entry(f"{beneath}{entry.name}/", 0, functools.partial(_blocks, descriptor, beneath, entry.name))
    size = entry.stat(follow_symlinks=False).st_size
    return Entry(beneath + entry.name, size, functools.partial(_blocks, descriptor, beneath, entry.name))


def _blocks(descriptor: int, beneath: str, name: str) -> Iterator[bytes]:
    """The bytes of a file in an open folder, or in the folder `beneath` it."""
    folder = descriptor
    try:
        if beneath:
            # without the slash, with which a link would be followed after all
            folder = _open(beneath.rstrip("/"), descriptor, FLAGS | os.O_DIRECTORY)
        # looked at first: opening a device can already do something
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise Refused("expected a regular file, got a link, pipe or the like")
        file = _open(name, folder, FLAGS)
    finally:
        if folder != descriptor:
            os.close(folder)
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
