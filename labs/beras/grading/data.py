"""MNIST for the grading of Beras: training images, and hidden images."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT
from smallnets.data import altered, mnist

PLACES = (ROOT / "labs/data/mnist", ROOT / "data/mnist")  # the folders where assignment.py looks


@dataclasses.dataclass(frozen=True)
class Data:
    """Images uint8 [N, 784] and labels to train on; hidden images and their labels, which no student's code sees."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    hidden: NDArray[np.uint8]
    truths: NDArray[np.uint8]


def found() -> tuple[Path | None, str]:
    """The folder in which assignment.py finds its images, if there is one, and a note if they are a stand-in."""
    folder = mnist.found(*PLACES)
    return (None, mnist.STAND_IN) if mnist.find(folder) is None else (folder, mnist.note(folder))


stand_in = functools.cache(mnist.digits)  # scikit-learn takes seconds to import


def split(folder: Path | None, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images [N, 28, 28] and labels of "train" or "t10k" from a folder, or of the stand-in."""
    if folder is not None:
        return mnist.read(folder, name)
    arrays = stand_in()
    return arrays[f"{name}-images-idx3-ubyte"], arrays[f"{name}-labels-idx1-ubyte"]


def load(staff: Path | None, seed: int) -> tuple[Data, str]:
    """Training images in an order of this seed, hidden ones, and a line on their source.

    Args:
        staff: folder written by `hidden`; None takes the test images that students have, in other light.

    Raises:
        ValueError, OSError: missing or malformed files.
    """
    rng = np.random.default_rng([seed, 0])
    folder, note = found() if staff is None else (staff, mnist.note(staff))
    images, labels = split(folder, "train")
    hidden, truths = split(folder, "t10k")
    order, hidden_order = rng.permutation(len(images)), rng.permutation(len(hidden))
    hidden, truths = hidden[hidden_order], truths[hidden_order]
    source = f"of {staff}"
    if staff is None:
        hidden, source = altered.relit(hidden, rng), "that students have, in other light, as there are no staff images"
    data = Data(images[order].reshape(len(images), -1), labels[order], hidden.reshape(len(hidden), -1), truths)
    line = f"scored on {len(hidden)} images {source}; order of seed {seed}"
    return data, f"{line}; {note}" if note else line
