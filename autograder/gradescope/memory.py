"""How much memory a job may have, so that grader and job together stay within the container's."""

from dataclasses import replace
from pathlib import Path

from autograder.lab import Lab
from autograder.sandbox.cgroup import MOUNTS, own_paths
from autograder.sandbox.job import MB, Limits

GRADER = 192 * MB  # for the grader, the sandbox's supervisor and the platform's own programs
LEAST = 64 * MB  # with less, no student's code would even start


def container(mounts: Path = MOUNTS) -> int | None:
    """The bytes that this process and all beside it may have together; None if no control group says."""
    try:
        own = own_paths()
    except OSError:
        return None
    found = []
    for mount, name, file in (
        (mounts, "", "memory.max"),
        (mounts / "unified", "", "memory.max"),
        (mounts / "memory", "memory", "memory.limit_in_bytes"),
    ):
        group = mount / own.get(name, "")
        for folder in (group, *group.parents):
            found += _number(folder / file)
            if folder == mount:
                break
    return min(found, default=None)


def _number(path: Path) -> list[int]:
    try:
        return [int(path.read_text())]
    except (OSError, ValueError):  # "max" is no number
        return []


def within(lab: Lab, megabytes: int, of_container: int | None) -> Lab:
    """The lab with as much memory for each step as is left beside the grader, at most as much as it had.

    Args:
        megabytes: of the container, as staff say.
        of_container: bytes, as the machine says.

    Raises:
        ValueError: too little is left for any work.
    """
    total = min(megabytes * MB, of_container or megabytes * MB)
    if total < GRADER + LEAST:
        raise ValueError(f"expected a container of at least {(GRADER + LEAST) // MB} MB, got {total // MB} MB")

    def less(limits: Limits) -> Limits:
        return replace(limits, memory=min(limits.memory, total - GRADER))

    steps = tuple(replace(step, limits=step.limits and less(step.limits)) for step in lab.steps)
    return replace(lab, limits=less(lab.limits), steps=steps)
