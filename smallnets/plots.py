"""Pictures of a run, as PNG files. matplotlib is imported with this module, so import it only for pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from smallnets.files import replacing

ABOVE, BESIDE = 14, 4  # pixels in a grid of images: for a caption, and between images


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def loss_curve(losses: Sequence[float], title: str, floor: float = 0.0) -> Figure:
    """Loss against iteration, from 1; [n_iter] losses, of which none may be missing.

    Args:
        floor: the least loss that label smoothing leaves, a dashed line; 0 draws none.
    """
    figure = curve(dict(enumerate(losses, 1)), "loss of the batch", title)
    if floor:
        (axes,) = figure.axes
        axes.axhline(floor, color="black", linestyle="--", label=f"the least that label smoothing leaves, {floor:.3f}")
        axes.legend()
    return figure


def curve(values: Mapping[int, float], name: str, title: str) -> Figure:
    """Values against the iteration that each is of."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(list(values), list(values.values()), marker="." if len(values) <= 30 else None)
    axes.set(xlabel="iteration", ylabel=name, title=title)
    axes.grid(alpha=0.3)
    return figure


def bars(values: Sequence[float] | NDArray, names: Sequence[str], name: str, title: str) -> Figure:
    """A bar from 0 to 1 for each of the names, with its value."""
    figure = Figure(figsize=(6, 1.2 + 0.35 * len(names)), layout="constrained")
    axes = figure.subplots()
    drawn = axes.barh(range(len(names)), values, tick_label=list(names), color="tab:blue")
    axes.bar_label(drawn, fmt="%.3f", label_type="center", color="white")
    axes.set(xlabel=name, title=title, xlim=(0, 1))
    axes.invert_yaxis()  # the first name on top
    return figure


def confusion_matrix(matrix: NDArray, names: Sequence[str], title: str) -> Figure:
    """The counts [K, K] over the share of each true class."""
    size = min(len(names), 30)  # more classes get smaller cells, not a larger picture
    figure = Figure(figsize=(1.5 + 0.9 * size, 1.2 + 0.8 * size), layout="constrained")
    axes = figure.subplots()
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(matrix.shape):
        axes.text(j, i, str(matrix[i, j]), ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    ticks = range(len(names))
    axes.set(xlabel="prediction", ylabel="truth", title=title, xticks=ticks, yticks=ticks)
    axes.set_xticklabels(names, rotation=30, ha="right")
    axes.set_yticklabels(names)
    return figure


def image_grid(
    images: NDArray, captions: Sequence[str], title: str, columns: int = 8, figure: Figure | None = None
) -> Figure:
    """Images [N, 784] or [N, 28, 28], each under its caption, dark on white. No image gives an empty figure.

    All share one grey scale, from 0 to 255, or to 1 where no value is above it.

    Args:
        figure: draw into this one instead of a new one.
    """
    rows = max(1, -(-len(images) // columns))
    figure = figure or Figure(figsize=(1.25 * columns, 0.6 + 1.6 * rows), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots()
    axes.axis("off")
    cells = np.zeros((rows, columns, 28 + ABOVE, 28 + BESIDE))  # one picture of all, as axes for each take seconds
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        cells[row, column, ABOVE:, BESIDE // 2 : 28 + BESIDE // 2] = np.asarray(image).reshape(28, 28)
        middle, top = (column + 0.5) * (28 + BESIDE) - 0.5, row * (28 + ABOVE) + ABOVE - 2
        axes.text(middle, top, captions[k], fontsize=8, ha="center", va="bottom")
    grid = cells.swapaxes(1, 2).reshape(rows * (28 + ABOVE), columns * (28 + BESIDE))
    axes.imshow(grid, cmap="gray_r", vmin=0, vmax=255 if np.max(images, initial=0) > 1 else 1)
    return figure


def reconstructions(x: NDArray, xhat: NDArray, errors: Sequence[float], title: str) -> Figure:
    """Originals [N, 784] above, reconstructions below with the MSE of each."""
    captions = [f"original {k + 1}" for k in range(len(x))] + [f"MSE {error:.4f}" for error in errors]
    return image_grid(np.concatenate([x, xhat]), captions, title, columns=max(1, len(x)))


def scatter(points: NDArray, y: NDArray, names: Sequence[str], title: str) -> Figure:
    """Points [N, 2] coloured by their class y [N]."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    for k, name in enumerate(names):
        axes.scatter(points[y == k, 0], points[y == k, 1], s=6, alpha=0.6, label=name)
    axes.set(xlabel="first principal component", ylabel="second principal component", title=title)
    axes.legend(markerscale=3)
    return figure


def principal_plane(codes: NDArray) -> NDArray[np.float64]:
    """Project codes [N, D] on their two principal components (PCA), [N, 2]."""
    centred = codes.astype(np.float64) - codes.mean(axis=0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ components[:2].T
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))  # one code or one image spans less than a plane
