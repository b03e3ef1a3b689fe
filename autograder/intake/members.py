"""The names in a submission, from an archive's list of members or from a folder."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from autograder.intake.entry import Entry
from autograder.intake.listing import MOST_ENTRIES, is_clutter, some, walked


class Listing(NamedTuple):
    """The names in a submission, in order.

    Args:
        paths: of its files and folders, from its top, with forward slashes; those of folders end with one.
        files: path -> entry, for all but folders.
        notes: on names that are read differently or not at all.
    """

    paths: list[str]
    files: dict[str, Entry]
    notes: list[str]


class Member(NamedTuple):
    """A name of an archive as it is written there, the stated size, and the function that yields its bytes."""

    name: str
    is_folder: bool
    size: int
    blocks: Callable[[], Iterator[bytes]]


def expect_few(names: Collection[str], what: str) -> None:
    """Raise ValueError if there are too many names at the top of a submission."""
    if sum(not is_clutter(name) for name in names) > MOST_ENTRIES:
        raise ValueError(
            f"expected at most {MOST_ENTRIES} entries in the {what}, got more: hand in the lab's own files only"
        )


def within(name: str) -> str | None:
    """A name of an archive as a path with forward slashes; None if it leads out of the archive.

    Old programs for Windows write backslashes between folders.
    """
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or name[1:2] == ":" or ".." in parts or "\0" in name:
        return None
    return "/".join(parts)


def listing(members: Iterable[Member], depth: int) -> Listing:
    """The entries of an archive, as the folder that it unpacks to lists them; of a name twice, the last counts.

    Raises:
        ValueError: too many entries at its top.
    """
    files: dict[str, Member] = {}
    folders: dict[str, set[str]] = {"": set()}
    twice, outside = set(), set()
    for member in members:
        if (path := within(member.name)) is None:
            outside.add(member.name)
            continue
        *around, last = path.split("/")
        _add_folders(folders, around + ([last] if member.is_folder and last else []))
        if not member.is_folder and last:
            if path in files:
                twice.add(path)
            files[path] = member
            folders[_folder(around)].add(last)
    expect_few(folders[""], "archive")
    paths = walked(folders.__getitem__, depth)
    notes = [f"twice in the archive, so the last one counts: {some(twice)}"] if twice else []
    notes += [f"ignored, as they lead out of the archive: {some(outside)}"] if outside else []
    entries = {path: Entry(path, files[path].size, files[path].blocks) for path in paths if path in files}
    return Listing(paths, entries, notes)


def _add_folders(folders: dict[str, set[str]], names: list[str]) -> None:
    for at, name in enumerate(names):
        folders[_folder(names[:at])].add(f"{name}/")
        folders.setdefault(_folder(names[: at + 1]), set())


def _folder(names: list[str]) -> str:
    return "".join(f"{name}/" for name in names)
