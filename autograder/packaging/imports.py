"""The modules of the checkout that a module needs, found in its source without importing it."""

import ast
import functools
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from autograder.registry import located, parents

PACKAGES = ("autograder", "smallnets", "labs")  # no module at the root, where students have theirs


def needed(modules: Iterable[str], started: bool = True) -> list[str]:
    """The files of some modules and of all that they import, directly or not, relative to the checkout, sorted.

    Args:
        modules: such as "autograder.grading.grade", or files such as "labs/<lab>/utils.py".
        started: also follow texts that name a module, such as "autograder.lint": a module that is started as a
            process or in the sandbox is named so.

    Raises:
        ValueError: there is no such module.
    """
    found: set[str] = set()
    waiting = [file for module in modules for file in _files(module)]
    while waiting:
        if (file := waiting.pop()) not in found:
            found.add(file)
            waiting += _imports(file, started, tuple(parents()))
    return sorted(found)


def libraries(files: Iterable[str]) -> set[str]:
    """The packages outside the checkout that importing some files of it imports."""
    found = set()
    for file in files:
        for node in ast.parse(located(file).read_bytes()).body:
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - set(PACKAGES)


@functools.cache
def version(package: str) -> str:
    """The version of an installed package; "none" if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def is_module(name: str) -> bool:
    """Whether a text names a module of the checkout, such as "autograder.grading.grade"."""
    return "." in name and all(part.isidentifier() for part in name.split(".")) and _known(name)


def _files(module: str) -> list[str]:
    """The files that importing a module runs first: its packages' `__init__`, then its own."""
    if module.endswith(".py"):
        return [module]
    if not _known(module):
        raise ValueError(f"expected a module of the checkout, got {module}")
    names, places = module.split("."), tuple(parents())
    paths = [_path(".".join(names[:end]), places) for end in range(1, len(names) + 1)]
    return [path for path in paths if path]


def _known(module: str) -> bool:
    return _path(module, tuple(parents())) is not None


@functools.cache
def _path(module: str, places: tuple[Path, ...]) -> str | None:
    """A module's file, "" for a folder without `__init__.py`, None if there is no such module; `places` hold labs."""
    path = module.replace(".", "/")
    if module.split(".")[0] not in PACKAGES:
        return None
    for file in (f"{path}/__init__.py", *([f"{path}.py"] if "." in module else [])):
        if located(file).is_file():
            return file
    return "" if located(path).is_dir() else None


@functools.cache
def _imports(file: str, started: bool, places: tuple[Path, ...]) -> tuple[str, ...]:
    """The files that one file imports anywhere, and those of modules that its texts name."""
    found: list[str] = []
    for node in ast.walk(ast.parse(located(file).read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif started and isinstance(node, ast.Constant) and isinstance(node.value, str) and is_module(node.value):
            names = [node.value, f"{node.value}.__main__"]
        found += [path for name in names if _known(name) for path in _files(name)]
    return tuple(found)
