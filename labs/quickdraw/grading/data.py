"""The drawings for students' programs: hidden ones with labels, and some whose predictions students handed in."""

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT
from labs.quickdraw.grading.programs import N_CLASSES, header_note, parsed
from smallnets.data import quickdraw
from smallnets.data.datasets import read_npy

DATASETS = ROOT / "labs" / "quickdraw" / "datasets"  # where the programs look first
FOLDER = ROOT / "data" / "quickdraw"
MOST = 900  # hidden drawings to score, and given ones whose predictions are compared
STUDENT_IMAGES = "given_test_images.npy"  # in the staff's folder: the students' test images


@dataclasses.dataclass(frozen=True)
class Data:
    """The drawings of one run.

    Args:
        images: uint8 [N, 28, 28].
        labels: [N], -1 where a drawing is not scored.
        rows: [N], the line of a drawing in the predictions handed in, from 0; -1 where it has none.
        n_given: the number of lines in those predictions.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    n_given: int


@contextmanager
def drawings() -> Iterator[Path]:
    """The folder of the students' drawings, as their programs find it.

    It is a temporary one if there are none and the checkout is read-only.
    """
    with tempfile.TemporaryDirectory(prefix="drawings-") as temporary:
        try:
            folder = quickdraw.told(quickdraw.place(DATASETS, FOLDER))
        except OSError:  # the checkout can only be read
            folder = Path(temporary)
            quickdraw.write_drawn(folder)
        yield folder


def load(staff: Path | None, seed: int) -> tuple[Data, str]:
    """Drawings chosen with this seed, and a line on their source.

    Args:
        staff: folder with fruit_test_images.npy and its labels, which students do not have; test images of the
            students that differ are in given_test_images.npy. None scores on the development set, which students have.

    Raises:
        ValueError, OSError: missing or malformed files.
    """
    rng = np.random.default_rng(seed)
    if staff is None:
        with drawings() as folder:
            (images, labels), given = quickdraw.read(folder, "dev"), quickdraw.read_images(folder, "test")
            note = quickdraw.note(folder)
        source = "of the development set, as there are no staff drawings" + (f" ({note})" if note else "")
        return joined(images, labels, given, rng), f"scored on {min(MOST, len(labels))} drawings {source}"
    images, labels = quickdraw.read(staff, "test")
    if labels.max() >= N_CLASSES:
        raise ValueError(f"expected labels from 0 to {N_CLASSES - 1} in {staff}, got {labels.max()}")
    source = f"scored on {min(MOST, len(labels))} drawings of {staff}"
    if (staff / STUDENT_IMAGES).is_file():
        return joined(images, labels, read_npy(staff / STUDENT_IMAGES), rng), source
    chosen = rng.permutation(len(labels))[:MOST]
    return Data(images[chosen], labels[chosen], chosen, len(labels)), source


def look_at_predictions(content: bytes, name: str) -> str:
    """A note on predictions that are to be handed in, "" without one.

    Raises:
        ValueError: they are not one class for each of the students' test drawings.
    """
    with drawings() as folder:
        n, note = len(quickdraw.read_images(folder, "test")), quickdraw.note(folder)
    try:
        parsed(content, name, n)
    except ValueError as error:
        if not note:
            raise
        return f"{error} ({note})"  # they may have been made elsewhere, on the course's drawings
    return header_note(content, name, n)


def joined(images: NDArray, labels: NDArray, given: NDArray, rng: np.random.Generator) -> Data:
    """Some of the hidden drawings, then some of the given ones."""
    hidden_rows, rows = (rng.permutation(n)[:MOST] for n in (len(labels), len(given)))
    return Data(
        np.concatenate([images[hidden_rows], given[rows]]),
        np.concatenate([labels[hidden_rows], np.full(len(rows), -1)]),
        np.concatenate([np.full(len(hidden_rows), -1), rows]),
        len(given),
    )
