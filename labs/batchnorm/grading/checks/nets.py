"""Checks on the nets that run_mlp.py, run_cnn.py and run_resnet.py build with the student's layer.py."""

import contextlib
from types import ModuleType

import numpy as np
import torch
from torch import nn

from autograder.runner.assertions import both_signs, equal
from labs.batchnorm.grading.checks.inputs import OwnArithmetic
from labs.batchnorm.grading.inside import build, working

MLP = "Linear BatchNorm1d ReLU Linear BatchNorm1d ReLU Linear"
CNN = "Conv2d BatchNorm2d ReLU AvgPool2d " * 2 + "Reshape Linear"
SHAPES = {"run_mlp": (784,), "run_cnn": (1, 28, 28), "run_resnet": (1, 28, 28)}


def load() -> None:
    """Nothing: each check imports what it needs, with working layers in place of wrong ones."""


def _inputs(program: str, rng: np.random.Generator, n: int) -> torch.Tensor:
    return torch.from_numpy(rng.normal(0, 1, (n, *SHAPES[program]))).float()


def _name(module: nn.Module, layer: ModuleType) -> str:
    """The name of a layer; with its module, if it is neither torch.nn's nor layer.py's."""
    known = type(module).__module__.startswith("torch.nn") or type(module) in vars(layer).values()
    return type(module).__name__ if known else f"{type(module).__module__}.{type(module).__name__}"


def _architecture(program: str, expected: str, rng: np.random.Generator) -> None:
    """An input passes the assignment's layers in order, and no layer follows the last."""
    layer, _ = working.repaired()
    net, passed = build.net(program), list[tuple[str, torch.Tensor]]()
    for last in [module for module in net.modules() if isinstance(module, nn.Linear)][-1:]:
        both_signs(last, rng)
    for module in net.modules():
        if not list(module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(lambda module, _, output: passed.append((_name(module, layer), output)))
    n = int(rng.integers(2, 9))
    output = net(_inputs(program, rng, n))
    found = " ".join(name for name, _ in passed)
    assert found == expected, f"{program}: expected the layers {expected}, got {found}"
    assert output.shape == (n, 10), f"{program}: expected logits [{n}, 10], got {list(output.shape)}"
    equal(output.detach(), passed[-1][1].detach(), f"{program}: logits as the last Linear gives them")


def _own_batchnorm(program: str, least: int, rng: np.random.Generator) -> None:
    """Every BatchNorm of the net is layer.py's; torch's is computed neither in training nor in evaluation."""
    layer, wrong = working.repaired()
    net = build.net(program)
    theirs = [type(m).__name__ for m in net.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    assert not theirs, f"{program}: expected BatchNorm of layer.py alone, got torch.nn's {', '.join(theirs)}"
    own = [module for module in net.modules() if isinstance(module, (layer.BatchNorm1d, layer.BatchNorm2d))]
    assert len(own) >= least, f"{program}: expected at least {least} BatchNorm of layer.py, got {len(own)}"
    with contextlib.nullcontext() if wrong else OwnArithmetic():  # ours, in place of a wrong layer, is torch's
        net(_inputs(program, rng, 4))
        net.eval()(_inputs(program, rng, 4))


def check_mlp_architecture(nothing: None, rng: np.random.Generator) -> None:
    """Linear-BN-ReLU-Linear-BN-ReLU-Linear, logits."""
    _architecture("run_mlp", MLP, rng)


def check_mlp_own_batchnorm(nothing: None, rng: np.random.Generator) -> None:
    """No BatchNorm of torch's in the MLP."""
    _own_batchnorm("run_mlp", 2, rng)


def check_cnn_architecture(nothing: None, rng: np.random.Generator) -> None:
    """Conv-BN-ReLU-AvgPool twice, Reshape, Linear; logits."""
    _architecture("run_cnn", CNN, rng)


def check_cnn_own_batchnorm(nothing: None, rng: np.random.Generator) -> None:
    """No BatchNorm of torch's in the CNN."""
    _own_batchnorm("run_cnn", 2, rng)


def check_resnet_own_batchnorm(nothing: None, rng: np.random.Generator) -> None:
    """No BatchNorm of torch's in the mini-ResNet."""
    _own_batchnorm("run_resnet", 3, rng)


def check_resnet_logits(nothing: None, rng: np.random.Generator) -> None:
    """It has convolutions, and turns images into logits [N, 10]; shortcuts are not checked."""
    working.repaired()
    net, n = build.net("run_resnet"), int(rng.integers(2, 9))
    convolutions = sum(isinstance(module, nn.Conv2d) for module in net.modules())
    assert convolutions >= 3, f"run_resnet: expected at least 3 convolutions, got {convolutions}"
    found = list(net(_inputs("run_resnet", rng, n)).shape)
    assert found == [n, 10], f"run_resnet: expected logits [{n}, 10], got {found}"
