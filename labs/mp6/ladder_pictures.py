"""The ladder's table as a picture, and the curves of its trainings."""

from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure


def scores(rungs: Sequence[Any], label: str, scale: str, threshold: float | None) -> Figure:
    """A row for each rung, from the lowest: a dot for each training, a bar for their mean.

    Args:
        rungs: `ladder.Rung`, which have been trained.
        label: the name of the score.
        scale: of its axis, "linear" or "log".
    """
    figure = Figure(figsize=(8, 1.2 + 0.34 * len(rungs)), layout="constrained")
    axes = figure.subplots()
    for row, rung in enumerate(rungs):
        axes.plot(rung.scores, [row] * len(rung.scores), "o", color="tab:blue", alpha=0.5, markersize=4)
        mean = sum(rung.scores) / len(rung.scores)
        axes.plot([mean, mean], [row - 0.35, row + 0.35], color="black")
    if threshold is not None:
        axes.axvline(threshold, color="tab:red", linestyle="--", label=f"the handout's threshold, {threshold}")
        figure.legend(loc="outside lower center")
    axes.set_yticks(range(len(rungs)), [rung.name for rung in rungs])
    axes.set(xlabel=f"{label} on the development set", xscale=scale, title="each training of a rung, and their mean")
    axes.grid(alpha=0.3)
    return figure


def curves(rungs: Sequence[Any], label: str, scale: str) -> Figure:
    """Loss of the batch, and score on the development set, against the iteration: the first training of each rung.

    The arguments are those of `scores`. Rungs beside the ladder, from which no other is derived, are thin.
    """
    figure = Figure(figsize=(13, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = matplotlib.colormaps["viridis_r"].resampled(len(rungs) + 1)
    under = {rung.below for rung in rungs}
    for k, rung in enumerate(rungs):
        width = 1.6 if rung.name in under or rung is rungs[-1] else 0.6
        colour = "black" if rung is rungs[-1] else colours(k + 1)
        left.plot(range(1, len(rung.losses) + 1), rung.losses, color=colour, linewidth=width, label=rung.name)
        right.plot(list(rung.curve), list(rung.curve.values()), color=colour, linewidth=width, label=rung.name)
    left.set(xlabel="iteration", ylabel="loss of the batch", yscale="log", title="training")
    right.set(xlabel="iteration", ylabel=label, yscale=scale, title="development set, after each iteration")
    least = min(rung.scores[0] for rung in rungs)
    if scale == "linear" and least < 1:  # the first iterations would leave no room for the differences of the last
        right.set_ylim(max(right.get_ylim()[0], 2 * least - 1), min(right.get_ylim()[1], 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    return figure
