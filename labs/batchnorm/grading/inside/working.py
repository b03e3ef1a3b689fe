"""Inside the sandbox: working layers in place of those of a student that do not work, so that nets are judged alone."""

import importlib
import sys
from types import ModuleType

import torch
from torch import nn
from torch.nn import functional as F

from autograder.runner.run_checks import generator
from labs.batchnorm.grading.checks import layer as checks

NEEDED = ("start", "training_output", "running_mean", "running_var", "evaluation", "gradients")
CHECKS = {f"BatchNorm{d}": [getattr(checks, f"check_{name}_{d}") for name in NEEDED] for d in ("1d", "2d")}
CHECKS["Reshape"] = [checks.check_reshape]


class BatchNorm(nn.Module):
    """torch's normalisation with the lab's parameters, buffers and momentum."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.9) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = nn.Parameter(torch.rand(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, C, ...] -> [N, C, ...]."""
        statistics = self.running_mean, self.running_var
        return F.batch_norm(x, *statistics, self.weight, self.bias, self.training, 1 - self.momentum, self.eps)


class Reshape(nn.Module):
    """x in another shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, ...] -> shape."""
        return x.reshape(self.shape)


LAYERS = {name: type(name, (BatchNorm,), {}) for name in ("BatchNorm1d", "BatchNorm2d")} | {"Reshape": Reshape}


def repaired() -> tuple[ModuleType, list[str]]:
    """The student's module `layer`, with working classes in place of those that fail their checks; and their names.

    If it cannot be imported, a module of working classes takes its place.
    """
    try:
        module = importlib.import_module("layer")
    except (Exception, SystemExit):
        module = sys.modules["layer"] = ModuleType("layer")
    wrong = [name for name in LAYERS if not works(module, name)]
    for name in wrong:
        setattr(module, name, LAYERS[name])
    return module, wrong


def works(module: ModuleType, name: str) -> bool:
    """Whether a class passes the checks on which a net depends."""
    try:
        for check in CHECKS[name]:
            check(module, generator(0, check.__name__))
    except (Exception, SystemExit):
        return False
    return True
