"""A student's own modules that the handed-in files import, found in their source without running or parsing it.

They are looked for where Python would: beside the file that imports them, then beside the lab's files.
"""

import fnmatch
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from autograder.intake.listing import some
from autograder.intake.locate import Place
from autograder.intake.names import shown
from autograder.lab import MOST_SOURCE, HandIn, Lab

MOST = 30  # modules
MOST_BYTES = MOST_SOURCE  # of one
MOST_TOGETHER = 2**18  # bytes of all
# a line that only looks like an import, in a docstring say, does no harm
IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+([\w.]+?)[ \t]*)?import\b[ \t]*(\([^()]*\)|[^\n;#(]+)", re.MULTILINE | re.ASCII
)
INSTALLED = {"numpy", "torch"}
COURSE = {"autograder", "labs", "smallnets"}


class Helpers(NamedTuple):
    """Modules of a student's own.

    Args:
        files: their names beside the lab's files -> paths, of those to take along.
        left: paths of those left out.
        notes: lines on both.
    """

    files: dict[str, str]
    left: list[str]
    notes: list[str]


def found(place: Place, paths: Collection[str], lab: Lab, read: Callable[[str], bytes]) -> Helpers:
    """The modules that the lab's files import, directly or not.

    Args:
        place: where the lab's files lie.
        paths: of all files.
        read: path -> the file's content, b"" if it is too large or cannot be read.
    """
    taken: dict[str, str] = {}
    left: dict[str, str] = {}
    room = MOST_TOGETHER
    expected = {f"{folder}/{wanted.name}".lstrip("/") for folder in lab.places for wanted in lab.hand_in}
    waiting = [(name, path) for name, path in place.files.items() if name.endswith(".py")]
    while waiting:
        importer, at = waiting.pop(0)
        for module in imported(read(at).decode("utf-8", "replace")):
            for name, path in _files(module, importer, at, place.top, paths):
                if path in (*place.files.values(), *taken.values(), *left) or name in expected or _is_course(name, lab):
                    continue
                size = len(read(path))
                if reason := _reason(name, path, taken, lab) or _too_much(size, room):
                    left[path] = f"{shown(path)}, which {importer} imports, was left out: {reason}"
                    continue
                taken[name] = path
                room -= size
                waiting.append((name, path))
    notes = [f"your own modules were taken along: {some(taken)}"] if taken else []
    return Helpers(taken, list(left), notes + list(left.values()))


def hand_ins(names: Collection[str], hand_in: Sequence[HandIn]) -> list[HandIn]:
    """A HandIn for each module among `names` that the lab does not ask for."""
    known = {wanted.name for wanted in hand_in}
    modules = tuple(sorted({module for wanted in hand_in for module in wanted.modules}))
    others = [name for name in names if name.endswith(".py") and name not in known]
    return [HandIn(name, MOST_BYTES, required=False, modules=modules) for name in others]


def imported(source: str) -> list[str]:
    """The modules that a source may import, such as "numpy", "nets.blocks" and "..blocks", each once."""
    modules: dict[str, None] = {}
    for module, words in IMPORT.findall(source.replace("\\\n", " ")):
        parts = re.sub(r"#[^\n]*", "", words).strip("()").split(",")
        names = [part.split()[0] for part in parts if part.strip()]
        if module:
            modules |= dict.fromkeys([module, *(f"{module}{'.' * (not module.endswith('.'))}{n}" for n in names)])
        else:
            modules |= dict.fromkeys(names)
    return list(modules)


def _files(module: str, importer: str, at: str, top: str, paths: Collection[str]) -> list[tuple[str, str]]:
    """(name beside the lab's files, path) of the files that importing a module runs, as far as they are there."""
    names = module.lstrip(".")
    if level := len(module) - len(names):
        # of the packages around the importer, the one that the dots name
        bases = [tuple("".join(f"{part}/" for part in each.split("/")[:-level]) for each in (importer, at))]
    else:
        bases = [("", at.removesuffix(importer)), ("", top)]
    for base, folder in bases:
        if there := [(base + file, folder + file) for file in _candidates(names) if folder + file in paths]:
            return there
    return []


def _candidates(names: str) -> Iterator[str]:
    parts = names.split(".") if names else []
    if not all(part.isascii() and part.isidentifier() for part in parts):
        return
    for end in range(1, len(parts) + 1):
        yield "/".join([*parts[:end], "__init__.py"])
    if parts:
        yield "/".join(parts) + ".py"


def _is_course(name: str, lab: Lab) -> bool:
    """Whether a module is the lab's own, which is there in the grading, or is known to be missing there."""
    declared = {module for wanted in lab.hand_in for module in wanted.modules}
    if (first := name.removesuffix(".py").split("/")[0]) in COURSE:
        return first in declared
    folder = f"{lab.handout.folder}/" if lab.handout and lab.handout.folder else ""
    files = [*lab.needs, *(lab.handout.files if lab.handout else ())]
    return any(fnmatch.fnmatchcase(folder + name, pattern) for pattern in files)


def _too_much(size: int, room: int) -> str:
    """Why there is no room for a module of that size; "" if there is."""
    return f"expected at most {MOST_TOGETHER // 1024} KB in all modules of your own together" if size > room else ""


def _reason(name: str, path: str, taken: Collection[str], lab: Lab) -> str:
    """Why a module is not taken along; "" if it is."""
    first = name.removesuffix(".py").split("/")[0]
    if first in sys.stdlib_module_names | INSTALLED:
        owner = "Python" if first in sys.stdlib_module_names else first
        return f"{owner} has a module of that name; rename yours"
    if first in COURSE:
        return "the course has a module of that name; rename yours"
    if name in taken or name in {wanted.name for wanted in lab.hand_in}:
        return f"another file is called {name}, too; rename one"
    return f"expected at most {MOST} modules of your own" if len(taken) >= MOST else ""
