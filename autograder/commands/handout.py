"""Make a lab's handout: a skeleton from our solution, its data, and the same checks as in the grading.

python -m autograder handout --lab mp6 --out handout
"""

import argparse
import re
import shutil
import tempfile
from pathlib import Path

from autograder import registry
from autograder.lab import Lab
from autograder.packaging import checkout_files, imports
from autograder.packaging.skeleton import skeletons
from autograder.registry import located
from smallnets.files import expect_folder

PROGRAMS = ("__main__", "commands.check", "commands.pack")
PROJECT = ("requirements.txt", "LICENSE")
SECTIONS = ("build-system", "project", "tool.setuptools")  # of pyproject.toml


def write(lab: Lab, out: Path) -> list[str]:
    """Write the handout into a folder; returns the names of its files.

    Raises:
        ValueError: the lab has no handout, or its declaration names missing files or definitions.
    """
    if (handout := lab.handout) is None:
        raise ValueError(f"expected a lab with a handout, got {lab.name}")
    edited = {(Path(handout.folder) / name).as_posix(): text for name, text in skeletons(handout).items()}
    given = checkout_files.matching(handout.files)
    imported = imports.needed(path for path in (*given, *edited) if path.endswith(".py"))
    files = {
        path: located(path).read_bytes()
        for path in (*PROJECT, *given, *imported, *checkout_files.grader(lab, PROGRAMS))
    }
    files["pyproject.toml"] = _sections(located("pyproject.toml").read_text(encoding="utf-8")).encode()
    files["README.md"] = located(handout.readme).read_bytes()
    files |= {path: text.encode() for path, text in edited.items()}
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    return sorted(files)


def _sections(toml: str) -> str:
    """The sections of a TOML file that installing the package needs."""
    parts = re.split(r"^(?=\[)", toml, flags=re.MULTILINE)
    return "".join(part for part in parts if part[1:].partition("]")[0] in SECTIONS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder handout`."""
    parser.add_argument("--lab", required=True, choices=registry.names(), help="which assignment")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="a folder that is not there yet, or empty"
    )


def command(args: argparse.Namespace) -> int:
    """Write the handout, whole or not at all; returns the exit code.

    Raises:
        ValueError: `--out` exists and is not empty.
    """
    if args.out.exists() and not (args.out.is_dir() and not any(args.out.iterdir())):
        raise ValueError(f"expected --out to be a new or empty folder, got {args.out} with something in it")
    expect_folder(args.out)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out.parent, prefix=".handout-") as temporary:
        folder = Path(temporary) / "handout"
        names = write(registry.load(args.lab), folder)
        if args.out.exists():
            args.out.rmdir()
        shutil.move(folder, args.out)
    print(f"written: {args.out}, {len(names)} files")
    return 0
