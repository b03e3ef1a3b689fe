"""Take in an untrusted submission: a folder, or an archive of zip or tar."""

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path

from autograder.intake import helpers, locate
from autograder.intake.copy_files import content_of, copy_entries
from autograder.intake.listing import MOST_NAMED, some
from autograder.intake.names import shown
from autograder.intake.opening import opened
from autograder.lab import Lab, Submission


def take_in(path: Path, lab: Lab, into: Path) -> Submission:
    """Copy the lab's files from a submission to `into`, under the names of its HandIns, readable for all.

    They may lie at the top, in the lab's `root`, or one folder deeper; there, in the lab's `places` or in the only
    folder with a file of that name. If one is missing, the archives beside them are looked into. The student's own
    modules that they import come along. All other files are ignored; the notes name them.

    Args:
        path: a folder or an archive, whatever its name; no link.
        lab: its `hand_in` names the files to look for.
        into: a folder without these files, made if it is missing.

    Raises:
        ValueError: no such path, neither folder nor archive, too many files, or a damaged or malicious archive.
        OSError: the disk fails.
    """
    into.mkdir(parents=True, exist_ok=True)
    with opened(path, lab) as found:
        place = locate.located(found.paths, lab)
        own = helpers.found(place, found.files, lab, lambda path: content_of(found.files[path], helpers.MOST_BYTES))
        entries = {name: found.files[path] for name, path in (place.files | own.files).items()}
        submission = copy_entries(entries, lab.hand_in, into)
    notes = [
        *found.notes,
        *submission.notes,
        *own.notes,
        *_notes(found.paths, place, [*own.files.values(), *own.left], lab),
    ]
    return dataclasses.replace(submission, notes=tuple(notes))


def expect_files(submission: Submission, lab: Lab) -> None:
    """ValueError for a submission in which none of the lab's files is."""
    if not submission.files:
        wanted = [each.name for each in lab.hand_in if each.required] or [each.name for each in lab.hand_in]
        names = " or ".join(wanted[:MOST_NAMED])
        raise ValueError(f"expected {names}, got none of the lab's files; {'; '.join(submission.notes) or 'no file'}")


def _notes(paths: Sequence[str], place: locate.Place, named: Collection[str], lab: Lab) -> list[str]:
    """Notes on files in unexpected folders, on nearly right names, and on all that is ignored; `named` already."""
    root = f"{lab.root}/" if lab.root else ""
    notes = []
    if place.top != root:
        expected = f", not {root}" if root else ""
        notes.append(f"the files were taken from the folder {shown(place.top or './')}{expected}")
    expected_at = {place.top + (f"{folder}/" if folder else "") for folder in lab.places}
    for name, path in place.files.items():
        if path.removesuffix(name) not in expected_at:
            notes.append(f"{name} was taken from {shown(path)}")
    notes += [f"found {some(there)}, so put {name} outside of these folders" for name, there in place.doubtful.items()]
    near = locate.near(place, [path for path in paths if path not in named], lab)
    notes += [f"found {shown(path)}, expected {name}" for name, path in near.items()]
    used = {
        *place.files.values(),
        *named,
        *near.values(),
        *(path for there in place.doubtful.values() for path in there),
    }
    around = {path[: at + 1] for path in [*used, place.top] for at, letter in enumerate(path) if letter == "/"}
    return notes + _aside([path for path in paths if path not in used | around], around)


def _aside(paths: Sequence[str], around: Collection[str]) -> list[str]:
    """A note on files that the lab does not ask for, if there are any; `around` are the folders of the lab's files."""
    firsts = set()
    for path in paths:
        base = max((folder for folder in around if path.startswith(folder)), key=len, default="")
        first, slash, _ = path.removeprefix(base).partition("/")
        firsts.add(base + first + slash)  # name a folder once, not each of its files
    return [f"ignored: {some(firsts)}"] if firsts else []
