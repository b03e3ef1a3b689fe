"""One part's training and development images, as its fit gets them."""

from pathlib import Path
from typing import NamedTuple

import torch

from smallnets import parts
from smallnets.data import reader
from smallnets.tasks import Dev


class Split(NamedTuple):
    """x float32 [N, 784] as fit gets it, y int64 [N], and the development set."""

    name: str
    x: torch.Tensor
    y: torch.Tensor
    dev: Dev


def load(name: str, folder: Path, part: int) -> Split:
    """Read and scale one part's data.

    Raises:
        OSError, ValueError: missing or malformed files.
    """
    arrays, divisor = reader.load_dataset(folder, part), parts.PARTS[part].divisor
    x, dev_x = (torch.tensor(pixels, dtype=torch.float32) / divisor for pixels in (arrays[0], arrays[2]))
    names = reader.load_class_names(folder, part, int(arrays[1].max()) + 1)
    return Split(name, x, torch.tensor(arrays[1]), Dev(dev_x, arrays[3], names))
