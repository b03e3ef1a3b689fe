"""Check that the lab's functions and classes exist, with the right arguments and some code."""

import ast
from collections.abc import Iterable, Mapping, Sequence

from autograder.intake.names import near_miss
from autograder.lint import module
from autograder.lint.module import Function

# methods of torch.nn.Module that a lab could ask for; its own forward only raises
INHERITED = {"parameters", "named_parameters", "modules", "children", "state_dict", "load_state_dict", "train", "eval"}
INHERITED |= {"buffers", "zero_grad", "apply", "to", "float", "double", "requires_grad_", "register_buffer"}


def functions(tree: ast.Module, wanted: Mapping[str, Sequence[str]]) -> list[tuple[int, str]]:
    """Findings on the required functions (name -> first arguments)."""
    names, found = module.bound(tree), []
    for name, arguments in wanted.items():
        node = names.get(name)
        if node is None and "*" not in names:
            found.append(_missing_function(name, arguments, list(wanted), names))
        elif isinstance(node, ast.ClassDef):
            found.append((node.lineno, f"expected a function {name}, got a class"))
        elif isinstance(node, ast.AsyncFunctionDef):
            found.append((node.lineno, f"expected `def {name}`, got `async def {name}`"))
        elif isinstance(node, ast.FunctionDef):
            found += _arguments(node, arguments) + _leftover(node, name)
    return found


def classes(tree: ast.Module, wanted: Mapping[str, Sequence[str]]) -> list[tuple[int, str]]:
    """Findings on the required classes (name -> methods)."""
    names, found = module.bound(tree), []
    for name, methods in wanted.items():
        node = names.get(name)
        if isinstance(node, ast.ClassDef):
            found += _methods(node, methods, names)
        elif node is None and "*" not in names:
            near, line = _near(name, list(wanted), names)
            found.append((line, f"expected a class {name}, {near}"))
        elif isinstance(node, Function):
            found.append((node.lineno, f"expected a class {name}, got a function"))
    return found


def _near(missing: str, known: Sequence[str], names: Mapping[str, ast.AST]) -> tuple[str, int]:
    """A text on the name most like a missing one, and its line."""
    near = near_miss(
        missing, known, [name for name, node in names.items() if isinstance(node, Function | ast.ClassDef)]
    )
    if near is None:
        return "found none", 0
    return f"found {near}", getattr(names[near], "lineno", 0)


def _missing_function(
    name: str, arguments: Sequence[str], known: Sequence[str], names: Mapping[str, ast.AST]
) -> tuple[int, str]:
    expected = f"expected a function {name}({', '.join(arguments)}{', ' if arguments else ''}...)"
    for node in names.values():
        method = module.bound(node).get(name) if isinstance(node, ast.ClassDef) else None
        if isinstance(method, Function) and isinstance(node, ast.ClassDef):
            return method.lineno, f"{expected}, found it inside the class {node.name}; indent it less"
    near, line = _near(name, known, names)
    return line, f"{expected}, {near}"


def _arguments(node: ast.FunctionDef, wanted: Sequence[str]) -> list[tuple[int, str]]:
    """A finding if the arguments do not fit the lab's call: other names, another order, or too few."""
    args = node.args
    names = [arg.arg for arg in args.posonlyargs + args.args]
    given = names[: len(wanted)]
    if given != list(wanted[: len(given)] if args.vararg else wanted):
        got = ", ".join([*names, *([f"*{args.vararg.arg}"] if args.vararg else [])])
        return [(node.lineno, f"expected {node.name}({', '.join(wanted)}, ...), got {node.name}({got})")]
    needed = names[len(wanted) : len(names) - len(args.defaults)]
    needed += [arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    return (
        [(node.lineno, f"{node.name} needs a default for {', '.join(needed)}, as the lab gives none")] if needed else []
    )


def _methods(node: ast.ClassDef, wanted: Iterable[str], names: Mapping[str, ast.AST]) -> list[tuple[int, str]]:
    """Findings on a class's methods, its own or those of its base classes."""
    had, unknown = _members(node, names)
    found = []
    for method in wanted:
        member = had.get(method)
        if isinstance(member, ast.AsyncFunctionDef):
            found.append((member.lineno, f"expected `def {method}`, got `async def {method}`"))
        elif isinstance(member, ast.FunctionDef):
            found += _leftover(member, f"{node.name}.{method}")
        elif member is None and not unknown and not method.startswith("__"):
            near, line = _near(method, list(wanted), had)
            found.append((line or node.lineno, f"expected a method {method} in the class {node.name}, {near}"))
    return found


def _members(node: ast.ClassDef, names: Mapping[str, ast.AST]) -> tuple[dict[str, ast.AST], bool]:
    """A class's members, and whether a base class from another file may add more."""
    members: dict[str, ast.AST] = {}
    waiting, seen, unknown = [node], set(), False
    while waiting:
        now = waiting.pop(0)
        if now in seen:
            continue
        seen.add(now)
        members = module.bound(now) | members
        for base in now.bases:
            name = module.dotted(base)
            own = names.get(name)
            if isinstance(own, ast.ClassDef):
                waiting.append(own)
            elif name.split(".")[-1] == "Module":
                members = {inherited: base for inherited in INHERITED} | members
            elif name not in ("object", "ABC", "abc.ABC"):
                unknown = True
    return members, unknown


def _leftover(node: Function, what: str) -> list[tuple[int, str]]:
    """A finding if a body is still the skeleton's."""
    code = [statement for statement in node.body if not _says_nothing(statement)]
    for statement in code:
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if module.dotted(raised) == "NotImplementedError":
                rest = "is not written yet" if len(code) == 1 else "still raises NotImplementedError; remove the line"
                return [(statement.lineno, f"{what} {rest}")]
    return [] if code else [(node.lineno, f"{what} has no code yet")]


def _says_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is `pass`, `...` or a docstring."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
