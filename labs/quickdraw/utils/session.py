"""The session that the three programs share: train a net and log it, or predict with a trained one."""

import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from utils.accuracies import approx_train_acc_and_loss, dev_acc_and_loss
from utils.io_argparse import get_args, get_threads

from smallnets import cli, files, modelfile, netfile, threads, train
from smallnets.data import datasets, quickdraw

DATA = Path(__file__).resolve().parents[3] / "data" / "quickdraw"
LOG_INTERVAL = 100
COLUMNS = ("step", "train_loss", "train_acc", "dev_loss", "dev_acc")
NEEDED = {
    "train": {
        "lr": "Learning rate has to be provided for train mode",
        "bs": "batch size has to be provided for train mode",
        "epochs": "number of epochs has to be provided for train mode",
    },
    "predict": {
        "weights": "for inference, model weights must be specified",
        "predictions_file": "for inference, a predictions file must be specified for output.",
    },
}
Optimiser = tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler | None]


def plain_adam(net: nn.Module, lr: float, steps: int) -> Optimiser:
    """Adam at one learning rate, as the course's programs have it."""
    return torch.optim.Adam(net.parameters(), lr=lr), None


@dataclass(frozen=True)
class Program:
    """What one of the programs trains.

    net_class needs no arguments and keeps those it has in `init`. optimiser(net, lr, steps) gives the optimiser, and
    a schedule to follow each step; augment(x [B, 28, 28] in 0..255, generator) may change a batch of images.
    """

    name: str
    net_class: Callable[..., nn.Module]
    n_classes: int
    optimiser: Callable[[nn.Module, float, int], Optimiser] = plain_adam
    augment: Callable[[torch.Tensor, torch.Generator], torch.Tensor] | None = None


def main(program: Program) -> int:
    """Do what the command line asks for; returns the exit code."""
    arguments = get_args(sys.argv)

    def run() -> int:
        mode = arguments["mode"]
        for name, message in NEEDED[mode].items():
            if arguments[name] is None:
                return cli.complain(ValueError(message))  # in the handout's own words
        with threads.limited(get_threads(sys.argv[1:])):
            return (train_mode if mode == "train" else predict_mode)(program, **arguments)

    return cli.exit_codes(run)()


def find_data(data_dir: str, split: str = "train") -> Path:
    """The folder of the .npy files: the one given; where the default has none, data/quickdraw or its stand-in.

    Args:
        split: whose images decide whether the default has any.
    """
    folder = Path(data_dir)
    return quickdraw.told(folder if data_dir != "datasets" else quickdraw.place(folder, DATA, split))


def load_split(folder: Path, split: str, n_classes: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images [N, 28, 28] and labels [N] of "train" or "dev", as many of both, each label below n_classes."""
    images, labels = quickdraw.read(folder, split)
    if labels.max() >= n_classes:
        path = folder / quickdraw.LABELS[split]
        raise ValueError(f"expected labels from 0 to {n_classes - 1} in {path}, got {labels.min()} to {labels.max()}")
    return images, labels


def train_mode(
    program: Program, data_dir: str, log_dir: str, model_save_dir: str, lr: float, bs: int, epochs: int, seed: int,
    **_: Any,
) -> int:  # fmt: skip
    """Train, log every 100 steps and the last, save the net; Ctrl-C saves it as it is."""
    if not (np.isfinite(lr) and lr > 0 and bs > 0 and epochs > 0):
        raise ValueError(f"expected --LR, --bs and --epochs above 0, got {lr}, {bs} and {epochs}")
    for out in (log_dir, model_save_dir):
        files.expect_folder(out)  # better to fail now than after training
    folder = find_data(data_dir)
    x, y = load_split(folder, "train", program.n_classes)
    dev = load_split(folder, "dev", program.n_classes)
    if bs > len(x):
        raise ValueError(f"expected --bs of at most the {len(x)} training images, got {bs}")
    log_path, model_path = free_paths(Path(log_dir), Path(model_save_dir), program.name)
    for path in (log_path, model_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    train.seed_everything(seed)  # weights, and what a net of one's own may draw
    net = program.net_class()
    start, row = time.perf_counter(), {}
    stopped: BaseException | None = None
    with open(log_path, "w", newline="", encoding="ascii") as file:
        try:
            for row in fit(program, net, (x, y), dev, lr, bs, epochs, seed):
                write_row(file, row)
                tqdm.write(f"On step {row['step']}:\tTrain loss {row['estimate']}\t|\tDev acc is {row['dev_acc']}")
        except (KeyboardInterrupt, OSError) as error:  # a full disk, or nobody who reads: the net is saved as well
            stopped = error
    card = {
        "net": program.name, "classes": quickdraw.class_names(folder, program.n_classes),
        "note": quickdraw.note(folder),
        "arguments": {"LR": lr, "bs": bs, "epochs": epochs, "seed": seed},
        "metrics": {name: float(row[name]) for name in COLUMNS if name in row},
        "seconds": round(time.perf_counter() - start, 1),
        "data": files.sha256_of_arrays([x, y, *dev]),
    }  # fmt: skip
    modelfile.save(model_path, net, card | modelfile.environment())
    if isinstance(stopped, OSError):
        raise stopped
    # the course's words, and only now, as they may fail as well
    print(f"{'Training interrupted' if stopped else 'Training completed'}, saving model at {model_path}")
    return 130 if stopped else 0


def free_paths(log_dir: Path, model_dir: Path, name: str) -> tuple[Path, Path]:
    """<date>_<name>.log and .pt, or with _2, _3, ... behind them where another run of this minute took the names."""
    stem = first = f"{datetime.now():%Y%m%d%H%M}_{name}"
    k = 1
    while (log_dir / f"{stem}.log").exists() or (model_dir / f"{stem}.pt").exists():
        k += 1
        stem = f"{first}_{k}"
    return log_dir / f"{stem}.log", model_dir / f"{stem}.pt"


def write_row(file: TextIO, row: dict[str, Any]) -> None:
    """A row of the log, on the disk when this returns; the heading comes before the first."""
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
    if file.tell() == 0:
        writer.writeheader()
    writer.writerow(row)
    file.flush()


def fit(
    program: Program, net: nn.Module, train_set: tuple[NDArray, NDArray], dev_set: tuple[NDArray, NDArray], lr: float,
    bs: int, steps: int, seed: int,
) -> Any:  # fmt: skip
    """Train a net for `steps` batches drawn without replacement, and yield the rows of the log.

    A row has the loss of its batch before the update; the rest is from after it: train_acc and "estimate", its loss,
    from 4,000 training images, dev_loss and dev_acc from the whole development set.

    Raises:
        ValueError: the loss is no longer a finite number.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(train_set[0]), torch.from_numpy(train_set[1])
    optimiser, schedule = program.optimiser(net, lr, steps)
    bar = tqdm(range(steps), program.name, leave=False, disable=not sys.stderr.isatty(), file=sys.stderr)
    for step in bar:
        rows = torch.from_numpy(rng.choice(len(x), size=bs, replace=False))
        batch = x[rows].float()
        if program.augment is not None:
            batch = program.augment(batch, generator)
        loss = F.cross_entropy(net(batch), y[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()
        if not torch.isfinite(loss):
            raise ValueError(f"expected a finite loss, got {loss.item()} on step {step}; a lower --LR may help")
        if step % LOG_INTERVAL == 0 or step == steps - 1:
            train_acc, estimate = approx_train_acc_and_loss(net, *train_set, rng)
            dev_acc, dev_loss = dev_acc_and_loss(net, *dev_set)
            values = (step, loss.item(), train_acc, dev_loss, dev_acc)
            yield dict(zip(COLUMNS, values, strict=True)) | {"estimate": estimate}


def load_net(program: Program, weights: str) -> nn.Module:
    """The program's net with the weights of a file: ours, or of torch.save by anybody; a whole net of a trusted one.

    Raises:
        ValueError: another file, a pickled net that is not trusted, or weights of another net.
    """
    try:
        content = modelfile.read_weights(weights)
    except modelfile.PickledError as error:
        if not modelfile.trusted():
            raise ValueError(f"{error}, or put {modelfile.TRUST}=1 before the command if you trust the file") from None
        content = modelfile.unpickled(weights)
    init = content.get("init") if isinstance(content, dict) and set(content) == {"state_dict", "init"} else None
    try:
        return netfile.restored(content, lambda: program.net_class(**(init or {})), weights)
    except TypeError as error:
        if not init:
            raise
        raise ValueError(f"expected {weights} to hold a net of {program.name}, got another ({error})") from None


def compare_classes(weights: str, folder: Path) -> None:
    """Say so if a net's run card names other classes than the drawings' folder, or the same in another order."""
    trained, names = modelfile.read_card(weights).get("classes"), classes(folder)
    if trained and trained != names and trained != [str(k) for k in range(len(trained))]:
        lists = [", ".join(map(str, each)) for each in (trained, names)]
        words = f"{weights} was trained on {lists[0]}; the drawings in {folder} are {lists[1]}: answers will be wrong"
        other = shipped(Path(weights), folder)
        cli.note(words if other == Path(weights) else f"{words}; {other} knows them")


def classes(folder: Path) -> list[str]:
    """The names of the drawings' classes; the homework's own files come without."""
    return datasets.class_names(folder) or list(quickdraw.NAMES)


def shipped(weights: Path, folder: Path) -> Path:
    """A net's file or, if the one of this name in `fruits` beside it knows the drawings' classes, that one."""
    other = weights.parent / "fruits" / weights.name
    return other if other.is_file() and modelfile.read_card(other).get("classes") == classes(folder) else weights


def predict_mode(program: Program, data_dir: str, weights: str, predictions_file: str, **_: Any) -> int:
    """Write the class of each test image, one to a line, in their order."""
    files.expect_file(predictions_file, *(b"%d" % k for k in range(10)))
    net = load_net(program, weights)
    folder = find_data(data_dir, "test")
    images = quickdraw.read_images(folder, "test")
    compare_classes(weights, folder)
    predictions = train.predict(net.eval(), torch.from_numpy(images)).argmax(dim=1).numpy()
    print(f"Storing predictions in {predictions_file}")
    with files.replacing(predictions_file) as temporary:
        np.savetxt(temporary, predictions, fmt="%d")
    return 0
