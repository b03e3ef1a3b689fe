"""Which files are our own: programs remember what they write, and keep aside whatever else has the same name.

What is remembered is a checksum over path and content, in the user's own folder for such things. So a file that was
changed since, came with the checkout or from another machine counts as someone's work.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def is_own(path: Path) -> bool:
    """Whether a program of ours has written a file as it is now; True as well for an empty file."""
    if path.stat().st_size == 0:
        return True
    with suppress(OSError, RuntimeError):  # nothing is remembered, or the user has no folder for it
        return _checksum(path) in _memory().read_text(encoding="ascii").splitlines()
    return False


def remember(path: Path) -> None:
    """Remember a file as ours until someone changes it."""
    with suppress(OSError, RuntimeError):  # then it will be kept aside once more than needed
        _memory().parent.mkdir(parents=True, exist_ok=True)
        with open(_memory(), "a", encoding="ascii") as file:
            file.write(_checksum(path) + "\n")


def spare(path: Path) -> None:
    """Before a file is replaced: keep it aside if it is not our own, and say so on stderr."""
    if path.is_file() and not is_own(path):
        print(f"kept: the former {path.name} as {set_aside(path).name}", file=sys.stderr)


@contextmanager
def keeping(*paths: Path) -> Iterator[None]:
    """Let the block write these files: what is there is spared, and what it writes is remembered."""
    for path in paths:
        spare(path)
    yield
    for path in paths:
        if path.is_file():
            remember(path)


def set_aside(path: Path) -> Path:
    """Copy a file to NAME.previous1.EXT, NAME.previous2.EXT, ..., whichever is free; returns the copy."""
    for k in range(1, 10_000):
        copy = path.with_name(f"{path.stem}.previous{k}{path.suffix}")
        try:
            file = open(copy, "xb")
        except FileExistsError:
            continue
        try:
            with file, open(path, "rb") as source:
                shutil.copyfileobj(source, file)
        except BaseException:
            copy.unlink()
            raise
        return copy
    raise FileExistsError(f"expected fewer than 10,000 former files beside {path}, got more")


def _memory() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "smallnets/written"


def _checksum(path: Path) -> str:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(os.fsencode(path.resolve()))
    return digest.hexdigest()
