"""The command line of run_mlp.py, run_cnn.py and run_resnet.py: train with or without BatchNorm, or compare both."""

import time
from argparse import Namespace
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from layer import BatchNorm1d, BatchNorm2d
from torch import nn
from torch.utils.data import TensorDataset
from utils import batches, find_mnist, load, plot_loss_acc, running_mean, test, train

from smallnets import cli, files, modelfile, tables, threads
from smallnets.data import mnist

DEVICE = "cpu"
GOAL = 0.95  # the training accuracy whose first iteration tells how fast a net converges


@dataclass
class Run:
    """A trained net, and for each iteration or epoch what was seen on the way.

    cpu_seconds is the time that processors spent on the training: other programs hardly change it.
    """

    name: str
    model: nn.Module
    losses: list[float]
    accuracies: list[float]
    tests: list[tuple[float, float]]
    seconds: float
    cpu_seconds: float


@dataclass
class Program:
    """A program's net and training defaults.

    build returns the net with BatchNorm; shape is that of one input; transform may change a batch of inputs.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    epochs: int
    lr: float
    momentum: float
    weight_decay: float
    train_batch_size: int
    test_batch_size: int
    log_interval: int
    transform: Callable[[torch.Tensor, torch.Generator], torch.Tensor] | None = None


class Transformed(TensorDataset):
    """A data set whose inputs pass through a function whenever a batch is taken."""

    def __init__(self, dataset: TensorDataset, transform: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__(*dataset.tensors)
        self.transform = transform

    def __getitem__(self, rows: list[int]) -> tuple[torch.Tensor, ...]:
        x, y = super().__getitem__(rows)
        return self.transform(x), y


def without_batchnorm(model: nn.Module) -> nn.Module:
    """A copy in which every BatchNorm is an Identity; all other weights stay as they are."""
    if isinstance(model, (BatchNorm1d, BatchNorm2d)):
        return nn.Identity()
    model = deepcopy(model)
    for name, child in model.named_children():
        setattr(model, name, without_batchnorm(child))
    return model


def fit(name: str, model: nn.Module, program: Program, args: Namespace, data: list[TensorDataset]) -> Run:
    """Train a net and test it after each epoch; the learning rate falls to zero along a cosine."""
    generator = torch.Generator().manual_seed(args.seed)
    train_set, test_set = data
    if program.transform is not None:
        transform = program.transform
        train_set = Transformed(train_set, lambda x: transform(x, generator))
    train_loader = batches(train_set, args.batch_size, generator)
    test_loader = batches(test_set, program.test_batch_size)
    optimizer = torch.optim.SGD(model.parameters(), args.lr, args.momentum, weight_decay=args.weight_decay)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    run = Run(name, model, [], [], [], 0.0, 0.0)
    for epoch in range(1, args.epochs + 1):
        start, cpu_start = time.perf_counter(), time.process_time()
        losses, accuracies = train(model, DEVICE, train_loader, optimizer, epoch, program.log_interval)
        run.seconds += time.perf_counter() - start
        run.cpu_seconds += time.process_time() - cpu_start
        scheduler.step()
        run.losses += losses
        run.accuracies += accuracies
        run.tests.append(test(model, DEVICE, test_loader))
    return run


def iterations_to_goal(accuracies: list[float], window: int = 50) -> int | None:
    """The first iteration at which the mean accuracy of the last `window` batches reaches GOAL."""
    reached = np.flatnonzero(running_mean(accuracies, window)[window - 1 :] >= GOAL)
    return None if len(reached) == 0 else int(reached[0]) + window


def figures(run: Run) -> dict[str, Any]:
    """The handout's aspects of one run: time, convergence, parameters and accuracy."""
    return {
        "name": run.name,
        "seconds": round(run.seconds, 3),
        "cpu seconds": round(run.cpu_seconds, 3),
        "reached": iterations_to_goal(run.accuracies),
        "last loss": float(np.mean(run.losses[-50:])),
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "tests": run.tests,
    }


def comparison(runs: list[dict[str, Any]]) -> list[list[str]]:
    """The figures of some runs side by side: a heading row, then a row for each aspect."""
    rows = [["", *(run["name"] for run in runs)]]
    rows.append(["training time", *(f"{run['seconds']:.1f} s" for run in runs)])
    rows.append(["processor time", *(f"{run['cpu seconds']:.1f} s" for run in runs)])
    reached = ["never" if run["reached"] is None else f"{run['reached']:,}" for run in runs]
    rows.append([f"iterations to {GOAL:.0%} in training", *reached])
    rows.append(["test accuracy after one epoch", *(f"{run['tests'][0][1]:.4f}" for run in runs)])
    rows.append(["loss of the last 50 batches", *(f"{run['last loss']:.4f}" for run in runs)])
    rows.append(["parameters", *(f"{run['parameters']:,}" for run in runs)])
    rows.append(["test accuracy", *(f"{run['tests'][-1][1]:.4f}" for run in runs)])
    return rows


def each_test(runs: list[dict[str, Any]]) -> list[list[str]]:
    """Loss and accuracy on the test set after each epoch: a heading row, then a row for each epoch."""
    rows = [["epoch", *(f"{what} {run['name']}" for run in runs for what in ("test loss", "test accuracy"))]]
    for k, tests in enumerate(zip(*(run["tests"] for run in runs), strict=True), start=1):
        rows.append([str(k), *(f"{value:.4f}" for test in tests for value in test)])
    return rows


def write_report(
    folder: Path, program: Program, args: Namespace, source: Path, sizes: list[int], runs: list[Run]
) -> None:
    """Write report.md: what was trained on what, the comparison, the curves, and every epoch's test."""
    environment = modelfile.environment()
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    count = "one thread" if environment["threads"] == 1 else f"{environment['threads']} threads"
    options = {name: getattr(args, name) for name in ("epochs", "lr", "momentum", "weight_decay", "batch_size", "seed")}
    note = f" ({mnist.note(source)})" if mnist.note(source) else ""
    found = list(map(figures, runs))
    text = f"""# {program.name}: BatchNorm compared

Trained on {sizes[0]:,} images and tested on {sizes[1]:,} from `{source}`{note}, with {versions}, on {count}.

{tables.markdown([["option", "value"], *([f"`--{name}`", str(value)] for name, value in options.items())])}

The rate falls to zero along a cosine. Both nets start from the same weights and see the same batches.

## With and without

{tables.markdown(comparison(found))}

"Iterations to {GOAL:.0%}" is the first iteration at which the mean training accuracy of the last 50 batches is there.

## Loss and accuracy against the iteration

![loss and accuracy of the training batches](loss_acc.png)

## Test set after each epoch

{tables.markdown(each_test(found))}

## The net

```
{runs[0].model}
```
"""
    files.write_text(folder / "report.md", text)


def run(program: Program, args: Namespace) -> int:
    """Train what is asked for, print and draw it."""
    folders = [folder for folder in (args.plots, args.report) if folder is not None]
    if args.compare and not folders:
        folders = [Path()]
    for folder in folders:
        files.expect_folder(folder)  # better to fail now than after training
    source = find_mnist(args.data)
    data = [load(source, split, program.shape) for split in ("train", "t10k")]
    torch.manual_seed(args.seed)
    model = program.build()
    nets = {"with BN": model, "without BN": without_batchnorm(model)}
    if not (args.compare or args.report):
        nets = {name: net for name, net in nets.items() if (name == "without BN") == args.no_bn}
    runs = [fit(name, net, program, args, data) for name, net in nets.items()]
    written = []
    for folder in folders:  # before anything is printed, as that may fail
        losses, accuracies = {run.name: run.losses for run in runs}, {run.name: run.accuracies for run in runs}
        plot_loss_acc(losses, accuracies, folder / "loss_acc.png")
        written.append(folder / "loss_acc.png")
    if args.report:
        write_report(args.report, program, args, source, [len(part) for part in data], runs)
        written.append(args.report / "report.md")
    if len(runs) > 1:
        print(tables.aligned(comparison(list(map(figures, runs)))))
    for path in written:
        print(f"written: {path}")
    return 0


def main(program: Program, description: str | None, argv: list[str] | None = None) -> int:
    """Parse the command line, which the handout leaves empty, and train."""
    parser = cli.parser(description)
    parser.add_argument("--no_bn", action="store_true", help="leave BatchNorm out")
    parser.add_argument("--compare", action="store_true", help="train with and without BatchNorm from one seed")
    parser.add_argument("--epochs", type=cli.whole_number(1), default=program.epochs)
    parser.add_argument("--lr", type=cli.number(0), default=program.lr, help="learning rate at the start")
    parser.add_argument("--momentum", type=cli.number(0, 1), default=program.momentum, help="of SGD")
    parser.add_argument("--weight_decay", type=cli.number(0), default=program.weight_decay)
    parser.add_argument("--batch_size", type=cli.whole_number(2), default=program.train_batch_size)
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of weights and order")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files; left out: data/MNIST/raw, data/mnist")
    parser.add_argument("--plots", type=Path, help="draw the curves into this folder (--compare alone: the current)")
    parser.add_argument("--report", type=Path, help="compare, and write report.md with its curves into this folder")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    if args.no_bn and (args.compare or args.report):
        parser.error("expected --no_bn or a comparison, got both")
    return cli.exit_codes(threads.applied(run))(program, args)
