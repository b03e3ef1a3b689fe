"""A mistake that BatchNorm1d and BatchNorm2d share is charged once, as most students write one forward for both."""

import dataclasses
from collections.abc import Sequence

from autograder.lab import Check, Run, Verdict


def charged_once(first: Sequence[Check], second: Sequence[Check]) -> list[Check]:
    """The checks of BatchNorm1d, and those of BatchNorm2d, which keep their points where BatchNorm1d loses the same.

    Only where each layer earns at least half of its points by itself: a layer that is not written is no shared mistake.
    """

    def both_work(run: Run) -> bool:
        return all(share(checks, run) >= 0.5 for checks in (first, second))

    def judged(one: Check, two: Check) -> Check:
        def judge(run: Run) -> Verdict:
            verdict = two.judge(run)
            if verdict.share == 1 or one.judge(run).share == 1 or not both_work(run):
                return verdict
            return Verdict(1, f"lost in {one.number} already, and a mistake of both layers costs once: {verdict.text}")

        return dataclasses.replace(two, judge=judge)

    return [*first, *(judged(one, two) for one, two in zip(first, second, strict=True))]


def share(checks: Sequence[Check], run: Run) -> float:
    """The share of their points that these checks give."""
    return sum(check.points * check.judge(run).share for check in checks) / sum(check.points for check in checks)
