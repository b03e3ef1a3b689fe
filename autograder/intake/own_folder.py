"""Find the files to hand in within the student's own folder: the same as intake finds in the archive of it."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from autograder.intake import helpers, locate
from autograder.intake.entry import too_large
from autograder.intake.listing import MOST_LISTED, some, walked
from autograder.intake.names import shown
from autograder.lab import HandIn, Lab


class Gathered(NamedTuple):
    """The files to hand in.

    Args:
        files: name of a HandIn or of a module of the student's own -> path.
        missing: a line for each required file that is not there.
        notes: lines on files left out or taken along, and on likely mistakes.
        faults: lines on files that would earn no points as they are.
    """

    files: dict[str, Path]
    missing: list[str]
    notes: list[str]
    faults: list[str]


def gather(lab: Lab, folder: Path) -> Gathered:
    """The lab's files in a folder; ValueError if there are none."""
    paths = walked(lambda inner: _names(folder / inner), locate.levels(lab), MOST_LISTED)
    place = locate.located(paths, lab)
    if not place.files:
        names = ", ".join(hand_in.name for hand_in in lab.hand_in)
        raise ValueError(f"expected some of {names} in {folder}, got none of them")
    own = helpers.found(place, frozenset(paths), lab, lambda path: _source(folder / path))
    found = Gathered({}, [], [*own.notes], [])
    for module in helpers.hand_ins(own.files, lab.hand_in):
        _look_at(dataclasses.replace(module, required=True), folder / own.files[module.name], place, found)
    near = locate.near(place, paths, lab)
    for hand_in in lab.hand_in:
        if hand_in.name in place.files:
            _look_at(hand_in, folder / place.files[hand_in.name], place, found)
        else:
            _miss(hand_in, place, near, found)
    return found


def _names(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:  # a folder that cannot be read counts as empty
        return []
    # os.path takes a link in a circle for nothing, where a DirEntry raises
    folders = {name for name in names if os.path.isdir(folder / name)}
    return [name + "/" * (name in folders) for name in names if name in folders or os.path.isfile(folder / name)]


def _source(path: Path) -> bytes:
    return path.read_bytes() if path.stat().st_size <= helpers.MOST_BYTES else b""


def _look_at(hand_in: HandIn, path: Path, place: locate.Place, found: Gathered) -> None:
    """Add a file, or a line on why it would earn no points."""
    faults = found.faults if hand_in.required else found.notes
    if (size := path.stat().st_size) > hand_in.most_bytes:
        faults.append(f"{path} is too large: {too_large(hand_in, size)}")
        return
    found.files[hand_in.name] = path
    if hand_in.opened_by and hand_in.opened_by not in place.files:
        found.faults.append(f"{path} earns no points without {hand_in.opened_by}, which opens it: add or remove one")
    if hand_in.look is not None:
        try:
            found.notes.extend(filter(None, [hand_in.look(path.read_bytes())]))
        except ValueError as error:
            faults.append(str(error))


def _miss(hand_in: HandIn, place: locate.Place, near: Mapping[str, str], found: Gathered) -> None:
    """Add a line on a file that is not there, if it is required or seems to be there under another name."""
    name, seen = hand_in.name, ""
    if name in place.doubtful:
        seen = f" (found {some(place.doubtful[name])}: put one outside of these folders)"
    elif name in near and Path(near[name]).name == Path(name).name:
        seen = f" (found {shown(near[name])}: move it to where your other files are)"
    elif name in near:
        seen = f" (found {shown(near[name])}: is it {name}? Then rename it)"
    if hand_in.required:
        found.missing.append(f"missing: {name}{seen}")
    elif seen:
        found.notes.append(f"left out: {name}{seen}")
