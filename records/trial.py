"""One part's data, shipped or freshly drawn, and one training on it, run as mp6.py runs it."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import mp6
from smallnets.data import course, fashion
from smallnets.splits import Split


def draw(seeds: Iterable[int], source: Path | None, folder: Path) -> dict[str, Path]:
    """Write the splits that prepare.py draws with each seed into folders of their own; returns them by name.

    Args:
        source: a folder with Fashion-MNIST's IDX files; None takes Debian's package, else downloads.

    Raises:
        OSError: the images were not found.
    """
    images, labels = fashion.read_split("train", source)
    folders = {f"draw {seed}": folder / str(seed) for seed in seeds}
    for seed, path in zip(seeds, folders.values(), strict=True):
        course.write_splits(images, labels, {"train": course.TRAIN, "dev": course.DEV}, seed, path)
    return folders


def run(module: ModuleType, part: int, split: Split, seed: int, max_iter: int) -> mp6.Run:
    """Call `fit` of a neuralnet_pK as mp6.py does and score it on the development set.

    Raises:
        ValueError: fit returned something else than its contract says.
        StudentError: it raised.
    """
    args = argparse.Namespace(seed=seed, max_iter=max_iter, quiet=True, plots=None)
    # a fit that changes its inputs must not change the next one's
    trained = mp6.train_part(part, module, split.x.clone(), split.y.clone(), split.dev, args)
    mp6.measure(trained, module, split.dev)
    return trained


def score(trained: mp6.Run) -> float:
    """The accuracy, or part 3's MSE, on the development set."""
    return trained.scores[mp6.PARTS[trained.part].task.metric]
