"""The server gives up all files but its own, so that whoever takes it over finds no labels (Landlock, Linux 5.13)."""

import sys
import tempfile
from pathlib import Path

from autograder.registry import ROOT, parents
from autograder.sandbox import landlock

SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/dev/null", "/dev/urandom")


def readable() -> list[Path]:
    """Programs: of the system, of Python and ours."""
    python = [Path(prefix) for prefix in (sys.prefix, sys.base_prefix)]
    return [*map(Path, SYSTEM), *python, *(ROOT / name for name in ("autograder", "smallnets")), *parents()]


def check(staff: Path, record: Path) -> None:
    """Raise ValueError if the staff's folder lies where the server may read."""
    for place in (*readable(), record.resolve().parent):
        if staff.resolve().is_relative_to(place.resolve()):
            raise ValueError(f"expected --staff where the server cannot read, got {staff}, which is in {place}")


def shut_in(record: Path) -> bool:
    """Keep this process, for good, from all files but programs, the record's folder and the folder of temporary files.

    It is called before other threads are started. Returns whether this kernel can do that.
    """
    if landlock.version() == 0:
        return False
    writable = [str(record.resolve().parent), tempfile.gettempdir()]
    landlock.restrict(landlock.ruleset([str(path) for path in readable()], writable))
    return True
