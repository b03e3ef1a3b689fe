"""One part's data, shipped or freshly drawn, and one training on it, run as mp6.py runs it."""

import argparse
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch

import mp6
from smallnets.data import course, fashion, reader
from smallnets.tasks import Dev


class Split(NamedTuple):
    """x float32 [N, 784] as fit gets it, y int64 [N], and the development set."""

    name: str
    x: torch.Tensor
    y: torch.Tensor
    dev: Dev


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


def load(name: str, folder: Path, part: int) -> Split:
    """Read and scale one part's data."""
    splits, divisor = reader.load_dataset(folder, part), mp6.PARTS[part].divisor
    x, dev_x = (torch.tensor(pixels, dtype=torch.float32) / divisor for pixels in (splits[0], splits[2]))
    names = reader.load_class_names(folder, part, int(splits[1].max()) + 1)
    return Split(name, x, torch.tensor(splits[1]), Dev(dev_x, splits[3], names))


def run(module: ModuleType, part: int, split: Split, seed: int, max_iter: int) -> mp6.Run:
    """Call `fit` of a neuralnet_pK as mp6.py does and score it on the development set.

    Raises:
        ValueError: fit returned something else than its contract says.
        StudentError: it raised.
    """
    args = argparse.Namespace(seed=seed, max_iter=max_iter, quiet=True)
    # a fit that changes its inputs must not change the next one's
    trained = mp6.train_part(part, module, split.x.clone(), split.y.clone(), split.dev, args)
    mp6.measure(trained, module, split.dev)
    return trained


def score(trained: mp6.Run) -> float:
    """The accuracy, or part 3's MSE, on the development set."""
    return trained.scores[mp6.PARTS[trained.part].task.metric]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation (n - 1; 0 for a single value), least, greatest and all values."""
    std = statistics.stdev(values) if len(values) > 1 else 0.0
    return {
        "mean": statistics.fmean(values),
        "std": std,
        "min": min(values),
        "max": max(values),
        "values": list(values),
    }
