"""Checks on the BatchNorm lab's layer.py, on any module with BatchNorm1d, BatchNorm2d and Reshape."""

import copy
import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.checks.numbers import equal, right_gradient

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "BatchNorm1d": [(2, 1), (5, 3), (64, 7)],
    "BatchNorm2d": [(1, 2, 2, 3), (4, 3, 5, 2), (2, 1, 1, 1)],
}
MOVED = ("running_mean", "running_var")


def load() -> ModuleType:
    """The student's layer.py, from sys.path."""
    return importlib.import_module("layer")


def _layers(module: ModuleType) -> Iterator[tuple[str, Any, torch.Tensor]]:
    """Each layer with weights of its own, and an input whose channels differ in mean and spread."""
    generator = torch.Generator().manual_seed(0)
    for name, shapes in SHAPES.items():
        for shape in shapes:
            layer = getattr(module, name)(shape[1])
            with torch.no_grad():
                layer.weight.copy_(torch.rand(shape[1], generator=generator) + 0.5)
                layer.bias.copy_(torch.randn(shape[1], generator=generator))
            channels = torch.arange(1.0, shape[1] + 1).reshape(1, -1, *[1] * (len(shape) - 2))
            yield f"{name} on {list(shape)}", layer, torch.randn(shape, generator=generator) * channels + 3 * channels


def _raises(error: type[Exception], layer: Any, x: torch.Tensor, what: str) -> None:
    try:
        layer(x)
    except error:
        return
    raise AssertionError(f"expected {error.__name__} for {what}, got an output")


def check_start(module: ModuleType, rng: np.random.Generator) -> None:
    """Attributes, parameters and buffers are the template's, and drawn afresh."""
    for name in SHAPES:
        layer = getattr(module, name)(1000)
        found = (layer.num_features, layer.eps, layer.momentum)
        assert found == (1000, 1e-5, 0.9), f"{name}: expected num_features, eps, momentum (1000, 1e-05, 0.9): {found}"
        assert list(layer.state_dict()) == ["weight", "bias", *MOVED], f"{name}: got state_dict {layer.state_dict()}"
        parameters, buffers = dict(layer.named_parameters()), dict(layer.named_buffers())
        assert list(parameters) == ["weight", "bias"] and list(buffers) == list(MOVED), f"{name}: parameters or buffers"
        assert 0 <= layer.weight.min() < 0.05 and 0.95 < layer.weight.max() <= 1, f"{name}: weight is not U[0, 1)"
        equal(layer.bias.detach(), torch.zeros(1000), f"{name}.bias")
        equal(layer.running_mean, torch.zeros(1000), f"{name}.running_mean")
        equal(layer.running_var, torch.ones(1000), f"{name}.running_var")
        other = getattr(module, name)(3, eps=0.1, momentum=0.5)
        assert (other.eps, other.momentum) == (0.1, 0.5), f"{name}: eps or momentum is not kept"


def check_by_hand(module: ModuleType, rng: np.random.Generator) -> None:
    """Two numbers worked out on paper, in training and in evaluation."""
    layer = module.BatchNorm1d(1, eps=0.36)
    with torch.no_grad():
        layer.weight.fill_(3)
        layer.bias.fill_(1)
    # mean 4, var (0.8^2 + 0.8^2) / 2 = 0.64, sqrt(0.64 + 0.36) = 1, so y = 3 * (-0.8, 0.8) + 1
    equal(layer(torch.tensor([[3.2], [4.8]])).detach(), [[-1.4], [3.4]], "BatchNorm1d of 3.2 and 4.8", 1e-5)
    # 0.9 * 0 + 0.1 * 4, and 0.9 * 1 + 0.1 * (0.64 + 0.64) / (2 - 1)
    equal(layer.running_mean, [0.4], "running_mean, 0.9 of the old and 0.1 of the new")
    equal(layer.running_var, [1.028], "running_var, 0.9 of the old and 0.1 of the new, unbiased")
    layer.eval()
    expected = 3 * (2.0 - 0.4) / np.sqrt(1.028 + 0.36) + 1
    equal(layer(torch.tensor([[2.0]])).detach(), [[expected]], "BatchNorm1d in evaluation", 1e-5)


def check_like_torch(module: ModuleType, rng: np.random.Generator) -> None:
    """Outputs, running statistics and gradients of several steps are those of torch.nn with momentum 0.1."""
    for name, layer, x in _layers(module):
        theirs = (nn.BatchNorm1d if x.ndim == 2 else nn.BatchNorm2d)(x.shape[1])
        theirs.load_state_dict(layer.state_dict(), strict=False)
        for step in range(3):
            gradients = []
            for net in (layer, theirs):
                inputs = (x * (step + 1)).requires_grad_()
                output = net(inputs)
                net.zero_grad()
                torch.sin(output).sum().backward()
                gradients.append([output.detach(), inputs.grad, net.weight.grad, net.bias.grad])
            for what, ours, reference in zip(("output", "dx", "dweight", "dbias"), *gradients, strict=True):
                # a difference of two values nearly cancels: measure against what the values themselves are
                tolerance = 1e-5 * max(1, float(reference.abs().max()))
                assert torch.allclose(ours, reference, rtol=1e-5, atol=tolerance), f"{name}: {what} is not torch's"
            for statistic in MOVED:
                equal(getattr(layer, statistic), getattr(theirs, statistic), f"{name}: {statistic}", 1e-5)
        equal(layer.eval()(x).detach(), theirs.eval()(x).detach(), f"{name} in evaluation", 1e-5)


def check_gradients(module: ModuleType, rng: np.random.Generator) -> None:
    """The gradients of input, weight and bias are the numeric ones, in float64."""
    for name, layer, x in _layers(module):
        if x.numel() > 200:
            continue
        layer.double()
        leaves = [x.double().requires_grad_(), layer.weight, layer.bias]

        def loss(layer: Any = layer, x: torch.Tensor = leaves[0]) -> Any:
            return (layer(x) * torch.cos(torch.arange(x.numel()).reshape(x.shape))).sum()

        loss().backward()
        for what, leaf in zip(("x", "weight", "bias"), leaves, strict=True):
            with torch.no_grad():
                right_gradient(leaf.grad, lambda: float(loss()), leaf.detach().numpy(), f"{name}: gradient of {what}")


def check_training_uses_the_batch(module: ModuleType, rng: np.random.Generator) -> None:
    """In training an output is normalised by its own batch, whatever came before."""
    for name, layer, x in _layers(module):
        first = layer(x)
        for k in range(5):
            layer(100.0 * k + k * x)
        equal(layer(x).detach(), first.detach(), f"{name} after other batches")


def check_evaluation_is_frozen(module: ModuleType, rng: np.random.Generator) -> None:
    """In evaluation the statistics don't move at all, and an image comes out the same in every company."""
    for name, layer, x in _layers(module):
        layer(x)
        layer.eval()
        before = copy.deepcopy(layer.state_dict())
        together = layer(x)
        for i in range(len(x)):
            equal(layer(x[i : i + 1]).detach(), together[i : i + 1].detach(), f"{name}: one image alone")
        for key, value in layer.state_dict().items():
            assert torch.equal(value, before[key]), f"{name}: {key} moved in evaluation"


def check_buffers_have_no_graph(module: ModuleType, rng: np.random.Generator) -> None:
    """After 100 steps the statistics are still buffers, the same tensors, outside of any graph."""
    for name, layer, x in _layers(module):
        buffers = dict(layer.named_buffers())
        for _ in range(100):
            layer(x * layer.weight.sum()).sum().backward()
        for key, buffer in layer.named_buffers():
            assert buffer is buffers[key], f"{name}: {key} is another tensor than before training"
            assert not buffer.requires_grad, f"{name}: {key} carries a graph, which grows with every step"
        copy.deepcopy(layer)


def check_one_value_is_an_error(module: ModuleType, rng: np.random.Generator) -> None:
    """One value per channel has no variance: ValueError in training, an output in evaluation."""
    for layer, x in ((module.BatchNorm1d(3), torch.ones(1, 3)), (module.BatchNorm2d(3), torch.ones(1, 3, 1, 1))):
        _raises(ValueError, layer, x, f"{list(x.shape)} in training")
        assert torch.isfinite(layer.running_var).all(), "expected running_var to survive, got nan"
        assert layer.eval()(x).shape == x.shape


def check_wrong_inputs(module: ModuleType, rng: np.random.Generator) -> None:
    """Another number of axes or channels, and whole numbers, are ValueErrors."""
    flat, image = module.BatchNorm1d(3), module.BatchNorm2d(3)
    for layer, x in (
        (flat, torch.ones(4, 5)),
        (flat, torch.ones(4, 3, 2, 2)),
        (flat, torch.ones(3)),
        (flat, torch.ones(4, 3, dtype=torch.int64)),
        (image, torch.ones(4, 3)),
        (image, torch.ones(4, 2, 3, 3)),
    ):
        _raises(ValueError, layer, x, f"{x.dtype} {list(x.shape)}")


def check_any_float_and_layout(module: ModuleType, rng: np.random.Generator) -> None:
    """float64 stays float64; expanded and transposed inputs work and stay as they are."""
    layer = module.BatchNorm2d(3).double()
    assert layer(torch.rand(2, 3, 4, 4, dtype=torch.float64)).dtype == torch.float64
    layer = module.BatchNorm2d(3)
    for x in (torch.rand(1, 3, 1, 5).expand(4, 3, 6, 5), torch.rand(5, 4, 3, 2).permute(1, 2, 3, 0)):
        before = x.clone()
        equal(layer(x).detach(), layer(x.contiguous()).detach(), f"BatchNorm2d with strides {x.stride()}", 1e-5)
        assert torch.equal(x, before), "expected the input to stay as it was, got it changed in place"


def check_reshape(module: ModuleType, rng: np.random.Generator) -> None:
    """Reshape flattens each sample, and refuses to mix samples where a size is wrong."""
    x = torch.arange(2 * 4 * 7 * 7).reshape(2, 4, 7, 7)
    equal(module.Reshape((-1, 196))(x), x.flatten(1), "Reshape((-1, 196))")
    equal(module.Reshape((2, 7, 28))(x), x.reshape(2, 7, 28), "Reshape((2, 7, 28))")
    assert module.Reshape((-1, 196))(x[:0]).shape == (0, 196)
    _raises(ValueError, module.Reshape((-1, 196)), torch.ones(2, 4, 14, 14), "four times 196 numbers per sample")


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
