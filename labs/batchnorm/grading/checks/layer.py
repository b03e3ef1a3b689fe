"""Checks on the BatchNorm lab's layer.py, on any module with BatchNorm1d, BatchNorm2d and Reshape.

A pair with the endings _1d and _2d is one check on the two layers.
"""

import copy
import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.runner.assertions import equal
from labs.batchnorm.grading.checks import statistics as statistics
from labs.batchnorm.grading.checks.inputs import MOVED, OwnArithmetic, agree, close, layers, normalised, reference
from smallnets.gradcheck import numeric_gradient

Check = Callable[[ModuleType, np.random.Generator], None]


def load() -> ModuleType:
    """The student's layer.py, from sys.path."""
    return importlib.import_module("layer")


def _start(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """Attributes, parameters and buffers are the template's, with its start values; torch's counter is allowed."""
    layer = getattr(module, name)(1000)
    found = (layer.num_features, layer.eps, layer.momentum)
    assert found == (1000, 1e-5, 0.9), f"{name}: expected num_features, eps, momentum (1000, 1e-05, 0.9), got {found}"
    parameters, buffers = dict(layer.named_parameters()), dict(layer.named_buffers())
    buffers.pop("num_batches_tracked", None)
    for key in MOVED:
        assert key in buffers, (
            f"{name}: expected {key} as a buffer, which is saved with the net, got none of that name; "
            f"write self.register_buffer({key!r}, ...) in __init__"
        )
    assert list(parameters) == ["weight", "bias"] and sorted(buffers) == list(MOVED), (
        f"{name}: expected parameters weight, bias and buffers running_mean, running_var, "
        f"got {', '.join(parameters)} and {', '.join(buffers)}"
    )
    keys = [key for key in layer.state_dict() if key != "num_batches_tracked"]
    assert sorted(keys) == sorted(["weight", "bias", *MOVED]), f"{name}: expected all four in state_dict, got {keys}"
    weight = layer.weight.detach()
    least, most = float(weight.min()), float(weight.max())
    assert 0 <= least < 0.05 and 0.95 < most <= 1, f"{name}: expected weight from U[0, 1), got {least:.3g}..{most:.3g}"
    equal(layer.bias.detach(), torch.zeros(1000), f"{name}.bias")
    equal(layer.running_mean, torch.zeros(1000), f"{name}.running_mean")
    equal(layer.running_var, torch.ones(1000), f"{name}.running_var")
    other = getattr(module, name)(3, eps=0.1, momentum=0.5)
    kept = (other.eps, other.momentum)
    assert kept == (0.1, 0.5), f"{name}: expected eps and momentum to be kept as (0.1, 0.5), got {kept}"
    _, last, x = list(layers(name, module, rng))[-1]
    assert last(x) is not None, f"{name}: expected an output of forward, got None; is a return missing?"


def _own_arithmetic(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """The layer uses neither torch's layer nor its function."""
    for _, layer, x in layers(name, module, rng):
        assert not isinstance(layer, nn.modules.batchnorm._NormBase), (
            f"{name}: expected a layer of your own on nn.Module, got one that extends torch's"
        )
        for training in (True, False):
            own = OwnArithmetic()
            try:
                with own:
                    layer.train(training)(x)
            except Exception:  # an error of the layer itself is for the other checks
                if own.called:
                    raise


def _training_output(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """In training, y = weight * (x - mean) / sqrt(var + eps) + bias, with the batch's mean and biased variance."""
    for what, layer, x in layers(name, module, rng):
        for eps in (layer.eps, float(rng.uniform(0.1, 1))):
            layer.eps = eps
            theirs = reference(name, layer)
            theirs.eps = eps
            axes = [0, *range(2, x.ndim)]
            likely = normalised(layer, x, x.mean(axes), x.var(axes, correction=0))
            before, expected, after = (theirs.train(training)(x) for training in (False, True, False))
            words = "the running mean and variance normalise, not the batch's own"
            likely |= {words: before, f"{words} (after their update)": after}
            close(layer(x), expected, f"{what}, eps {eps:.2g}: output in training (var divides by N)", likely)


def _gradients(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """The gradients of input, weight and bias flow also through the batch's mean and variance.

    They equal torch's or, where the layer's output is another, the numeric ones of that output.
    """
    for what, layer, x in layers(name, module, rng):
        gradients = []
        target = torch.from_numpy(rng.normal(0, 1, x.shape)).float()
        for net in (layer, reference(name, layer)):
            inputs = x.clone().requires_grad_()
            (net(inputs) * target).sum().backward()
            gradients.append([inputs.grad, net.weight.grad, net.bias.grad])
        own, torchs = ([torch.zeros(1) if found is None else found for found in of] for of in gradients)
        if not all(map(agree, own, torchs)):
            numeric = _numeric(getattr(module, name), layer, x, target)
            if all(np.allclose(found, wanted, 0.01, 0.01) for found, wanted in zip(own, numeric, strict=True)):
                continue
        for of, found, expected in zip(("the input", "weight", "bias"), gradients[0], torchs, strict=True):
            assert found is not None, f"{what}: expected a gradient of {of}, got none"
            close(found, expected, f"{what}: gradient of {of}")


def _numeric(kind: type, layer: Any, x: torch.Tensor, target: torch.Tensor) -> list[np.ndarray]:
    """The numeric gradients of (output * target).sum(), with respect to x, weight and bias, of new layers of a kind."""
    arrays = [value.detach().double().numpy() for value in (x, layer.weight, layer.bias)]

    def loss() -> float:
        twin = kind(x.shape[1]).double()
        twin.load_state_dict({"weight": torch.from_numpy(arrays[1]), "bias": torch.from_numpy(arrays[2])}, strict=False)
        return float((twin(torch.from_numpy(arrays[0])) * target).sum())

    return [numeric_gradient(loss, array, h=1e-3) for array in arrays]


def _any_float(name: str, module: ModuleType, rng: np.random.Generator) -> None:
    """float64 stays float64; a transposed input works like its copy, and stays unchanged."""
    for what, layer, x in layers(name, module, rng):
        found = layer.double()(x.double()).dtype
        assert found == torch.float64, f"{what}: expected an output in float64 for one in float64, got {found}"
        layer.float()
        twin = copy.deepcopy(layer)
        strided = x.transpose(0, -1).contiguous().transpose(0, -1)
        close(layer(strided), twin(x), f"{what} with strides {strided.stride()}")
        assert torch.equal(strided, x), f"{what}: expected the input unchanged, got it changed in place"


def _both(hold: Callable[[str, ModuleType, np.random.Generator], None]) -> tuple[Check, Check]:
    """The check as two checks, one for each layer."""

    def of(name: str) -> Check:
        @functools.wraps(hold)
        def check(module: ModuleType, rng: np.random.Generator) -> None:
            hold(name, module, rng)

        check.__name__ = f"check_{hold.__name__.lstrip('_')}_{name[-2:]}"
        return check

    return of("BatchNorm1d"), of("BatchNorm2d")


check_start_1d, check_start_2d = _both(_start)
check_own_arithmetic_1d, check_own_arithmetic_2d = _both(_own_arithmetic)
check_training_output_1d, check_training_output_2d = _both(_training_output)
check_training_uses_the_batch_1d, check_training_uses_the_batch_2d = _both(statistics.training_uses_the_batch)
check_running_mean_1d, check_running_mean_2d = _both(statistics.running_mean)
check_running_var_1d, check_running_var_2d = _both(statistics.running_var)
check_evaluation_1d, check_evaluation_2d = _both(statistics.evaluation)
check_gradients_1d, check_gradients_2d = _both(_gradients)
check_buffers_have_no_graph_1d, check_buffers_have_no_graph_2d = _both(statistics.buffers_have_no_graph)
check_one_value_1d, check_one_value_2d = _both(statistics.one_value)
check_any_float_1d, check_any_float_2d = _both(_any_float)


def check_reshape(module: ModuleType, rng: np.random.Generator) -> None:
    """Reshape gives the requested shape; -1 in front is the number of samples, also 0."""
    n, c = (int(k) for k in rng.integers(2, 6, 2))
    x = torch.from_numpy(rng.normal(0, 1, (n, c, 7, 7)))
    equal(module.Reshape((-1, c * 49))(x), x.flatten(1), f"Reshape((-1, {c * 49}))")
    equal(module.Reshape((n, 7, c * 7))(x), x.reshape(n, 7, c * 7), f"Reshape(({n}, 7, {c * 7}))")
    found = module.Reshape((-1, c * 49))(x[:0]).shape
    assert found == (0, c * 49), f"Reshape: expected [0, {c * 49}] for no sample, got {list(found)}"


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
