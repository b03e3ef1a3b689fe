"""What our own solution of the NumPy and CNN lab does beyond its contract, which no student is asked for."""

import copy
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import torch

from autograder.runner.assertions import equal
from labs.numpy_to_cnn.grading.checks.pytorch_cnn import images

NETS = ("FCNet", "SimpleCNN", "MyNet")


def check_sigmoid_without_overflow(module: ModuleType, rng: np.random.Generator) -> None:
    """No warning far from 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module.Sigmoid().forward(rng.uniform(-5000, 5000, 100))


def check_dtype_follows_the_input(module: ModuleType, rng: np.random.Generator) -> None:
    """float32 for float32."""
    for layer in (module.ReLU(), module.Sigmoid()):
        single = layer.forward(rng.random(3, np.float32))
        assert single.dtype == np.float32, f"expected float32 for float32, got {single.dtype}"


def _nets(module: ModuleType, seed: np.random.Generator) -> list[tuple[str, Any]]:
    torch.manual_seed(int(seed.integers(2**32)))
    return [(name, getattr(module, name)()) for name in NETS]


def check_log_probabilities(module: ModuleType, rng: np.random.Generator) -> None:
    """Every net's outputs are logarithms of probabilities."""
    for name, net in _nets(module, rng):
        total = net(images(rng, 3)).exp().sum(dim=1).detach()
        equal(total, torch.ones(3), f"{name}: the probabilities' sum", 1e-5)


def check_classify_on_any_layout(module: ModuleType, rng: np.random.Generator) -> None:
    """No image at all, and images that do not lie in memory row by row."""
    for name, net in _nets(module, rng):
        found = module.classify(net, images(rng, 0))
        assert found.shape == (0,) and found.dtype == torch.int64, f"{name}: got {found.dtype} {list(found.shape)}"
        x = images(rng, 6).transpose(2, 3)
        assert torch.equal(module.classify(net, x), module.classify(net, x.contiguous())), f"{name}: another layout"


def check_classify_in_any_mode(module: ModuleType, rng: np.random.Generator) -> None:
    """The net's mode does not matter, is as before afterwards, and nothing in the net has changed."""
    for name, net in _nets(module, rng):
        # a net that differs between its modes, as one with Dropout and BatchNorm does
        net = torch.nn.Sequential(torch.nn.Dropout(0.9), torch.nn.BatchNorm2d(1), net)
        state = copy.deepcopy(net.state_dict())
        x = images(rng, 20)
        expected = module.classify(net.eval(), x)
        assert not net.training, f"{name}: expected evaluation mode to stay"
        assert torch.equal(module.classify(net.train(), x), expected), f"{name}: another result in training mode"
        assert net.training and net[0].training, f"{name}: expected training mode to come back"
        for key, value in net.state_dict().items():
            assert torch.equal(value, state[key]), f"{name}: classify changed {key}"


def check_classify_inputs(module: ModuleType, rng: np.random.Generator) -> None:
    """uint8 from 0 to 255 and any float in [0, 1] are the same images, and stay as they are."""
    bytes_ = (images(rng, 40) * 255).to(torch.uint8)
    for name, net in _nets(module, rng):
        expected = net.eval()(bytes_.float() / 255).argmax(dim=1)
        for x in (bytes_, bytes_.float() / 255, bytes_.double() / 255):
            before = x.clone()
            assert torch.equal(module.classify(net, x), expected), f"{name}: other classes for {x.dtype}"
            assert torch.equal(x, before), "expected the images to stay as they were"


def check_classify_refuses(module: ModuleType, rng: np.random.Generator) -> None:
    """Other shapes and dtypes are ValueErrors that say what was expected, and leave the mode alone."""
    net = module.FCNet()
    shapes = ((28, 28), (5, 784), (2, 3, 28, 28), (2, 1, 32, 32))
    wrong: list[Any] = [torch.rand(shape) for shape in shapes]
    wrong += [torch.ones(2, 1, 28, 28, dtype=dtype) for dtype in (torch.int64, torch.bool)]
    for x in (*wrong, [[0.0]]):
        try:
            module.classify(net, x)
        except ValueError as error:
            assert "expected" in str(error), f"expected a message that says what was expected, got {error}"
        else:
            raise AssertionError(f"expected ValueError, got classes for {getattr(x, 'shape', x)}")
        assert net.training, "expected training mode to stay"


def check_light(module: ModuleType, rng: np.random.Generator) -> None:
    """MyNet cancels brightness and contrast: a * x + b gives the same log-probabilities."""
    net, x = _nets(module, rng)[2][1].eval(), images(rng, 5)
    for a, b in ((0.001, 0.0), (0.1, 0.0), (0.5, 0.5), (255.0, 0.0), (0.3, 0.1)):
        equal(net(a * x + b).detach(), net(x).detach(), f"MyNet({a} x + {b})", 1e-4)
    assert torch.isfinite(net(torch.full((2, 1, 28, 28), 0.5))).all(), "expected numbers for a plain image, got nan"


IN_NUMPY = [check_sigmoid_without_overflow, check_dtype_follows_the_input]
IN_TORCH = [check_log_probabilities, check_classify_on_any_layout, check_classify_in_any_mode, check_classify_inputs]
IN_TORCH += [check_classify_refuses, check_light]
