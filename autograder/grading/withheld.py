"""Which words of a program that got hidden data reach its author: none that could carry that data.

Such a program may write an image into any text: into a message, a name of its own, an exit code. So a text of it is
shown whole only if it is, word for word, one of our own sentences. Of an exception its type is shown, if it is one of
Python's, and the line of the student's own file, read from the file that was handed in. The report names the command
that shows the whole text, on data that students have.
"""

import ast
import builtins
import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.lab import Check, Lab, Run, StepResult, Visibility
from autograder.registry import ROOT, located
from autograder.runner import whereabouts
from smallnets.tracebacks import HINT

MOST_TEXT = 600  # characters of a check's text in all
NOT_SHOWN = "its words are not shown, as it got hidden data"
TYPE = re.compile(r"^(?:\w+\.)*(\w+)(?:: |$)", re.MULTILINE)
SOURCES = ("autograder/runner/*.py", "smallnets/*.py")  # whose sentences come out of a sandbox, besides the lab's
Tell = Callable[[str], str]


def run_to_tell(run: Run, lab: Lab, check: Check) -> Run:
    """The run with the texts that a check may show: those of programs that got hidden data are replaced.

    They all are for a check that students do not see at once.
    """
    restricted = check.visibility is not Visibility.VISIBLE
    secret = [step.name for step in lab.steps if restricted or is_secret(run, step.sees_hidden)]
    if not secret:
        return run
    tell = functools.partial(told, files=run.submission.files, ours=sentences(lab.name))
    return dataclasses.replace(run, results=run.results | {name: retold(run.results[name], tell) for name in secret})


def is_secret(run: Run, sees_hidden: bool) -> bool:
    """Whether a step got data that students do not have."""
    return run.hidden and sees_hidden


def retold(done: StepResult, tell: Tell) -> StepResult:
    """A step's result with other texts in its value, and in what its program said."""
    return dataclasses.replace(done, value=each_text(done.value, tell), said=tell(done.said))


def each_text(value: Any, tell: Tell) -> Any:
    """A value with each text in it replaced, however nested; keys of dicts stay."""
    if isinstance(value, str):
        return tell(value)
    if isinstance(value, Mapping):
        return {key: each_text(item, tell) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(each_text(item, tell) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **each_text(fields, tell))
    return value


def told(text: str, files: Mapping[str, Path], ours: frozenset[str]) -> str:
    """A text of a program as it may be shown: whole, as an exception's type and line, or only that it is not shown."""
    if not text or text in ours:
        return text
    error, _, hint = text.partition(f"\n{HINT}")
    kind, place = exception(error), whereabouts.line(error, files)
    if not kind and not place:
        return NOT_SHOWN
    where = f" in {place}" if place else ""
    return f"{kind or 'an exception'}{where}; {NOT_SHOWN}" + (f"\n{HINT}{hint}" if hint and hint in ours else "")


def exception(text: str) -> str:
    """The type of the last exception in a text, if it is one of Python's own."""
    names = [name for name in TYPE.findall(text) if _is_exception(getattr(builtins, name, None))]
    return names[-1] if names else ""


@functools.cache
def sentences(lab: str) -> frozenset[str]:
    """All texts without gaps in our own modules that run beside a student's code."""
    return frozenset(
        node.value
        for path in _sources(lab)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _sources(lab: str) -> Iterator[Path]:
    yield from located(f"labs/{lab}/grading").rglob("*.py")
    for pattern in SOURCES:
        yield from ROOT.glob(pattern)


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)
