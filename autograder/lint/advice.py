"""Code that may work at home and fail elsewhere: missing modules and files, names that NumPy has removed."""

import ast
import re
import sys

from autograder.lint import module

INSTALLED = {"numpy", "torch"}
HOME = re.compile(r"/home/|/Users/|[A-Za-z]:[\\/]")
MISSING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}

TYPES = ("int", "float", "complex", "object", "str")  # removed in NumPy 1.24: its names for Python's types
# removed in NumPy 2: names for which NumPy's error has no replacement
FUNCTIONS = {"product": "prod", "cumproduct": "cumprod", "in1d": "isin", "trapz": "trapezoid"}
GONE = {
    f"{numpy}.{name}": new
    for numpy in ("np", "numpy")
    for name, new in [(name, name) for name in TYPES] + [(old, f"{numpy}.{new}") for old, new in FUNCTIONS.items()]
}


def imports(tree: ast.Module, own: set[str]) -> list[tuple[int, str]]:
    """Findings on imports of modules that are not Python's, not installed and not in `own`.

    "." in `own`: the file lies in a package.
    """
    tried = _tried(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        else:
            continue
        for name in modules:
            first = name.split(".")[0]
            if name.startswith("."):
                if "." in own and not name.startswith(".."):
                    continue
                found.append((node.lineno, f"`from {name} import` needs a package around the file, which has none"))
            elif first not in sys.stdlib_module_names | INSTALLED | own and node not in tried:
                found.append((node.lineno, f"the module {first} may be missing when this is graded"))
    return found


def _tried(tree: ast.Module) -> set[ast.AST]:
    """Nodes inside a `try` that catches a missing module."""
    tried: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches_missing(handler) for handler in node.handlers):
            tried.update(node.body)
    return tried


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in MISSING for kind in kinds)


def paths(tree: ast.Module) -> list[tuple[int, str]]:
    """Findings on strings that start like a path on a personal computer."""
    return [
        (node.lineno, f"the path {node.value[:60]!r} is on your computer only")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and HOME.match(node.value)
    ]


def gone(tree: ast.Module) -> list[tuple[int, str]]:
    """Findings on names such as np.int, used in templates up to 2020."""
    return [
        (node.lineno, f"{name} was removed from NumPy; write {GONE[name]} instead")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (name := module.dotted(node)) in GONE
    ]


def unwanted(tree: ast.Module, reasons: dict[str, str]) -> list[tuple[int, str]]:
    """A finding on the first place where each of some names is used or imported (name -> why it should not be)."""
    first: dict[str, int] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom | ast.Name | ast.Attribute):
            continue
        imported = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else [module.dotted(node)]
        for name in {name.split(".")[-1] for name in imported} & set(reasons):
            first[name] = min(first.get(name, node.lineno), node.lineno)
    return [(line, f"{name} is not wanted here: {reasons[name]}") for name, line in first.items()]
