"""A few scores of one thing, over seeds: their mean and spread, and whether another thing's are better."""

import statistics
from collections.abc import Sequence
from typing import Any


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation (n - 1; 0 for a single value), least, greatest and all values."""
    std = statistics.stdev(values) if len(values) > 1 else 0.0
    return {
        "mean": statistics.fmean(values),
        "std": std,
        "min": min(values),
        "max": max(values),
        "values": list(values),
    }


def p_value(before: Sequence[float], after: Sequence[float]) -> float:
    """Of the paired t-test; 1 where no pair differs, 0 where all differ by the same."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    if max(differences) == min(differences):
        return float(differences[0] == 0)
    from scipy import stats  # takes a second to import

    return float(stats.ttest_rel(after, before).pvalue)
