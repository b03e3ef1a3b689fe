"""Take in an untrusted submission, a folder or a zip archive."""

import contextlib
import dataclasses
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.intake import archive, folder
from autograder.intake.copy_files import copy_entries
from autograder.intake.entry import FLAGS, Entry
from autograder.intake.names import near_miss, shown
from autograder.lab import Lab, Submission

MOST_NAMED = 3  # of the ignored names
# added by systems and editors, as are names that begin with a dot; `grading` comes with the handout
CLUTTER = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini", "grading"}
KINDS = {
    b"Rar!\x1a\x07": "a rar archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
}


def take_in(path: Path, lab: Lab, into: Path) -> Submission:
    """Copy the lab's files from a submission to `into`, under the names of its HandIns, readable for all.

    They may lie at the top, in the lab's `root`, or one folder deeper. All other files are ignored; the notes name
    them.

    Args:
        path: a folder or a zip archive, whatever its name; no link.
        lab: its `hand_in` names the files to look for.
        into: a folder without these files, made if it is missing.

    Raises:
        ValueError: no such path, neither folder nor zip, too many files, or a damaged or malicious archive.
        OSError: the disk fails.
    """
    into.mkdir(parents=True, exist_ok=True)
    names = [hand_in.name for hand_in in lab.hand_in]
    root = f"{lab.root}/" if lab.root else ""
    with _opened(path, 1 + root.count("/") + max(name.count("/") for name in names)) as entries:
        entries = [entry for entry in entries if not _is_clutter(entry.path)]
        paths = [entry.path for entry in entries]
        top = _top(paths, names, root)
        there = {entry.path.removeprefix(top): entry for entry in entries if entry.path.startswith(top)}
        found = copy_entries(there, lab.hand_in, into)
    wanted = {top + name for name in names}
    around = {path[: at + 1] for path in wanted for at, letter in enumerate(path) if letter == "/"}
    others = [path for path in paths if path not in wanted | around]
    near = {name: near_miss(name, names, others) for name in names if top + name not in paths}
    notes = list(found.notes)
    if top != root:
        notes.append(f"the files were taken from the folder {shown(top or './')}" + (f", not {root}" if root else ""))
    notes += [f"found {shown(path)}, expected {name}" for name, path in near.items() if path]
    notes += _aside([path for path in others if path not in near.values()], top)
    return dataclasses.replace(found, notes=tuple(notes))


@contextlib.contextmanager
def _opened(path: Path, depth: int) -> Iterator[list[Entry]]:
    """The entries of a folder (to `depth` levels) or zip archive, which stays open during the block."""
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
            yield folder.entries(descriptor, _is_clutter, depth)
        elif (kind := _kind(descriptor)) != "zip":
            raise ValueError(f"{wanted} {kind}: {name}")
        else:
            yield archive.entries(descriptor)
    finally:
        os.close(descriptor)


def _kind(descriptor: int) -> str:
    """The kind of a regular file, by its first bytes."""
    start = os.read(descriptor, 512)
    os.lseek(descriptor, 0, os.SEEK_SET)
    if start.startswith(archive.STARTS):
        return "zip"
    if start[257:262] == b"ustar":
        return "a tar archive"
    return next((kind for magic, kind in KINDS.items() if start.startswith(magic)), "a single file")


def _is_clutter(path: str) -> bool:
    return any(part in CLUTTER or part.startswith(".") for part in path.split("/"))


def _top(paths: Sequence[str], names: Sequence[str], root: str) -> str:
    """The folder that holds the files, with a slash: `root`, the top, or the only folder that has them or the root."""
    folders = sorted({path.split("/")[0] + "/" for path in paths if "/" in path})
    ends = [root[at:] for at in range(len(root)) if root[at - 1] == "/"]  # code/, if hw2/code was packed within hw2
    for place in (root, "", *ends):
        if any(place + name in paths for name in names):
            return place
    having = [
        top
        for top in dict.fromkeys(folder + place for folder in folders for place in (root, ""))
        if any(top + name in paths for name in names)
    ]
    if len(having) == 1:
        return having[0]
    return folders[0] if len(folders) == 1 and all("/" in path for path in paths) else root


def _aside(paths: Sequence[str], top: str) -> list[str]:
    """A note on files that the lab does not ask for, if there are any."""
    firsts = set()
    for path in paths:
        around = top if path.startswith(top) else ""
        first, slash, _ = path.removeprefix(around).partition("/")
        firsts.add(around + first + slash)  # name a folder once, not each of its files
    names = sorted(firsts)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [f"ignored: {', '.join(map(shown, names[:MOST_NAMED]))}{more}"] if names else []
