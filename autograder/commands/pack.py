"""Make the archive to hand in for a lab, and report missing files and likely mistakes.

Files are taken from FOLDER or, if they are not there, from the folders in it that the lab's programs write to; modules
of your own that they import come along.
Exit code 0: complete. 1: a file is missing; the archive is written anyway. 2: a file would earn no points, or a
mistake on the command line; nothing is written.
"""

import argparse
import tempfile
from pathlib import Path

from autograder import registry
from autograder.intake.copy_files import copy_own
from autograder.intake.own_folder import gather
from autograder.lab import Lab
from autograder.lint.files import lint_files
from smallnets import zipping
from smallnets.files import expect_file, replacing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder pack`."""
    registry.add_option(parser)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("."), help="your files' folder")
    parser.add_argument("--out", type=Path, metavar="ZIP", help="the archive (default: LAB.zip)")


def command(args: argparse.Namespace) -> int:
    """Write the archive, print its files and the missing ones; returns the exit code.

    Raises:
        ValueError: an unknown lab, a folder without any of its files, one that would earn no points, or `--out` is no
            archive.
    """
    lab = registry.load(args.lab)
    out = args.out or Path(f"{lab.name}.zip")
    zipping.check_out(out)
    expect_file(out)
    if not args.folder.is_dir():
        raise ValueError(f"expected a folder, got {args.folder}")
    found = gather(lab, args.folder)
    for line in found.faults:
        print(line)
    if found.faults:
        raise ValueError(
            f"expected files that can earn points, got {len(found.faults)} that cannot: no archive is written"
        )
    with replacing(out) as temporary, tempfile.TemporaryDirectory(prefix="pack-") as copies:
        zipping.write(temporary, found.files, lab.root)
        submission = copy_own(found.files, lab.hand_in, Path(copies))  # as in the grading
        notes = [*found.notes, *submission.notes, *lint_files(submission.files, lab.hand_in)]
        sizes = {name: path.stat().st_size for name, path in submission.files.items()}
    for name, size in sizes.items():
        print(f"{name}  {size:,} bytes{_origin(name, found.files[name], lab, args.folder)}")
    for line in dict.fromkeys([*found.missing, *notes]):
        print(line)
    print(f"written: {out}, {len(sizes)} file{'s' * (len(sizes) != 1)}{', NOT COMPLETE' if found.missing else ''}")
    print(f"Upload {out.name} where your course collects work, such as Gradescope, Canvas, Moodle or its scoreboard.")
    return 1 if found.missing else 0


def _origin(name: str, path: Path, lab: Lab, folder: Path) -> str:
    """The source of a file, if it had another name or folder, or if there was a choice."""
    if path.parent == (folder / name).parent and path.name == Path(name).name:
        others = [other for place in lab.places if (other := folder / place / name) != path and other.is_file()]
        return f", not {others[0].relative_to(folder).as_posix()}" if others else ""
    place = path if path.name != Path(name).name else path.parent
    return f", from {place.relative_to(folder).as_posix()}"
