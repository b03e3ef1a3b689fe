"""Make the archive that is handed in for a lab, and say what is missing or looks wrong.

Files are taken from FOLDER or, where they are not there, from its folder models.
Exit code 0: complete. 1: a required file is missing; the archive is written all the same. 2: nothing is written.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder import labs, zipping
from autograder.intake import take_in
from autograder.lab import Lab
from autograder.look import look
from autograder.names import near_miss, shown
from smallnets.files import replacing

PLACES = ("", "models")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder pack`."""
    parser.add_argument("--lab", required=True, help="such as mp6")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("."), help="where the files are")
    parser.add_argument("--out", type=Path, metavar="ZIP", help="what to write (default: LAB.zip)")


def command(args: argparse.Namespace) -> int:
    """Write the archive, print what is in it and what is not; returns the exit code.

    Raises:
        ValueError: an unknown lab, a folder without any of its files, or `--out` names something that is no archive.
    """
    lab = labs.load(args.lab)
    out = args.out or Path(f"{lab.name}.zip")
    zipping.check_out(out)
    if not args.folder.is_dir():
        raise ValueError(f"expected a folder, got {args.folder}")
    found, notes = _find(lab, args.folder)
    with replacing(out) as temporary, tempfile.TemporaryDirectory(prefix="pack-") as copies:
        zipping.write(temporary, found)
        submission = take_in(temporary, lab, Path(copies))  # as it will be taken in when it is graded
        notes += [*submission.notes, *look(submission.files, lab.hand_in)]
        for name, path in submission.files.items():
            print(f"{name}  {path.stat().st_size:,} bytes{_origin(found[name], args.folder)}")
    missing = _missing(lab, found, args.folder)
    for line in dict.fromkeys([*missing, *notes]):
        print(line)
    print(f"written: {out}{', NOT COMPLETE' if missing else ''}")
    return 1 if missing else 0


def _find(lab: Lab, folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The lab's files that are there, by name, and a line on each that is too large; ValueError if there are none."""
    found, too_large = {}, []
    for hand_in in lab.hand_in:
        paths = [folder / place / hand_in.name for place in PLACES]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            continue
        if (size := path.stat().st_size) > hand_in.most_bytes:
            too_large.append(f"{path} is not taken: expected at most {hand_in.most_bytes:,} bytes, got {size:,}")
        else:
            found[hand_in.name] = path
    if not found:
        names = ", ".join(hand_in.name for hand_in in lab.hand_in)
        raise ValueError(f"expected some of {names} in {folder}, got none of them")
    return found, too_large


def _origin(path: Path, folder: Path) -> str:
    """Where a file was taken from, if that was not the folder itself or there was a choice."""
    others = [folder / place / path.name for place in PLACES if folder / place != path.parent]
    ignored = [other.relative_to(folder).as_posix() for other in others if other.is_file()]
    if path.parent != folder:
        return f", from {path.parent.relative_to(folder).as_posix()}"
    return f", not {ignored[0]}" if ignored else ""


def _missing(lab: Lab, packed: Mapping[str, Path], folder: Path) -> list[str]:
    """A line for each required file that is not packed, with what is there under a name like it."""
    names = [hand_in.name for hand_in in lab.hand_in]
    there = [path.relative_to(folder).as_posix() for place in PLACES for path in (folder / place).glob("*")]
    lines = []
    for hand_in in lab.hand_in:
        if hand_in.required and hand_in.name not in packed:
            near = near_miss(hand_in.name, names, [path for path in there if Path(path).name not in names])
            lines.append(f"missing: {hand_in.name}{f' (found {shown(near)}, which is another name)' if near else ''}")
    return lines
