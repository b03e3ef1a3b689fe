"""The hidden drawings of the QuickDraw lab."""

from pathlib import Path

import numpy as np

from labs.quickdraw.grading import data
from labs.quickdraw.grading.programs import N_CLASSES
from smallnets.data import altered, quickdraw
from smallnets.data.draws import secret_seed
from smallnets.data.write_sets import write_npy


def write(secret: bytes, folder: Path) -> None:
    """Write fruit_test_images.npy, fruit_test_labels.npy and given_test_images.npy.

    They are drawn from labs/quickdraw/datasets, or else data/quickdraw: from the test set if its labels are there
    (`prepare.py --staff`), else from the development set, which students also have. New drawings are made of them, as
    anyone can get Quick, Draw!. If sketches stand in for it, new ones are made.

    Args:
        secret: at least 16 bytes, which decide draw and changes.

    Raises:
        ValueError, OSError: a secret that could be guessed; files that are damaged.
    """
    seed = secret_seed(secret, "quickdraw")
    rng = np.random.default_rng(seed)
    with data.drawings() as source:
        given = quickdraw.read_images(source, "test")
        if quickdraw.note(source):
            images, labels = quickdraw.drawn(data.MOST // N_CLASSES, seed)
            rows = rng.permutation(len(labels))
            images, labels = images[rows], labels[rows]
        else:
            images, labels = quickdraw.read(source, "test" if (source / quickdraw.LABELS["test"]).is_file() else "dev")
            rows = rng.permutation(len(labels))[: data.MOST]
            images, labels = altered.altered(images[rows], rng), labels[rows]
    write_npy(folder / quickdraw.IMAGES["test"], images)
    write_npy(folder / quickdraw.LABELS["test"], labels)
    write_npy(folder / data.STUDENT_IMAGES, given)
