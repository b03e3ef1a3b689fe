"""Checks on the CNN lab's pytorch_cnn.py: its three nets and classify()."""

import copy
from types import ModuleType
from typing import Any

import numpy as np
import torch

from autograder.checks.numbers import equal

PARAMETERS = {"FCNet": 7850, "SimpleCNN": 19710}


def _images(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(n))


def _nets(module: ModuleType) -> list[tuple[str, Any]]:
    torch.manual_seed(0)
    return [(name, getattr(module, name)()) for name in (*PARAMETERS, "MyNet")]


def check_outputs(module: ModuleType, rng: np.random.Generator) -> None:
    """Every net is made without arguments and returns log-probabilities [B, 10] that can be differentiated."""
    for name, net in _nets(module):
        for training in (True, False):
            output = net.train(training)(_images(3))
            assert output.shape == (3, 10), f"{name}: expected [3, 10], got {list(output.shape)}"
            assert output.requires_grad, f"{name}: expected an output that can be differentiated"
            equal(output.exp().sum(dim=1).detach(), torch.ones(3), f"{name}: the probabilities' sum", 1e-5)


def check_parameters(module: ModuleType, rng: np.random.Generator) -> None:
    """FCNet and SimpleCNN have the template's layers."""
    for name, net in _nets(module)[:2]:
        found = sum(p.numel() for p in net.parameters())
        assert found == PARAMETERS[name], f"{name}: expected {PARAMETERS[name]} parameters, got {found}"
        assert net.fc.out_features == 10, f"{name}: expected fc to have 10 outputs, got {net.fc.out_features}"


def check_formulas(module: ModuleType, rng: np.random.Generator) -> None:
    """FCNet and SimpleCNN compute the template's log_softmax of their layers."""
    (_, fc), (_, cnn), _ = _nets(module)
    x = _images(4)
    flat = x.reshape(4, 784) @ fc.fc.weight.T + fc.fc.bias
    equal(fc(x).detach(), torch.log_softmax(flat, dim=1).detach(), "FCNet", 1e-5)
    maps = torch.relu(cnn.conv(x))
    assert maps.shape == (4, 10, 14, 14), f"SimpleCNN.conv: expected [4, 10, 14, 14], got {list(maps.shape)}"
    flat = maps.reshape(4, -1) @ cnn.fc.weight.T + cnn.fc.bias
    equal(cnn(x).detach(), torch.log_softmax(flat, dim=1).detach(), "SimpleCNN", 1e-5)


def check_model_class(module: ModuleType, rng: np.random.Generator) -> None:
    """get_model_class returns [MyNet], whatever it is called with."""
    assert module.get_model_class(None) == [module.MyNet] == module.get_model_class("anything")


def check_classify(module: ModuleType, rng: np.random.Generator) -> None:
    """classify returns the class of every image, for one image, many and none, on any memory layout."""
    for name, net in _nets(module):
        net.eval()
        for n in (1, 7, 501, 0):
            x = _images(n)
            labels = module.classify(net, x)
            assert labels.shape == (n,) and labels.dtype == torch.int64, f"{name}: got {labels.dtype} {labels.shape}"
            assert torch.equal(labels, net(x).argmax(dim=1)), f"{name}: expected the greatest output's index"
        x = _images(6).transpose(2, 3)
        assert torch.equal(module.classify(net, x), module.classify(net, x.contiguous()))


def check_classify_in_any_mode(module: ModuleType, rng: np.random.Generator) -> None:
    """The net's mode does not matter, is as before afterwards, and nothing in the net has changed."""
    for name, net in _nets(module):
        # a net that differs between its modes, as one with Dropout and BatchNorm does
        net = torch.nn.Sequential(torch.nn.Dropout(0.9), torch.nn.BatchNorm2d(1), net)
        state = copy.deepcopy(net.state_dict())
        x = _images(20)
        expected = module.classify(net.eval(), x)
        assert not net.training
        assert torch.equal(module.classify(net.train(), x), expected), f"{name}: another result in training mode"
        assert net.training and net[0].training, f"{name}: expected training mode to come back"
        for key, value in net.state_dict().items():
            assert torch.equal(value, state[key]), f"{name}: classify changed {key}"


def check_classify_inputs(module: ModuleType, rng: np.random.Generator) -> None:
    """uint8 from 0 to 255 and any float in [0, 1] are the same images, and stay as they are."""
    bytes_ = (_images(40) * 255).to(torch.uint8)
    for name, net in _nets(module):
        expected = net.eval()(bytes_.float() / 255).argmax(dim=1)
        for x in (bytes_, bytes_.float() / 255, bytes_.double() / 255):
            before = x.clone()
            assert torch.equal(module.classify(net, x), expected), f"{name}: other classes for {x.dtype}"
            assert torch.equal(x, before), "expected the images to stay as they were"


def check_classify_refuses(module: ModuleType, rng: np.random.Generator) -> None:
    """Other shapes and dtypes are ValueErrors that say what was expected, and leave the mode alone."""
    net = module.FCNet()
    for x in (
        torch.rand(28, 28),
        torch.rand(5, 784),
        torch.rand(2, 3, 28, 28),
        torch.rand(2, 1, 32, 32),
        torch.ones(2, 1, 28, 28, dtype=torch.int64),
        torch.ones(2, 1, 28, 28, dtype=torch.bool),
        [[0.0]],
    ):
        try:
            module.classify(net, x)
        except ValueError as error:
            assert "expected" in str(error), f"expected a message that says what was expected, got {error}"
        else:
            raise AssertionError(f"expected ValueError, got classes for {getattr(x, 'shape', x)}")
        assert net.training


def check_light(module: ModuleType, rng: np.random.Generator) -> None:
    """MyNet cancels brightness and contrast: a * x + b gives the same log-probabilities."""
    net = _nets(module)[2][1].eval()
    x = _images(5)
    for a, b in ((0.001, 0.0), (0.1, 0.0), (0.5, 0.5), (255.0, 0.0), (0.3, 0.1)):
        equal(net(a * x + b).detach(), net(x).detach(), f"MyNet({a} x + {b})", 1e-4)
    assert torch.isfinite(net(torch.full((2, 1, 28, 28), 0.5))).all(), "expected numbers for a plain image, got nan"


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
