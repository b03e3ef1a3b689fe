"""The hidden drawings of the QuickDraw lab."""

from pathlib import Path

import numpy as np

from labs.quickdraw.grading import data
from labs.quickdraw.grading.programs import N_CLASSES
from smallnets.data import quickdraw
from smallnets.data.draws import secret_seed
from smallnets.data.write_sets import write_npy


def write(secret: bytes, folder: Path) -> None:
    """Write fruit_test_images.npy, fruit_test_labels.npy and given_test_images.npy.

    They are drawn from labs/quickdraw/datasets, or else data/quickdraw: from the test set if its labels are there
    (`prepare.py --staff`), else from the development set, which students also have.
    If sketches stand in for Quick, Draw!, new ones are made.

    Args:
        secret: at least 16 bytes, which decide the draw.

    Raises:
        ValueError, OSError: a secret that could be guessed; files that are damaged.
    """
    seed = secret_seed(secret, "quickdraw")
    with data.drawings() as source:
        given = quickdraw.read_images(source, "test")
        if quickdraw.note(source):
            images, labels = quickdraw.drawn(data.MOST // N_CLASSES, seed)
        else:
            images, labels = quickdraw.read(source, "test" if (source / quickdraw.LABELS["test"]).is_file() else "dev")
    rows = np.random.default_rng(seed).permutation(len(labels))[: data.MOST]
    write_npy(folder / quickdraw.IMAGES["test"], images[rows])
    write_npy(folder / quickdraw.LABELS["test"], labels[rows])
    write_npy(folder / data.STUDENT_IMAGES, given)
