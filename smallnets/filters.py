"""What the layers of a net look for in images, learned or fixed, as pictures."""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS, MOST_COLUMNS = 16, 18  # of a layer that sees more than one channel
MOST_TENSORS = 4


def of_net(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The tensors [n, m, height, width] of convolutions, and of linear layers that see 784 pixels; the first four.

    A name says whether the tensor is learned (a parameter) or fixed (a buffer). One that is not finite is left out.
    """
    kinds = {"fixed": net.named_buffers(), "learned": net.named_parameters()}
    found = {}
    for kind, named in kinds.items():
        for name, value in named:
            if torch.nn.parameter.is_lazy(value) or not value.is_floating_point() or not value.isfinite().all():
                continue
            if value.ndim == 2 and value.shape[1] == 784:
                found[f"{name}, {kind}"] = value.detach().reshape(-1, 1, 28, 28)
            elif value.ndim == 4 and min(value.shape[2:]) > 1:
                found[f"{name}, {kind}"] = value.detach()
    return dict(list(found.items())[:MOST_TENSORS])


def montage(filters: torch.Tensor) -> NDArray[np.float32]:
    """Filters [n, m, height, width] side by side, each of the n from -1 to 1, with gaps of nan between all.

    With m channels, each of the n is a row; with one, they fill rows that are twice as long as the rows are many.
    """
    n, m, height, width = filters.shape
    values = filters.float().cpu()
    values = values / values.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-30)
    columns = math.ceil(1.5 * math.sqrt(n)) if m == 1 else m
    cells = np.full((-(-n * m // columns) * columns, height + 1, width + 1), np.nan, np.float32)
    cells[: n * m, 1:, 1:] = values.flatten(0, 1)
    tiles = cells.reshape(-1, columns, height + 1, width + 1)
    tiles = tiles[:MOST_ROWS, :MOST_COLUMNS] if m > 1 else tiles
    grid = np.concatenate(np.concatenate(tiles, axis=1), axis=1)
    return np.pad(grid, ((0, 1), (0, 1)), constant_values=np.nan)


def picture(found: dict[str, torch.Tensor], title: str) -> "Figure":
    """The filters of `of_net`, from blue for the least to red for the greatest; white is zero."""
    import matplotlib  # takes longer to import than part 1 takes to train
    from matplotlib.figure import Figure

    grids = [montage(filters) for filters in found.values()]
    sizes = [grid.shape[0] / grid.shape[1] for grid in grids]
    figure = Figure(figsize=(7, 0.6 + sum(6.5 * size + 0.6 for size in sizes)), layout="constrained")
    figure.suptitle(title)
    colours = matplotlib.colormaps["RdBu_r"].with_extremes(bad="dimgrey")
    subplots = figure.subplots(len(grids), 1, squeeze=False, height_ratios=sizes)[:, 0]
    for axes, grid, (name, filters) in zip(subplots, grids, found.items(), strict=True):
        n, m, height, width = filters.shape
        axes.imshow(grid, cmap=colours, vmin=-1, vmax=1)
        axes.set(xticks=[], yticks=[])
        rest = f", the first {MOST_ROWS} of them" if m > 1 and n > MOST_ROWS else ""
        rest += f", {MOST_COLUMNS} channels each" if m > MOST_COLUMNS else ""
        axes.set_title(f"{name}: {n} filters of {m} x {height} x {width}{rest}", fontsize=9)
    return figure
