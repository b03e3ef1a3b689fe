"""Make the hidden data of a lab, which cannot be rebuilt without the secret.

python -m autograder hidden --lab mp6 --secret FILE --out staff

The same secret always gives the same data. Keep both away from students, and the secret out of the folder.
"""

import argparse
import os
import tempfile
from pathlib import Path

from autograder import registry
from autograder.sandbox.readable import expect_unreadable
from smallnets import files, own

FEWEST = 16  # bytes; fewer could be guessed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder hidden`."""
    parser.add_argument("--lab", required=True, help="such as mp6")
    parser.add_argument("--secret", required=True, type=Path, metavar="FILE", help=f"at least {FEWEST} bytes")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder for --staff of grade, bundle"
    )


def command(args: argparse.Namespace) -> int:
    """Write the data, print its files; returns the exit code.

    Raises:
        ValueError: an unknown lab or one without hidden data, a short secret, `--out` names something else,
            or students' code could read the secret or `--out`.
        OSError: a file is missing or cannot be written.
    """
    lab = registry.load(args.lab)
    if lab.hidden is None:
        raise ValueError(f"expected a lab with hidden data, got {lab.name}, which has none")
    expect_unreadable(args.secret, "--secret")
    expect_unreadable(args.out, "--out")
    secret = args.secret.read_bytes().strip()
    if len(secret) < FEWEST:
        raise ValueError(f"expected a secret of at least {FEWEST} bytes in {args.secret}, got {len(secret)}")
    if args.out.exists() and not args.out.is_dir():
        raise ValueError(f"expected --out to be a folder, got something else of that name: {args.out}")
    files.expect_folder(args.out)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{args.out.name}.", dir=args.out.parent) as temporary:
        lab.hidden(secret, Path(temporary))
        sizes = moved(Path(temporary), args.out)
    for name, size in sizes:
        print(f"{name}  {size:,} bytes")
    print(f"written: hidden data of {lab.name} in {args.out}")
    return 0


def moved(source: Path, target: Path) -> list[tuple[str, int]]:
    """Move all files to a folder, made if missing and then private; returns their names and sizes.

    Raises:
        ValueError: another file of one of these names is there; then nothing is moved.
    """
    new = sorted(path for path in source.rglob("*") if path.is_file())
    there = (target / path.relative_to(source) for path in new)
    if other := next((path for path in there if path.exists() and not own.is_own(path)), None):
        raise ValueError(f"expected {target} to be empty or written by this program, got another {other.name} there; "
                         "move it away")  # fmt: skip
    target.mkdir(mode=0o700, exist_ok=True)
    found = []
    for path in new:
        name = path.relative_to(source).as_posix()
        found.append((name, path.stat().st_size))
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target / name)
        own.remember(target / name)
    return found
