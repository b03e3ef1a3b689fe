"""Copy a job's files into a folder of its own: regular files and folders only."""

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from autograder.intake.entry import FLAGS

MOST_BYTES, MOST_ENTRIES, DEEPEST = 2**28, 5000, 32


class _Budget:
    """The bytes and entries that may still be copied."""

    def __init__(self) -> None:
        self.bytes, self.entries = MOST_BYTES, MOST_ENTRIES

    def spend(self, name: str, size: int = 0, entries: int = 0) -> None:
        self.bytes, self.entries = self.bytes - size, self.entries - entries
        if self.bytes < 0 or self.entries < 0:
            raise ValueError(f"expected at most {MOST_BYTES:,} bytes in {MOST_ENTRIES:,} files, got more at {name}")


def copy_job_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy each file or folder to its name beneath `folder`, readable for all.

    Raises:
        ValueError: a name that leaves the folder; a link, pipe or device; too many files or bytes.
        OSError: a file is missing or cannot be read.
    """
    budget = _Budget()
    for name, source in files.items():
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts:
            raise ValueError(f"expected a name beneath the job's folder, got {name!r}")
        target = folder
        for part in parts[:-1]:
            target = target / part
            target.mkdir(exist_ok=True)
            target.chmod(0o755)
        _copy(str(source), None, target / parts[-1], budget, 0)


def _copy(name: str, beneath: int | None, target: Path, budget: _Budget, depth: int) -> None:
    """Copy one entry, opened by its name in an open folder, so that no link can be swapped in."""
    try:
        source = os.open(name, FLAGS, dir_fd=beneath)
    except OSError as error:
        if stat.S_ISLNK(os.stat(name, dir_fd=beneath, follow_symlinks=False).st_mode):
            raise ValueError(f"expected files and folders only, got a link: {target.name}") from error
        raise
    try:
        status = os.fstat(source)
        if stat.S_ISDIR(status.st_mode) and depth < DEEPEST:
            budget.spend(target.name, entries=1)
            target.mkdir()
            target.chmod(0o755)
            for entry in sorted(os.listdir(source)):
                _copy(entry, source, target / entry, budget, depth + 1)
        elif stat.S_ISREG(status.st_mode):
            _copy_bytes(source, target, budget)
        else:
            raise ValueError(f"expected files and folders of few levels, got another kind: {target.name}")
    finally:
        os.close(source)


def _copy_bytes(source: int, target: Path, budget: _Budget) -> None:
    budget.spend(target.name, entries=1)
    with open(target, "xb") as copy:
        while block := os.read(source, 2**20):
            budget.spend(target.name, size=len(block))
            copy.write(block)
    target.chmod(0o444)


def remove(folder: Path) -> None:
    """Delete a folder that a job has written to, at any depth.

    Raises:
        OSError: something is left.
    """
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)
        if folder.exists():
            raise OSError(f"{folder} could not be removed") from None
