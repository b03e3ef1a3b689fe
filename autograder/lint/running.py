"""Calls that run on import, though they should not."""

import ast

from autograder.lint import module

REASONS = {
    "input": "waits for a keyboard, and there is none",
    "show": "opens a window, and there is none",
    "exit": "ends the program",
    "quit": "ends the program",
    "get_ipython": "exists in notebooks only",
}


def on_import(tree: ast.Module, functions: set[str]) -> list[tuple[int, str]]:
    """Findings on calls outside of functions: of the lab's `functions`, which train, and of calls that wait or end."""
    found = []
    for node in module.executed(tree):
        if isinstance(node, ast.Call) and (name := module.dotted(node.func)):
            reason = _reason(name, functions)
            if reason:
                advice = 'move it into a function or below `if __name__ == "__main__":`'
                found.append((node.lineno, f"{name}() is called when the file is imported and {reason}; {advice}"))
    return found


def _reason(name: str, functions: set[str]) -> str | None:
    last = name.split(".")[-1]
    if last in functions:
        return "takes its time"
    if name in REASONS or name in ("sys.exit", "os._exit") or (last == "show" and "." in name):
        return REASONS[last.lstrip("_")]
    return None
