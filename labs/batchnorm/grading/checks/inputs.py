"""Inputs and reference layers of the BatchNorm checks: layers and inputs drawn at random, torch's layer beside them."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.runner.assertions import equal

MOVED = ("running_mean", "running_var")
TORCHS = {"BatchNorm1d": nn.BatchNorm1d, "BatchNorm2d": nn.BatchNorm2d}
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")  # in the names of torch's own operations


class OwnArithmetic(TorchDispatchMode):
    """Fail if one of torch's own normalisations is computed in the block, under any name; `called` is its name."""

    called = ""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(name in str(func) for name in NORMS):
            self.called = str(func)
        assert not self.called, f"expected BatchNorm written out in tensor arithmetic, got a call of torch's own {func}"
        return func(*args, **(kwargs or {}))


def shapes(name: str, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Shapes of inputs: one channel, few values, many."""
    if name == "BatchNorm1d":
        return [(2, 1), (int(rng.integers(3, 8)), int(rng.integers(2, 5))), (int(rng.integers(30, 80)), 7)]
    small, wide = (tuple(int(n) for n in rng.integers(2, most, 4)) for most in (4, 6))
    return [(2, 1, 1, 1), (1, *small[1:]), wide]


def layers(name: str, module: ModuleType, rng: np.random.Generator) -> Iterator[tuple[str, Any, torch.Tensor]]:
    """Layers with random weights, each with an input whose channels differ in mean and spread."""
    for shape in shapes(name, rng):
        layer, c = getattr(module, name)(shape[1]), shape[1]
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, c)))
            layer.bias.copy_(torch.from_numpy(rng.normal(0, 1, c)))
        per_channel = (1, -1, *[1] * (len(shape) - 2))
        spread = np.arange(1.0, c + 1).reshape(per_channel)
        x = rng.normal(0, 1, shape)
        if len(x) * x[0, 0].size == 2:  # nearly equal values have almost no variance, only rounding errors
            x[1] = x[0] + rng.uniform(1, 3) * rng.choice([-1, 1])
        yield f"{name} on {list(shape)}", layer, torch.from_numpy((x + 3) * spread).float()


def reference(name: str, layer: Any) -> Any:
    """torch's layer with the same weights and statistics, whether the layer keeps them as buffers or not."""
    theirs = TORCHS[name](len(layer.weight))
    with torch.no_grad():
        for key in ("weight", "bias", *MOVED):
            getattr(theirs, key).copy_(getattr(layer, key))
    return theirs


def normalised(layer: Any, x: torch.Tensor, mean: torch.Tensor, var: torch.Tensor) -> dict[str, torch.Tensor]:
    """Common mistakes in normalising x by this mean and variance of the channels, and the output of each."""
    mean, var, weight, bias = (
        value.detach().view(1, -1, *[1] * (x.ndim - 2)) for value in (mean, var, layer.weight, layer.bias)
    )
    n = x.numel() // x.shape[1]
    divisors = {
        "the variance is divided by N - 1 in place of N": (var * n / (n - 1) + layer.eps).sqrt(),
        "eps is not under the root": var.sqrt() + layer.eps,
        "it is divided by the variance, not by its root": var + layer.eps,
    }
    unit = (x - mean) / (var + layer.eps).sqrt()
    found = {"bias is not added": weight * unit, "weight is not multiplied": unit + bias}
    return found | {words: weight * (x - mean) / divisor + bias for words, divisor in divisors.items()}


def close(
    found: torch.Tensor, expected: torch.Tensor, what: str, likely: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Fail unless they agree to 1e-4 of the largest value, as a difference of two values may nearly cancel."""
    is_tensor = isinstance(found, torch.Tensor)
    assert is_tensor, f"{what}: expected a tensor, got {type(found).__name__}; is a return missing?"
    scale = max(1.0, float(expected.detach().abs().max()))
    arrays = {words: wrong.detach() for words, wrong in (likely or {}).items()}
    equal(found.detach(), expected.detach(), what, 1e-4, arrays, scale)


def agree(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether `close` passes."""
    try:
        close(found, expected, "")
    except AssertionError:
        return False
    return True
