"""MNIST for the grading of Beras: training images, and slightly changed hidden images."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT
from smallnets.data import mnist

PLACES = (ROOT / "labs/data/mnist", ROOT / "data/mnist")  # the folders where assignment.py looks
CONTRAST, NOISE = 0.1, 8  # largest loss of brightness of an image, largest change of a pixel


@dataclasses.dataclass(frozen=True)
class Data:
    """Images uint8 [N, 784] and labels to train on; hidden images and their labels, which no student's code sees."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    hidden: NDArray[np.uint8]
    truths: NDArray[np.uint8]


def changed(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The images [N, ...], each up to a tenth darker, with noise of up to 8 grey levels where it is not black.

    So no image equals a known one byte for byte. On MNIST the accuracies of the simple model and of three typical
    advanced ones change by less than 0.001; a shift by one pixel would cost the simple one 0.06.
    """
    shape = (len(images), *[1] * (images.ndim - 1))
    darker = images * rng.uniform(1 - CONTRAST, 1, shape).astype(np.float32)
    noise = rng.uniform(-NOISE, NOISE, images.shape).astype(np.float32)
    return np.clip(np.rint(darker + noise * (images > 0)), 0, 255).astype(np.uint8)


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
        staff: folder written by `hidden`; None changes the test images that students have.

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
        hidden, source = changed(hidden, rng), "that students have, slightly changed, as there are no staff images"
    data = Data(images[order].reshape(len(images), -1), labels[order], hidden.reshape(len(hidden), -1), truths)
    line = f"scored on {len(hidden)} images {source}; order of seed {seed}"
    return data, f"{line}; {note}" if note else line
