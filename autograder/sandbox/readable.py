"""The files and folders of this machine that a job may read: programs and libraries, never data.

Both safe tiers show this list, the job's own files, and nothing else. Shared libraries are shown by folder, those that
the loader's cache names: a list of single files would miss libraries that are opened by name while a program runs.
"""

import functools
import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# programs; the C compiler that torch.compile starts; languages and time zones; links to libraries; number of cores
SYSTEM = [
    *("/bin", "/usr/bin", "/usr/lib/gcc", "/usr/libexec/gcc", "/usr/include"),
    *("/usr/lib/locale", "/usr/share/zoneinfo", "/etc/localtime"),
    *("/etc/alternatives", "/sys/devices/system/cpu"),
]
LOADER = ("/lib64", "/etc/ld.so.cache")
LIBRARY = re.compile(rb"(/[^\0]+)/[^/\0]+\.so[^/\0]*\0")  # a path in the loader's cache


@functools.cache
def readable() -> tuple[str, ...]:
    """The paths, all of which exist; some are links."""
    return tuple(path for path in dict.fromkeys((*SYSTEM, *LOADER, *_libraries(), *_python())) if os.path.exists(path))


def _libraries() -> list[str]:
    """The folders of shared libraries, from the loader's cache."""
    try:
        cache = Path(LOADER[-1]).read_bytes()
    except OSError:
        return []
    return sorted({os.fsdecode(folder) for folder in LIBRARY.findall(cache)})


def _python() -> Iterator[str]:
    """This interpreter, its library, and its packages; a virtual environment has two prefixes."""
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix)):
        if os.path.realpath(prefix) != "/usr":  # whose programs and libraries are the system's
            yield from (f"{prefix}/{name}" for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg"))
    yield from (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "include"))
    yield from site.getsitepackages()


def prefixes() -> list[str]:
    """The folders that this interpreter is installed in, with links resolved."""
    return list(dict.fromkeys(os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)))


def expect_unreadable(path: Path, name: str, more: Iterable[str | Path] = ()) -> None:
    """Check that no job may read a file, or a folder or anything in it, whatever links lead there.

    Args:
        path: the file or folder; it need not exist.
        name: of the path in the message, such as "--staff".
        more: other places that must not hold it.

    Raises:
        ValueError: it lies in a place that a job may read.
    """
    places = [Path(os.path.realpath(place)) for place in (*readable(), *more)]
    for entry in (path, *_beneath(path)):
        real = Path(os.path.realpath(entry))
        if place := next((place for place in places if real.is_relative_to(place)), None):
            raise ValueError(f"expected {name} out of the reach of students, got {entry}, which is in {place}")


def _beneath(folder: Path) -> list[Path]:
    """The links in a folder, at any depth; a file that is no link lies where its folder does."""
    return [path for path in folder.rglob("*") if path.is_symlink()]
