"""Checks decide alike whatever weights a net starts with."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from programs import lab_at
from torch import nn
from torch.nn import functional as F

from autograder.runner.run_checks import generator
from labs.batchnorm.grading.checks import nets as batchnorm_nets
from labs.numpy_to_cnn.grading.checks import pytorch_cnn
from labs.quickdraw.grading.checks import nets as quickdraw

Call = Callable[[nn.Module, torch.Tensor], torch.Tensor]


def at_the_end(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The net's own answer behind a ReLU."""
    return F.relu(type(net).__mro__[1].forward(net, x))  # type: ignore[attr-defined]


def fcnet(net: Any, x: torch.Tensor) -> torch.Tensor:
    return F.log_softmax(F.relu(net.fc(x.flatten(1))), dim=1)


def simple_cnn(net: Any, x: torch.Tensor) -> torch.Tensor:
    return F.log_softmax(F.relu(net.fc(F.relu(net.conv(x)).flatten(1))), dim=1)


def hidden(net: nn.Module, forward: Call) -> nn.Module:
    """A net that computes something else, which cannot be seen as long as its last layer gives nothing below 0."""
    list(net.parameters())[-1].data.fill_(100)
    net.__class__ = type(type(net).__name__, (type(net),), {"forward": forward})
    return net


def in_quickdraw(load: Any, name: str, check: Any, rng: np.random.Generator, forward: Call | None) -> None:
    make = getattr(load(quickdraw.MODULES[name]), name)
    check(SimpleNamespace(**{name: lambda **sizes: hidden(make(**sizes), forward) if forward else make(**sizes)}), rng)


def in_cnn(load: Any, name: str, check: Any, rng: np.random.Generator, forward: Call | None) -> None:
    lab = load("pytorch_cnn")
    nets = {each: getattr(lab, each) for each in pytorch_cnn.PARAMETERS}
    check(SimpleNamespace(**nets | {name: lambda: hidden(nets[name](), forward) if forward else nets[name]()}), rng)


def in_batchnorm(load: Any, name: str, check: Any, rng: np.random.Generator, forward: Call | None) -> None:
    net = load(name).build()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batchnorm_nets.build, "net", lambda _: hidden(net, forward) if forward else net)
        check(load("layer"), rng)


CASES = [
    pytest.param(
        "quickdraw", in_quickdraw, "TwoLayerDenseNet", quickdraw.check_densenet_layers, at_the_end, id="dense"
    ),
    pytest.param("quickdraw", in_quickdraw, "TooSimpleConvNN", quickdraw.check_convnet_layers, at_the_end, id="conv"),
    pytest.param("numpy_to_cnn", in_cnn, "FCNet", pytorch_cnn.check_formulas, fcnet, id="FCNet"),
    pytest.param("numpy_to_cnn", in_cnn, "SimpleCNN", pytorch_cnn.check_formulas, simple_cnn, id="SimpleCNN"),
    pytest.param("batchnorm", in_batchnorm, "run_mlp", batchnorm_nets.check_mlp_architecture, at_the_end, id="MLP"),
    pytest.param("batchnorm", in_batchnorm, "run_cnn", batchnorm_nets.check_cnn_architecture, at_the_end, id="CNN"),
]


@pytest.mark.parametrize(("lab", "hold", "name", "check", "forward"), CASES)
def test_a_relu_behind_the_last_layer_is_seen_whatever_the_weights(
    lab: str, hold: Any, name: str, check: Any, forward: Call
) -> None:
    with lab_at(ROOT / "labs" / lab) as load:
        hold(load, name, check, generator(0, check.__name__), None)
        with pytest.raises(AssertionError, match="expected"):
            hold(load, name, check, generator(0, check.__name__), forward)
