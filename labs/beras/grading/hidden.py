"""The hidden images of the Beras lab."""

from pathlib import Path

import numpy as np

from labs.beras.grading import data
from smallnets.data import altered, draws, idx, mnist
from smallnets.files import write_text


def write(secret: bytes, folder: Path) -> None:
    """Write four IDX files: the unchanged training images, and a new image made of each test image.

    Args:
        secret: at least 16 bytes, which decide order and changes.

    Raises:
        ValueError, OSError: a secret that could be guessed; images that are damaged.
    """
    rng = np.random.default_rng(draws.secret_seed(secret, "beras test images"))
    source, note = data.found()
    for name in ("train", "t10k"):
        images, labels = data.split(source, name)
        if name == "t10k":
            order = rng.permutation(len(images))
            images, labels = altered.altered(images[order], rng), labels[order]
        idx.write_idx(folder / f"{name}-images-idx3-ubyte.gz", images)
        idx.write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels)
    if note:
        write_text(folder / mnist.NOTE, mnist.STAND_IN + "\n")
