"""Functions and methods of a file as statements, by which copies are held equal."""

import ast
from pathlib import Path


def definitions(path: Path) -> dict[str, list[str]]:
    """Name, such as "NeuralNet.step" -> arguments, then statements; without types, docstrings and comments."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, ast.FunctionDef):
                body = function.body[1:] if ast.get_docstring(function) else function.body
                parts = [Untyped().visit(part) for part in (function.args, *body)]
                found[prefix + function.name] = [ast.unparse(part) for part in parts]
    return found


class Untyped(ast.NodeTransformer):
    """Takes the types of arguments and of variables away."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        assert node.value is not None
        return ast.copy_location(ast.Assign([node.target], node.value), node)
