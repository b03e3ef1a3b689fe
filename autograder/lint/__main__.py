"""Read a source file and its required definitions from stdin as JSON; write the findings to stdout."""

import json
import sys
from typing import Any

from autograder.lint import advice, definitions, running
from autograder.lint.parse import parse

CPU_SECONDS, ADDRESS_SPACE = 5, 2**30


def findings(
    source: str,
    functions: dict[str, list[str]],
    classes: dict[str, list[str]],
    own: list[str],
    unwanted: dict[str, str] | None = None,
) -> list[tuple[int, str]]:
    """All findings on a source file, sorted by line.

    Args:
        source: its text.
        functions: functions it must define -> their first arguments.
        classes: classes it must define -> their required methods.
        own: modules beside it, and others that it may import.
        unwanted: names it should do without -> why.
    """
    tree, found = parse(source)
    if tree is not None:
        found += definitions.functions(tree, functions) + definitions.classes(tree, classes)
        found += running.on_import(tree, set(functions)) + advice.imports(tree, set(own)) + advice.paths(tree)
        found += advice.gone(tree) + advice.unwanted(tree, unwanted or {})
    return sorted(set(found))


def _limit() -> None:
    """Limit this process' time and memory, as far as the system can."""
    try:
        import resource
    except ModuleNotFoundError:
        return
    # with 0, the kernel would still pipe a core dump to a handler, see man 5 core
    limits = {resource.RLIMIT_CPU: CPU_SECONDS, resource.RLIMIT_AS: ADDRESS_SPACE, resource.RLIMIT_CORE: 1}
    if sys.platform == "darwin":  # that kernel refuses to set it
        del limits[resource.RLIMIT_AS]
    for number, value in limits.items():
        most = resource.getrlimit(number)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (value, value))


def main() -> None:
    """Lint one file within limits of time and memory."""
    _limit()
    request: dict[str, Any] = json.load(sys.stdin)
    json.dump(findings(**request), sys.stdout)


if __name__ == "__main__":
    main()
