"""Checks on BatchNorm's statistics of batches, for the layer of a name; see layer.py."""

import copy
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch

from labs.batchnorm.grading.checks.inputs import MOVED, close, layers, reference


def training_uses_the_batch(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """In training an output is normalised by its own batch, whatever the batches before."""
    for what, layer, x in layers(name, module, rng):
        first = layer(x)
        for k in range(5):
            layer(100.0 * k + k * x)
        close(layer(x), first, f"{what}: the same batch after others")


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
        expected = torch.zeros(layer.num_features)
        for mean, _ in statistics:
            expected = layer.momentum * expected + (1 - layer.momentum) * mean
        close(layer.running_mean, expected, f"{what}: running_mean after 3 batches")


def running_var(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """The same for running_var, divided by N - 1 as in torch, or by N: the assignment allows both."""
    for what, layer, statistics, n in _running(name, module, rng):
        expected = {}
        for divisor in (n, n - 1):
            expected[divisor] = torch.ones(layer.num_features)
            for _, var in statistics:
                expected[divisor] = layer.momentum * expected[divisor] + (1 - layer.momentum) * var * n / divisor
        if not torch.allclose(layer.running_var, expected[n], rtol=1e-4, atol=1e-4):
            close(layer.running_var, expected[n - 1], f"{what}: running_var after 3 batches (or divided by N)")


def evaluation(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """In evaluation the running statistics are used, unchanged; an image's output does not depend on its batch."""
    for what, layer, x in layers(name, module, rng):
        with torch.no_grad():
            layer.running_mean.copy_(torch.from_numpy(rng.normal(0, 2, layer.num_features)))
            layer.running_var.copy_(torch.from_numpy(rng.uniform(0.5, 4, layer.num_features)))
        layer.eval()
        before = copy.deepcopy(layer.state_dict())
        together = layer(x)
        close(together, reference(name, layer).eval()(x), f"{what}: output in evaluation, from running statistics")
        for i in range(len(x)):
            close(layer(x[i : i + 1]), together[i : i + 1], f"{what}: one image alone in evaluation")
        for key, value in layer.state_dict().items():
            assert torch.equal(value, before[key]), f"{what}: expected {key} to stay in evaluation, got it moved"


def buffers_have_no_graph(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """After 100 steps the statistics are still buffers without a graph, and the layer can be copied."""
    for what, layer, x in layers(name, module, rng):
        for _ in range(100):
            layer(x * layer.weight.sum()).sum().backward()
            for key in MOVED:
                assert key in dict(layer.named_buffers()), f"{what}: expected {key} to stay a buffer, got none"
                graph = getattr(layer, key).requires_grad
                assert not graph, f"{what}: expected {key} without a graph, got one, which grows with every step"
        copy.deepcopy(layer)


def one_value(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """One value per channel: training raises ValueError or keeps finite statistics; evaluation gives an output."""
    layer, c = getattr(module, name)(3), 3
    x = torch.from_numpy(rng.normal(0, 1, (1, c, *[1] * (2 * (name == "BatchNorm2d"))))).float()
    try:
        layer(x)
    except ValueError:
        pass
    for key in MOVED:
        finite = torch.isfinite(getattr(layer, key)).all()
        assert finite, f"{name}: expected a ValueError or a finite {key} after {list(x.shape)} in training, got nan"
    assert layer.eval()(x).shape == x.shape, f"{name}: expected an output for {list(x.shape)} in evaluation"
