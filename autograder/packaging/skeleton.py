"""Make a student's skeleton from a working file: the bodies that they write are removed."""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.lab import Handout
from autograder.registry import located

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def skeleton(source: str, blanks: Sequence[str], drops: Sequence[str], says: Mapping[str, str]) -> str:
    """The source with these changes; everything else stays the same to the letter.

    Args:
        blanks: names of functions and methods, such as "fit" or "Linear.forward": after the docstring, the body
            is `raise NotImplementedError`.
        drops: names of functions, methods and classes that are removed.
        says: name -> its new docstring; "" is the module.

    Raises:
        ValueError: a name that is not defined, or has no docstring to replace.
    """
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    edits = [_blank(_find(tree, name)) for name in blanks]
    edits += [_drop(_find(tree, name), lines) for name in drops]
    edits += [_say(tree if not name else _find(tree, name), name, text) for name, text in says.items()]
    for first, last, text in sorted(edits, reverse=True):  # from the end, so that line numbers stay valid
        lines[first - 1 : last] = [text] if text else []
    return "".join(lines)


def skeletons(handout: Handout) -> dict[str, str]:
    """The files that students complete -> their skeletons; names are relative to the handout's folder."""
    found = {}
    for name in dict.fromkeys((*handout.blanks, *handout.drops, *handout.says)):
        source = located((Path(handout.folder) / name).as_posix()).read_text(encoding="utf-8")
        parts = (handout.blanks.get(name, ()), handout.drops.get(name, ()), handout.says.get(name, {}))
        found[name] = skeleton(source, *parts)
    return found


def _find(tree: ast.Module, name: str) -> Definition:
    found: ast.Module | Definition = tree
    for part in name.split("."):
        within = [node for node in found.body if isinstance(node, Definition) and node.name == part]
        if not within:
            raise ValueError(f"expected a definition of {name}, got none")
        found = within[-1]
    assert isinstance(found, Definition)
    return found


def _docstring(node: ast.Module | Definition) -> ast.Expr | None:
    first = node.body[0]
    return first if isinstance(first, ast.Expr) and ast.get_docstring(node) is not None else None


def _blank(node: Definition) -> tuple[int, int, str]:
    """(first line, last line, replacement) for the body without its docstring."""
    docstring, last = _docstring(node), node.body[-1].end_lineno
    assert last is not None
    first = node.body[0].lineno if docstring is None else (docstring.end_lineno or 0) + 1
    if first == node.lineno:
        raise ValueError(f"expected {node.name} to have its body on lines of its own, got one on the line of its def")
    # if the body is only a docstring, the statement comes after it
    return first, max(last, first - 1), f"{' ' * node.body[0].col_offset}raise NotImplementedError\n"


def _drop(node: Definition, lines: Sequence[str]) -> tuple[int, int, str]:
    """(first line, last line, "") of a definition with its decorators and the blank lines above it."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    while first > 1 and not lines[first - 2].strip():
        first -= 1
    return first, node.end_lineno or first, ""


def _say(node: ast.Module | Definition, name: str, text: str) -> tuple[int, int, str]:
    if (docstring := _docstring(node)) is None:
        raise ValueError(f"expected {name or 'the module'} to have a docstring to replace, got none")
    quoted = f'"""{text}"""\n'
    return docstring.lineno, docstring.end_lineno or 0, textwrap.indent(quoted, " " * docstring.col_offset)
