"""The statements and names of a module, found without running it. No recursion, as trees can be deep."""

import ast
from collections.abc import Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_main_block(node: ast.AST) -> bool:
    """Whether this is `if __name__ == "__main__"`."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and len(node.test.comparators) == 1):
        return False
    sides = [node.test.left, node.test.comparators[0]]
    has_name = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return has_name and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose code runs on import (or when the class is made): no bodies of functions, no main block."""
    waiting: list[ast.AST] = list(reversed(list(ast.iter_child_nodes(tree))))
    while waiting:
        node = waiting.pop()
        yield node
        below: Sequence[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, Function):
            defaults = [default for default in node.args.kw_defaults if default is not None]
            below = [*node.decorator_list, *node.args.defaults, *defaults]
        elif isinstance(node, ast.Lambda):
            below = []
        elif isinstance(node, ast.If) and is_main_block(node):
            below = node.orelse
        waiting += reversed(below)


def bound(body: ast.Module | ast.ClassDef) -> dict[str, ast.AST]:
    """The names that a module or class body binds -> the last node that binds them; "*" for an import of all names."""
    names: dict[str, ast.AST] = {}
    inside: set[ast.AST] = set()  # classes and comprehensions have names of their own
    for node in executed(body):
        if node in inside or isinstance(node, ast.ClassDef | ast.ListComp | ast.SetComp | ast.DictComp):
            inside.update(ast.iter_child_nodes(node))
        if node in inside:
            continue
        if isinstance(node, Function | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0]: node for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = node
    return names


def dotted(node: ast.AST) -> str:
    """A name such as torch.nn.Module as text, "" for any other expression."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""
