"""A submission to MP6 tried in this process, on little: what shows of each check that it should lose.

The code is trusted here, and a sign is no more than a sign: grading is the autograder's.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT

import reader
from mp6 import PARTS
from smallnets import fitcheck, modelfile, train
from smallnets.tasks import encode

N_ITER, N_TRAIN, N_DEV = 20, 1000, 600
GOOD = {1: 0.93, 2: 0.7, 3: 0.015}  # what our own fit reaches with room to spare on so little
MOST_OUTPUT = 100_000  # characters


@functools.cache
def splits(part: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images as fit gets them and their labels, then the same of development."""
    x, y, x_dev, y_dev = (torch.from_numpy(array) for array in reader.load_dataset(ROOT / "data/fashion_mnist", part))
    divisor = PARTS[part].divisor
    return x[:N_TRAIN] / divisor, y[:N_TRAIN], x_dev[:N_DEV] / divisor, y_dev[:N_DEV]


class Trial:
    """Part `part` of a submission, and what its fit returned in one ordinary run."""

    def __init__(self, module: ModuleType, part: int) -> None:
        self.module, self.part = module, part
        self.batch_sizes: list[int] = []
        step = module.NeuralNet.step

        def watched(net: torch.nn.Module, x: torch.Tensor, *y: torch.Tensor) -> Any:
            self.batch_sizes.append(len(x))
            return step(net, x, *y)

        module.NeuralNet.step = watched
        self.losses, self.predictions, self.net = self.fit()
        module.NeuralNet.step = step

    def fit(self, n_iter: int = N_ITER, n: int = N_TRAIN, dev: torch.Tensor | None = None) -> tuple[Any, Any, Any]:
        """What fit returns for the first n images, seed 0."""
        x, y, x_dev, _ = splits(self.part)
        x_dev = (x_dev if dev is None else dev).clone()
        train.seed_everything(0)
        if self.part == 3:
            return self.module.fit(x[:n].clone(), x_dev, n_iter)
        return self.module.fit(x[:n].clone(), y[:n], x_dev, n_iter)

    def check(self, predictions: Any, m: int = N_DEV) -> np.ndarray:
        """Predictions for m images as an array; ValueError if they are none."""
        return fitcheck.images(predictions, m) if self.part == 3 else fitcheck.labels(predictions, m, 1 + 2 * self.part)

    def outputs(self, net: torch.nn.Module) -> torch.Tensor:
        """What a net gives for the development images; in part 3 encoder and decoder alone are asked."""
        x_dev = splits(self.part)[2]
        if self.part < 3:
            return train.predict(net, x_dev)
        codes = train.predict(net.eval().encoder, x_dev.view(-1, 1, 28, 28))
        return train.predict(net.decoder, codes).flatten(1)

    def scores_well(self, net: torch.nn.Module) -> bool:
        """Whether a net's accuracy or error is good enough."""
        _, _, x_dev, y_dev = splits(self.part)
        outputs = self.outputs(net)
        if self.part == 3:
            return torch.mean((outputs - x_dev) ** 2).item() <= GOOD[3]
        return (outputs.argmax(dim=1) == y_dev).double().mean().item() >= GOOD[self.part]


def any_size(trial: Trial) -> bool:
    for n, m in ((250, 1), (37, 30)):
        losses, predictions, _ = trial.fit(3, n, splits(trial.part)[2][:m])
        trial.check(predictions, m)
        fitcheck.losses(losses, 3)
    return True


def no_iterations(trial: Trial) -> bool:
    losses, predictions, _ = trial.fit(0)
    trial.check(predictions)
    return len(losses) == 0


def parameters(trial: Trial) -> bool:
    plain = [value for values in vars(trial.net).values() if isinstance(values, list) for value in values]
    held = [*trial.net.parameters(), *(value for value in plain if torch.is_tensor(value) and value.requires_grad)]
    n = sum(value.numel() for value in held)
    if n != sum(value.numel() for value in trial.net.get_parameters()):
        return False
    return trial.part == 3 or (n == 100_867 if trial.part == 1 else n <= 500_000)


def raw_outputs(trial: Trial) -> bool:
    outputs = trial.outputs(trial.net)
    return trial.part == 3 or bool(outputs.min() < 0 or outputs.max() > 1)


def loss_falls(trial: Trial) -> bool:
    fifth = len(trial.losses) // 5
    return sum(trial.losses[-fifth:]) < 0.9 * sum(trial.losses[:fifth])


def repeatable(trial: Trial) -> bool:
    losses, predictions, _ = trial.fit()
    same = [float(loss) for loss in losses] == [float(loss) for loss in trial.losses]
    return same and np.array_equal(predictions, trial.predictions)


def independent(trial: Trial) -> bool:
    few = splits(trial.part)[2][:60]
    others = few.max() - few
    alone, together = (trial.check(trial.fit(dev=dev)[1], len(dev)) for dev in (few, torch.cat([few, others])))
    return np.allclose(together[:60], alone, atol=1e-4)


def agrees(trial: Trial) -> bool:
    predictions, outputs = trial.check(trial.predictions), trial.outputs(trial.net)
    if trial.part == 3:
        return np.allclose(predictions, outputs, atol=1e-4)
    return np.array_equal(predictions, outputs.argmax(dim=1))


def saved(trial: Trial) -> bool:
    state, init = modelfile.load(ROOT / f"models/reference/net_p{trial.part}.model")
    net = trial.module.NeuralNet(**init, loss_fn=None)
    net.load_state_dict(state)
    return trial.scores_well(net)


SIGNS: dict[str, Callable[[Trial], bool]] = {
    "returns": lambda trial: len(trial.check(trial.predictions)) == N_DEV,
    "losses": lambda trial: len(fitcheck.losses(trial.losses, N_ITER)) == N_ITER,
    "any_size": any_size,
    "no_iterations": no_iterations,
    "parameters": parameters,
    "batches": lambda trial: trial.batch_sizes == [100] * N_ITER,
    "raw_outputs": raw_outputs,
    "loss_falls": loss_falls,
    "repeatable": repeatable,
    "independent": independent,
    "accuracy": lambda trial: trial.part == 3 or trial.scores_well(trial.net),
    "agrees": agrees,
    "bottleneck": lambda trial: trial.part < 3 or encode(trial.net, splits(3)[2][:1]).shape[1] <= 196,
    "mse": lambda trial: trial.part < 3 or trial.scores_well(trial.net),
    "saved": saved,
}


def holds(sign: Callable[[Trial], bool], trial: Trial) -> bool:
    """Whether a trial shows a sign of being right; whatever it raises is one of being wrong."""
    try:
        return sign(trial)
    except Exception:
        return False


def lost(module: ModuleType, part: int, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The checks that a part should lose, by what it does in this process."""
    try:
        trial = Trial(module, part)
    except (Exception, SystemExit):
        return {"fit"}
    if len(capsys.readouterr().out) > MOST_OUTPUT:
        return {"fit"}
    return {name for name, sign in SIGNS.items() if not holds(sign, trial)}
