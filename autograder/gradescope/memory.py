"""A job's memory limit, such that grader and job together fit into the container."""

from dataclasses import replace
from pathlib import Path

from autograder.lab import Lab
from autograder.sandbox.cgroup import MOUNTS, own_paths
from autograder.sandbox.job import MB, Limits

GRADER = 192 * MB  # for the grader, the sandbox's supervisor and the platform's own programs
LEAST = 64 * MB  # with less, no student's code could start


def container(mounts: Path = MOUNTS) -> int | None:
    """The memory limit of this process's container in bytes; None if no control group sets one."""
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
    except (OSError, ValueError):  # "max": no limit
        return []


def within(lab: Lab, megabytes: int, of_container: int | None) -> Lab:
    """The lab with each step's memory limit lowered to the memory left beside the grader.

    Args:
        megabytes: the container's memory by the settings.
        of_container: the container's memory in bytes by the machine.

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
