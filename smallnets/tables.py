"""Scores as text that fits a terminal of 80 columns, and tables of any cells for terminals and Markdown."""

from collections.abc import Sequence

from numpy.typing import NDArray

from smallnets import metrics


def per_class(confusion: NDArray, names: Sequence[str]) -> str:
    """Precision, recall, F1 and image count of each class, one line a class; empty classes are marked."""
    width = max(len(name) for name in [*names, "class"])
    lines = [f"{'class':<{width}}  precision  recall      F1  images"]
    columns = (metrics.precision(confusion), metrics.recall(confusion), metrics.f1(confusion), confusion.sum(axis=1))
    for k, (name, p, r, f, n) in enumerate(zip(names, *columns, strict=True)):
        note = "" if n else "  (not in this set)"
        note += "" if confusion[:, k].any() else "  (never predicted)"
        lines.append(f"{name:<{width}}  {p:9.4f}  {r:6.4f}  {f:6.4f}  {n:6d}{note}")
    return "\n".join(lines)


def confusion(matrix: NDArray, names: Sequence[str]) -> str:
    """The confusion matrix with a row for each true class; columns are numbered when names would not fit."""
    width = max(len(name) for name in names)
    cell = max(len(str(matrix.max(initial=0))), *(len(name) for name in names)) + 2
    heads = list(names)
    if width + cell * len(names) > 80:
        heads = [str(k) for k in range(len(names))]
        names = [f"{k} {name}" for k, name in enumerate(names)]
        cell = max(len(str(matrix.max(initial=0))), len(heads[-1])) + 2
        width = min(max(len(name) for name in names), max(4, 80 - cell * len(names)))
        names = [name[:width] for name in names]
    if width + cell * len(names) > 80:
        return f"confusion matrix: {len(names)} classes are too many to print, --plots draws it"
    rows = [("", heads), *zip(names, matrix.tolist(), strict=True)]
    lines = [f"{name:<{width}}" + "".join(f"{value:>{cell}}" for value in row) for name, row in rows]
    return "\n".join(["confusion matrix (rows: truth, columns: prediction)", *lines])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells as columns, the first to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table, whose head is the first row."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" + "|---:" * (len(rows[0]) - 1) + "|", *body])
