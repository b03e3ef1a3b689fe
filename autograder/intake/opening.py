"""Open a submission, a folder or an archive, with the archives in it that hold the lab's files."""

import contextlib
import dataclasses
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.intake import archive, folder, kinds, locate, tarball
from autograder.intake.copy_files import MOST_BYTES
from autograder.intake.entry import FLAGS, Entry, Refused
from autograder.intake.listing import some
from autograder.intake.members import Listing
from autograder.intake.names import shown
from autograder.lab import Lab

ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz", ".tbz2", ".7z", ".rar")
MOST_ARCHIVES = 5  # that are looked into, of those in a submission


@contextlib.contextmanager
def opened(path: Path, lab: Lab) -> Iterator[Listing]:
    """The names in a submission, whose files can be read during the block.

    If a required file is missing, those in the archives beside the lab's files are added.

    Raises:
        ValueError: no such path, neither folder nor archive, too many files, or a damaged archive.
        OSError: the disk fails.
    """
    depth = locate.levels(lab)
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(_outer(path, depth))
        top = locate.located(found.paths, lab).top
        for inner in [inner for inner in found.files if _is_inner(inner, top)][:MOST_ARCHIVES]:
            place = locate.located(found.paths, lab)
            if all(wanted.name in place.files for wanted in lab.hand_in if wanted.required):
                break
            try:
                inside = _inner(found.files[inner], depth, stack)
            except ValueError as reason:
                found = found._replace(notes=[*found.notes, f"{shown(inner)} was left aside: {reason}"])
            else:
                found = _merged(found, inner, inside, lab, top)
        yield found


@contextlib.contextmanager
def _outer(path: Path, depth: int) -> Iterator[Listing]:
    """The names in a folder (to `depth` levels) or archive, which stays open during the block."""
    wanted, name = "expected a folder or a zip archive, got", shown(path.name or str(path))
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(f"{wanted} nothing of that name: {name}") from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise ValueError(f"{wanted} {'a link' if stat.S_ISLNK(mode) else 'something else'}: {name}")
    descriptor = os.open(path, FLAGS)
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            yield folder.entries(descriptor, depth)
            return
        start = _start(descriptor)
        if not kinds.is_archive(start):
            kind, advice = kinds.described(start)
            kind = "a file that is no archive" if kind == kinds.OTHER and name.lower().endswith(ENDINGS) else kind
            raise ValueError(f"{wanted} {kind}: {name}{advice}")
        with contextlib.ExitStack() as stack:
            try:
                found = stack.enter_context(_archive(descriptor, start, depth))
            except ValueError as reason:
                raise ValueError(f"{reason}: {name}") from reason
            yield found
    finally:
        os.close(descriptor)


def _start(descriptor: int) -> bytes:
    start = os.read(descriptor, kinds.START)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return start


@contextlib.contextmanager
def _archive(descriptor: int, start: bytes, depth: int) -> Iterator[Listing]:
    if kinds.is_zip(start):
        yield archive.entries(descriptor, depth)
    else:
        with tarball.entries(descriptor, start, depth) as found:
            yield found


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder) and path != folder


def _is_inner(path: str, top: str) -> bool:
    """Whether a path is an archive at the top, or beside the lab's files."""
    return path.removeprefix(top).count("/") == 0 and path.lower().endswith(ENDINGS)


def _inner(entry: Entry, depth: int, stack: contextlib.ExitStack) -> Listing:
    """The names in an archive of a submission, which stays open with the stack; ValueError if it cannot be read."""
    copy = stack.enter_context(tempfile.TemporaryFile())
    try:
        for block in entry.blocks():
            copy.write(block)
            if copy.tell() > MOST_BYTES:
                raise ValueError(f"expected an archive of at most {MOST_BYTES:,} bytes, got more")
    except Refused as reason:
        raise ValueError(str(reason)) from None
    copy.seek(0)
    start = _start(copy.fileno())
    if not kinds.is_archive(start):
        kind, advice = kinds.described(start)
        raise ValueError(f"expected a zip archive, got {kind}{advice}")
    found = stack.enter_context(_archive(copy.fileno(), start, depth))
    return found._replace(files={path: _apart(inner) for path, inner in found.files.items()})


def _apart(entry: Entry) -> Entry:
    """An entry whose damage is a reason to refuse it alone, not all of the submission."""

    def blocks() -> Iterator[bytes]:
        try:
            yield from entry.blocks()
        except ValueError as reason:
            raise Refused(str(reason)) from None

    return dataclasses.replace(entry, blocks=blocks)


def _merged(found: Listing, path: str, inner: Listing, lab: Lab, top: str) -> Listing:
    """A submission with the names that its archive at `path` has beside the lab's files, unless they are there."""
    inside = locate.located(inner.paths, lab)
    if not inside.files:
        return found
    new = {top + name.removeprefix(inside.top): name for name in inner.paths if _below(name, inside.top)}
    known = set(found.paths)
    paths = [*(each for each in found.paths if each != path), *(name for name in new if name not in known)]
    files = {name: inner.files[old] for name, old in new.items() if old in inner.files} | found.files
    wanted = {name: top + old.removeprefix(inside.top) for name, old in inside.files.items()}
    taken, left = ([name for name in wanted if (wanted[name] in known) == there] for there in (False, True))
    notes = [*found.notes, *inner.notes]
    notes += [f"taken from {shown(path)}: {some(taken)}"] if taken else []
    notes += [f"left in {shown(path)}, as they are in two places: {some(left)}"] if left else []
    return Listing(paths, files, notes)
