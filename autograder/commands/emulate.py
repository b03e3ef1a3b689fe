"""Run a bundle on a submission as Gradescope does, in a folder instead of a container; print its results.json.

python -m autograder emulate autograder.zip SUBMISSION

This Python runs the grader: nothing is installed. The grader's output goes to stderr.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from autograder.gradescope import metadata
from autograder.sandbox.readable import expect_unreadable
from smallnets import faults

MADE_UP = {
    "id": 1,
    "created_at": "2026-01-01T12:00:00.000000+00:00",
    "assignment": {"due_date": None},
    "previous_submissions": [],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder emulate`."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the autograder.zip")
    parser.add_argument("submission", type=Path, help="folder, or a zip, which the platform unpacks")
    parser.add_argument(
        "--metadata", type=Path, metavar="FILE", help="a submission_metadata.json (default: that of a first submission)"
    )


def command(args: argparse.Namespace) -> int:
    """Run the bundle, print the results; returns 1 if nothing was judged."""
    if not zipfile.is_zipfile(args.bundle):
        raise ValueError(f"expected a bundle, written by `bundle`, got {args.bundle}")
    if not args.submission.is_dir() and not zipfile.is_zipfile(args.submission):
        raise ValueError(f"expected a folder or a zip archive, got {args.submission}")
    expect_unreadable(args.bundle, "the bundle")
    known = json.dumps(MADE_UP).encode() if args.metadata is None else args.metadata.read_bytes()
    with tempfile.TemporaryDirectory(prefix="emulated-") as folder:
        results = emulate(args.bundle, args.submission, known, Path(folder))
    print(json.dumps(results, indent=1))
    return 1 if results.get("extra_data", {}).get("fault") else 0


def emulate(bundle: Path, submission: Path, known: bytes, base: Path) -> dict[str, Any]:
    """Lay out a folder like the platform's /autograder, set it up, run the grader there; returns its results.

    Args:
        known: the content of submission_metadata.json.
        base: an empty folder.

    Raises:
        ValueError: the bundle cannot be set up or writes no JSON results.
    """
    source = base / "source"
    unpack(bundle, source)
    run(["bash", str(source / "setup.sh")], base)
    shutil.copy(source / "run_autograder", base)
    if submission.is_dir():
        shutil.copytree(submission, base / "submission", symlinks=True)
    else:
        unpack(submission, base / "submission")
    (base / "results").mkdir()
    (base / metadata.FILE).write_bytes(known)
    run([str(base / "run_autograder")], base)
    results: dict[str, Any] = json.loads((base / "results" / "results.json").read_text(encoding="utf-8"))
    return results


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip and keep its files' permissions."""
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            path = Path(file.extract(info, folder))
            if mode := info.external_attr >> 16 & 0o777:
                path.chmod(mode)


def run(command: list[str], folder: Path) -> None:
    """Run a program of the bundle; ValueError if it cannot be run or fails."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "SMALLNETS_PYTHON": sys.executable}
    try:
        done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except OSError as error:
        reason = faults.words(error)
        raise ValueError(f"expected {Path(command[-1]).name} of the bundle to run, got: {reason}") from error
    if done.returncode:
        raise ValueError(f"expected {Path(command[-1]).name} of the bundle to end with 0, got {done.returncode}")
