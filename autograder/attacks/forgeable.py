"""The table of where each check's value is made, and so whether it can be forged, from the labs' declarations."""

import math
from collections.abc import Iterator, Sequence

from autograder import registry
from autograder.grading import pipeline
from autograder.lab import Check, Lab, Made

HEAD = "| lab | checks | points | their values come from |\n|---|---|---|---|"


def table() -> str:
    """A table in Markdown: for each lab and each `Made`, the checks and their points."""
    return "\n".join([HEAD, *(row for name in registry.names() for row in rows(registry.load(name)))])


def rows(lab: Lab) -> Iterator[str]:
    """The rows of a lab."""
    checks = sorted(lab.checks, key=pipeline.order)
    for made in Made:
        numbers = [check.number for check in checks if lab.made(check) is made]
        if numbers:
            points = math.fsum(check.points for check in checks if check.number in numbers)
            yield f"| `{lab.name}` | {ranges(numbers, checks)} | {points:g} | {made} |"


def ranges(numbers: Sequence[str], checks: Sequence[Check]) -> str:
    """Numbers in words, such as "1.1 to 1.3, 2.1"; a range is of checks that follow each other in one part."""
    order = [check.number for check in checks]
    runs: list[list[str]] = []
    for number in numbers:
        before = order[order.index(number) - 1]
        if runs and runs[-1][-1] == before and before.split(".")[0] == number.split(".")[0]:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
