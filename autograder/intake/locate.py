"""Which path of a submission is which file of the lab; the same for a student's own folder and for intake."""

import dataclasses
import fnmatch
import glob
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from autograder.intake.names import near_miss
from autograder.lab import HandIn, Lab

DATE = "[0-9]" * 12 + "_"  # before the names of files that some programs save


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a lab's files lie.

    Args:
        top: the folder around them, "" or with a slash at its end.
        files: name of a HandIn -> its path.
        doubtful: name of a HandIn that lies in several folders, so that none is taken -> these paths.
    """

    top: str
    files: dict[str, str]
    doubtful: Mapping[str, Sequence[str]]


def levels(lab: Lab) -> int:
    """The number of folders to look into, one inside another."""
    # one around the lab's root, and one for files that lie in a folder of their own
    inside = max(hand_in.name.count("/") for hand_in in lab.hand_in) + max(place.count("/") for place in lab.places)
    return 2 + len(lab.root.split("/")) * bool(lab.root) + inside


def located(paths: Collection[str], lab: Lab) -> Place:
    """Find the lab's files: at the top, in the lab's `places`, or, for a file not there, in the only folder with it.

    Args:
        paths: of files and folders, those of folders with a slash at the end.
    """
    paths = frozenset(paths)
    return beneath(_top(paths, lab), paths, lab)


def beneath(top: str, paths: Collection[str], lab: Lab) -> Place:
    """Find the lab's files in the folder `top`, as `located` does."""
    files, doubtful = {}, {}
    switches = {name for check in lab.checks for name in check.only_with}  # an old one must not add checks
    folders = sorted({top + path.removeprefix(top).split("/")[0] + "/" for path in paths if _inside(path, top)})
    for hand_in in lab.hand_in:
        there = candidates(hand_in, top, paths, lab)
        if not there and hand_in.name not in switches:
            there = [folder + hand_in.name for folder in folders if folder + hand_in.name in paths]
            if len(there) > 1:
                doubtful[hand_in.name] = there
                continue
        if there:
            files[hand_in.name] = there[0]
    return Place(top, files, doubtful)


def candidates(hand_in: HandIn, top: str, paths: Collection[str], lab: Lab) -> list[str]:
    """The paths of a file in the order of the lab's places; dated ones last, the latest of them first."""
    places = [top + (f"{place}/" if place else "") for place in lab.places]
    there = [place + hand_in.name for place in places if place + hand_in.name in paths]
    for place in places if hand_in.dated else ():
        there += sorted(fnmatch.filter(paths, glob.escape(place) + DATE + glob.escape(hand_in.name)), reverse=True)
    return there


def _inside(path: str, top: str) -> bool:
    return path.startswith(top) and "/" in path.removeprefix(top)


def _top(paths: Collection[str], lab: Lab) -> str:
    """The folder that holds the files, with a slash: `root`, the top, or the only folder that has them or the root."""
    root = f"{lab.root}/" if lab.root else ""
    folders = sorted({path.split("/")[0] + "/" for path in paths if "/" in path})
    ends = [root[at:] for at in range(len(root)) if root[at - 1] == "/"]  # code/, if hw2/code was packed within hw2

    def has(top: str) -> bool:
        return any(candidates(hand_in, top, paths, lab) for hand_in in lab.hand_in)

    for place in (root, "", *ends):
        if has(place):
            return place
    having = [top for top in dict.fromkeys(folder + place for folder in folders for place in (root, "")) if has(top)]
    if len(having) == 1:
        return having[0]
    return folders[0] if len(folders) == 1 and all("/" in path for path in paths) else root


def near(place: Place, paths: Sequence[str], lab: Lab) -> dict[str, str]:
    """Name of a missing file -> the path that is most like it, if one is."""
    names = [hand_in.name for hand_in in lab.hand_in]
    others = [path for path in paths if path not in place.files.values()]
    found = {}
    for hand_in in lab.hand_in:
        name, ending = hand_in.name, PurePosixPath(hand_in.name).suffix
        if name in place.files or name in place.doubtful:
            continue
        # programs write files of one name and several endings; an optional one need not be among them
        alike = [path for path in others if hand_in.required or ending == ".py" or path.endswith(ending)]
        if (path := near_miss(name, names, alike)) is not None:
            found[name] = path
    return found
