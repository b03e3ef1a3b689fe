"""Checks on BatchNorm's statistics of batches, for the layer of a name; see layer.py."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch

from labs.batchnorm.grading.checks.inputs import MOVED, agree, close, layers, normalised, reference


def training_uses_the_batch(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """In training an output is normalised by its own batch, whatever the batches before."""
    for what, layer, x in layers(name, module, rng):
        first = layer(x)
        for k in range(5):
            layer(100.0 * k + k * x)
        close(layer(x), first, f"{what}: the same batch after others")


def _followed(start: torch.Tensor, values: Iterable[torch.Tensor], momentum: float) -> torch.Tensor:
    """The running value after these values of batches."""
    for value in values:
        start = momentum * start + (1 - momentum) * value
    return start


def _mistakes(start: torch.Tensor, values: Sequence[torch.Tensor], momentum: float) -> dict[str, torch.Tensor]:
    """Common mistakes in a running value, and what comes of each."""
    return {
        "momentum should weight the OLD value, momentum * running + (1 - momentum) * batch": _followed(
            start, values, 1 - momentum
        ),
        "it does not move": start,
        "it is the last batch's alone": values[-1],
    }


def _running(name: str, module: ModuleType, rng: np.random.Generator) -> Iterator[tuple[str, Any, list[Any], int]]:
    """Layers after several batches, the batches' (mean, biased var), and the number of values in a channel."""
    for what, layer, x in layers(name, module, rng):
        for momentum in (layer.momentum, float(rng.uniform(0.2, 0.8))):
            layer = getattr(module, name)(x.shape[1], momentum=momentum)
            batches = [x * scale + scale for scale in rng.uniform(1, 4, 3)]
            axes = [0, *range(2, x.ndim)]
            for batch in batches:
                layer(batch)
            statistics = [(batch.mean(axes), batch.var(axes, correction=0)) for batch in batches]
            yield f"{what}, momentum {momentum:.3g}", layer, statistics, x.numel() // x.shape[1]


def running_mean(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """After each batch running_mean = momentum * running_mean + (1 - momentum) * the batch's mean."""
    for what, layer, statistics, _ in _running(name, module, rng):
        start, means = torch.zeros(layer.num_features), [mean for mean, _ in statistics]
        expected, likely = _followed(start, means, layer.momentum), _mistakes(start, means, layer.momentum)
        close(layer.running_mean, expected, f"{what}: running_mean after 3 batches", likely)


def running_var(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """The same for running_var, divided by N - 1 as in torch, or by N: the assignment allows both.

    Where momentum is reversed in the running mean, which its own check judges, it may be here as well.
    """
    for what, layer, statistics, n in _running(name, module, rng):
        start, momentum = torch.ones(layer.num_features), layer.momentum
        biased = [var for _, var in statistics]
        unbiased = [var * n / (n - 1) for var in biased]
        reversed_too = agree(layer.running_mean, _followed(0 * start, [mean for mean, _ in statistics], 1 - momentum))
        momenta = (momentum, 1 - momentum) if reversed_too else (momentum,)
        if any(agree(layer.running_var, _followed(start, vars, m)) for vars in (biased, unbiased) for m in momenta):
            continue
        expected = _followed(start, unbiased, momentum)
        likely = {
            **{f"{words} (divided by N)": wrong for words, wrong in _mistakes(start, biased, momentum).items()},
            **_mistakes(start, unbiased, momentum),
            "it follows the standard deviation": _followed(start, [var.sqrt() for var in unbiased], momentum),
        }
        close(layer.running_var, expected, f"{what}: running_var after 3 batches (or divided by N)", likely)


def evaluation(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """In evaluation the running statistics are used, unchanged; an image's output does not depend on its batch.

    The output is torch's or, where the layer's own in training is another, that of a batch with these statistics.
    """
    for what, layer, x in layers(name, module, rng):
        twin, (batch, mean, var) = copy.deepcopy(layer), _drawn(x, rng)
        with torch.no_grad():
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(var)
        together, expected = layer.eval()(batch), reference(name, layer).eval()(batch)
        right = agree(together, expected) or agree(together, twin(batch))
        likely = {} if right else normalised(layer, batch, mean, var)
        close(together, together if right else expected, f"{what}: output in evaluation", likely)
        assert not agree(layer(3 * batch + 1), together), (
            f"{what}: expected the running mean and variance to normalise in evaluation, got the batch's own in use"
        )
        for i in range(len(batch)):
            close(layer(batch[i : i + 1]), together[i : i + 1], f"{what}: one image alone in evaluation")
        for key, value in (("running_mean", mean), ("running_var", var)):
            same = torch.equal(getattr(layer, key), value)
            assert same, f"{what}: expected {key} to stay in evaluation, got it moved: update it in training alone"


def _drawn(x: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x moved and scaled, in each channel, to a mean and a biased variance that are drawn; and these two."""
    axes, per_channel = [0, *range(2, x.ndim)], (1, -1, *[1] * (x.ndim - 2))
    mean = torch.from_numpy(rng.normal(0, 2, x.shape[1])).float()
    var = torch.from_numpy(rng.uniform(0.5, 4, x.shape[1])).float()
    unit = (x - x.mean(axes, keepdim=True)) / x.std(axes, correction=0, keepdim=True)
    return unit * var.sqrt().view(per_channel) + mean.view(per_channel), mean, var


def buffers_have_no_graph(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """After 100 steps the statistics are without a graph, and the layer can be copied."""
    for what, layer, x in layers(name, module, rng):
        for _ in range(100):
            layer(x * layer.weight.sum()).sum().backward()
            for key in MOVED:
                graph = getattr(layer, key).requires_grad
                assert not graph, f"{what}: expected {key} without a graph, got one, which grows with every step"
        copy.deepcopy(layer)


def one_value(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """One value per channel: training raises ValueError or keeps finite statistics."""
    layer, c = getattr(module, name)(3), 3
    x = torch.from_numpy(rng.normal(0, 1, (1, c, *[1] * (2 * (name == "BatchNorm2d"))))).float()
    try:
        layer(x)
    except ValueError:
        pass
    for key in MOVED:
        finite = torch.isfinite(getattr(layer, key)).all()
        assert finite, f"{name}: expected a ValueError or a finite {key} after {list(x.shape)} in training, got nan"
