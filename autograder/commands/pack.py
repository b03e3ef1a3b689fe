"""Make the archive to hand in for a lab, and report missing files and likely mistakes.

Files are taken from FOLDER or, if they are not there, from the folders in it that the lab's programs write to.
Exit code 0: complete. 1: a required file is missing; the archive is written anyway. 2: nothing is written.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder import registry
from autograder.intake.copy_files import copy_own
from autograder.intake.names import near_miss, shown
from autograder.lab import HandIn, Lab
from autograder.lint.files import lint_files
from smallnets import zipping
from smallnets.files import expect_file, replacing

DATE = "[0-9]" * 12 + "_"  # before the names of files that some programs save


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder pack`."""
    parser.add_argument("--lab", required=True, help="which lab")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("."), help="your files' folder")
    parser.add_argument("--out", type=Path, metavar="ZIP", help="the archive (default: LAB.zip)")


def command(args: argparse.Namespace) -> int:
    """Write the archive, print its files and the missing ones; returns the exit code.

    Raises:
        ValueError: an unknown lab, a folder without any of its files, or `--out` is no archive.
    """
    lab = registry.load(args.lab)
    out = args.out or Path(f"{lab.name}.zip")
    zipping.check_out(out)
    expect_file(out)
    if not args.folder.is_dir():
        raise ValueError(f"expected a folder, got {args.folder}")
    found, notes = gather(lab, args.folder)
    with replacing(out) as temporary, tempfile.TemporaryDirectory(prefix="pack-") as copies:
        zipping.write(temporary, found, lab.root)
        submission = copy_own(found, lab.hand_in, Path(copies))  # as in the grading
        notes += [*submission.notes, *lint_files(submission.files, lab.hand_in)]
        sizes = {name: path.stat().st_size for name, path in submission.files.items()}
    for name, size in sizes.items():
        print(f"{name}  {size:,} bytes{_origin(name, found[name], lab, args.folder)}")
    lines = missing(lab, found, args.folder)
    for line in dict.fromkeys([*lines, *notes]):
        print(line)
    print(f"written: {out}{', NOT COMPLETE' if lines else ''}")
    return 1 if lines else 0


def gather(lab: Lab, folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The lab's files in a folder, by name, and a line on each that is too large; ValueError if there are none."""
    found, too_large = {}, []
    for hand_in in lab.hand_in:
        if not (there := _candidates(hand_in, lab, folder)):
            continue
        path = there[0]
        if (size := path.stat().st_size) > hand_in.most_bytes:
            too_large.append(f"{path} was left out: expected at most {hand_in.most_bytes:,} bytes, got {size:,}")
        else:
            found[hand_in.name] = path
    if not found:
        names = ", ".join(hand_in.name for hand_in in lab.hand_in)
        raise ValueError(f"expected some of {names} in {folder}, got none of them")
    return found, too_large


def _candidates(hand_in: HandIn, lab: Lab, folder: Path) -> list[Path]:
    """The paths of a file, in the order of the lab's places; dated ones last, the latest of them first."""
    there = [folder / place / hand_in.name for place in lab.places]
    if hand_in.dated:
        for place in lab.places:
            there += sorted((folder / place).glob(DATE + hand_in.name), reverse=True)
    return [path for path in there if path.is_file()]


def _origin(name: str, path: Path, lab: Lab, folder: Path) -> str:
    """The source of a file, if it had another name or folder, or if there was a choice."""
    hand_in = next(wanted for wanted in lab.hand_in if wanted.name == name)
    ignored = [other.relative_to(folder).as_posix() for other in _candidates(hand_in, lab, folder) if other != path]
    if path.parent == (folder / name).parent and path.name == Path(name).name:
        return f", not {ignored[0]}" if ignored else ""
    place = path if path.name != Path(name).name else path.parent
    return f", from {place.relative_to(folder).as_posix()}"


def missing(lab: Lab, packed: Mapping[str, Path], folder: Path) -> list[str]:
    """A line for each required file that is not packed, with a file of a similar name if there is one."""
    names = [hand_in.name for hand_in in lab.hand_in]
    folders = {(folder / place / name).parent for place in lab.places for name in names}
    there = sorted(path.relative_to(folder).as_posix() for each in folders for path in each.glob("*"))
    lines = []
    for hand_in in lab.hand_in:
        if hand_in.required and hand_in.name not in packed:
            near = near_miss(hand_in.name, names, [path for path in there if Path(path).name not in names])
            lines.append(f"missing: {hand_in.name}{f' (found {shown(near)}; rename it)' if near else ''}")
    return lines
