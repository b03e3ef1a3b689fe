"""Shared by the three programs: log lines, curves, MNIST as tensors, and one pass of training or of testing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

from smallnets.data import mnist

DATA = Path(__file__).parents[2] / "data" / "mnist"
TORCHVISION = Path("data/MNIST/raw")  # where torchvision.datasets.MNIST('./data') keeps its files
MEAN, STD = 0.1307, 0.3081  # of MNIST's training pixels in [0, 1], as the course has them
Curve = Sequence[float]


def LOG_INFO(msg: str) -> None:
    """Print a message behind the time, HH:MM:SS.mmm."""
    print(f"{datetime.now():%H:%M:%S.%f}"[:-3] + f" {msg}", flush=True)


def plot_loss_acc(loss: Mapping[str, Curve], acc: Mapping[str, Curve], save_filepath: str | Path) -> None:
    """Draw loss and accuracy against the iteration, a curve for each name, and write the picture.

    Args:
        loss: for each name one value per iteration; shown faintly, with the mean of the last 50 on top.
        acc: likewise, in [0, 1].
    """
    from matplotlib.figure import Figure

    from smallnets import plots

    figure = Figure(figsize=(11, 4), layout="constrained")
    for axes, title, curves in zip(figure.subplots(1, 2), ("loss", "accuracy"), (loss, acc), strict=True):
        for k, (name, values) in enumerate(curves.items()):
            iterations = np.arange(1, len(values) + 1)
            axes.plot(iterations, values, color=f"C{k}", alpha=0.2, linewidth=0.5)
            axes.plot(iterations, running_mean(values), color=f"C{k}", label=name)
        # both axes of the loss by powers of ten: what BatchNorm gains, it gains in the first hundreds of iterations
        axes.set(xlabel="iteration", title=f"{title} of the training batches", xscale="log")
        axes.set_yscale("log" if title == "loss" else "linear")
        axes.grid(alpha=0.3)
        axes.legend(title="bold: mean of the last 50 batches")
    plots.save(figure, save_filepath)


def running_mean(values: Curve, window: int = 50) -> np.ndarray:
    """The mean of each value and of up to `window` - 1 before it."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(total))
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def find_mnist(data: Path | None) -> Path:
    """The folder of the IDX files: the one given, else torchvision's below this folder, else the repository's.

    A stand-in for MNIST is named on the first line of output.
    """
    return mnist.ensure(TORCHVISION, DATA) if data is None else mnist.told(data)


def load(folder: Path, split: str, shape: tuple[int, ...]) -> TensorDataset:
    """MNIST's "train" or "t10k": x float32 [N, *shape], standardised with MNIST's constants, and y int64 [N]."""
    images, labels = mnist.read(folder, split)
    x = (torch.from_numpy(images.astype(np.float32)) / 255 - MEAN) / STD
    return TensorDataset(x.reshape(-1, *shape), torch.from_numpy(labels.astype(np.int64)))


def batches(dataset: TensorDataset, batch_size: int, generator: torch.Generator | None = None) -> DataLoader:
    """A loader of whole batches, in an order drawn by the generator, or in the data's own without one.

    A last batch of a single image, which has no variance, is left out when the order is drawn.
    """
    drop = generator is not None and len(dataset) % batch_size == 1
    sampler = SequentialSampler(dataset) if generator is None else RandomSampler(dataset, generator=generator)
    # indexing with a whole batch is some ten times faster than collecting single images
    return DataLoader(dataset, sampler=BatchSampler(sampler, batch_size, drop), batch_size=None)


def train(
    model: nn.Module, device: str, train_loader: DataLoader, optimizer: torch.optim.Optimizer, epoch: int,
    log_interval: int = 100,
) -> tuple[list[float], list[float]]:  # fmt: skip
    """One epoch with cross-entropy on logits; logs means since the last line, the rest of the epoch included.

    Returns:
        loss and accuracy of each iteration, before its step.

    Raises:
        ValueError: the loss is no longer a finite number.
    """
    model.train()
    losses: list[float] = []
    accuracies: list[float] = []
    seen, total, logged = 0, len(train_loader.dataset), 0  # type: ignore[arg-type]
    for i, (x, y) in enumerate(train_loader, start=1):
        x, y = x.to(device), y.to(device)
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        accuracies.append((logits.argmax(dim=1) == y).float().mean().item())
        if not np.isfinite(losses[-1]):
            raise ValueError(f"expected a finite loss, got {losses[-1]} in iteration {i} of epoch {epoch}; lower --lr?")
        seen += len(x)
        if i % log_interval == 0 or i == len(train_loader):
            means = [np.mean(values[logged:]) for values in (losses, accuracies)]
            LOG_INFO(
                f"Train Epoch: {epoch} [{seen}/{total} ({100 * seen / total:.0f}%)]"
                f"\tAvg Loss: {means[0]:.4f}\tAvg Acc: {means[1]:.4f}"
            )
            logged = i
    return losses, accuracies


@torch.no_grad()
def test(model: nn.Module, device: str, test_loader: DataLoader) -> tuple[float, float]:
    """Log and return loss and accuracy, both the mean over the images (the template's loss was that over 100)."""
    model.eval()
    loss, correct, total = 0.0, 0, 0
    for x, y in test_loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += int((logits.argmax(dim=1) == y).sum())
        total += len(y)
    LOG_INFO(f"Test set: Average loss: {loss / total:.4f}, Accuracy: {correct}/{total} ({100 * correct / total:.2f}%)")
    return loss / total, correct / total
