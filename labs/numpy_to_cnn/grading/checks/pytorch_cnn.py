"""Checks on the CNN lab's pytorch_cnn.py: the contract of the nets and of classify(), and no more."""

from types import ModuleType
from typing import Any

import numpy as np
import torch

from autograder.runner.assertions import both_signs, equal
from labs.numpy_to_cnn.grading.inside.stub_torchvision import without_torchvision

PARAMETERS = {"FCNet": 7850, "SimpleCNN": 19710}


def load() -> ModuleType:
    """The student's pytorch_cnn."""
    return without_torchvision("pytorch_cnn")


def images(rng: np.random.Generator, n: int) -> torch.Tensor:
    """n images, float32 [n, 1, 28, 28] in [0, 1]."""
    return torch.from_numpy(rng.random((n, 1, 28, 28), np.float32))


def _template(module: ModuleType) -> tuple[Any, Any]:
    """The two nets that the template fixes."""
    return module.FCNet(), module.SimpleCNN()


def check_parameters(module: ModuleType, rng: np.random.Generator) -> None:
    """FCNet and SimpleCNN have the template's layers."""
    for (name, expected), net in zip(PARAMETERS.items(), _template(module), strict=True):
        found = sum(p.numel() for p in net.parameters())
        assert found == expected, f"{name}: expected {expected} parameters, got {found}"
        assert net.fc.out_features == 10, f"{name}: expected fc to have 10 outputs, got {net.fc.out_features}"


def check_formulas(module: ModuleType, rng: np.random.Generator) -> None:
    """FCNet and SimpleCNN compute the template's log_softmax of their layers."""
    fc, cnn = _template(module)
    both_signs(fc.fc, rng)
    both_signs(cnn.fc, rng)
    n = int(rng.integers(2, 9))
    x = images(rng, n)
    flat = x.reshape(n, 784) @ fc.fc.weight.T + fc.fc.bias
    equal(fc(x).detach(), torch.log_softmax(flat, dim=1).detach(), "FCNet", 1e-5)
    maps = torch.relu(cnn.conv(x))
    assert maps.shape == (n, 10, 14, 14), f"SimpleCNN.conv: expected [{n}, 10, 14, 14], got {list(maps.shape)}"
    flat = maps.reshape(n, -1) @ cnn.fc.weight.T + cnn.fc.bias
    equal(cnn(x).detach(), torch.log_softmax(flat, dim=1).detach(), "SimpleCNN", 1e-5)


def check_mynet(module: ModuleType, rng: np.random.Generator) -> None:
    """MyNet is made without arguments and gives outputs [B, 10] that can be differentiated."""
    net, n = module.MyNet(), int(rng.integers(2, 9))
    for training in (True, False):
        output = net.train(training)(images(rng, n))
        assert output.shape == (n, 10), f"MyNet: expected outputs [{n}, 10], got {list(output.shape)}"
        assert output.requires_grad, "MyNet: expected outputs that can be differentiated, got some without a gradient"
        assert torch.isfinite(output).all(), "MyNet: expected finite outputs, got nan or inf"


def check_model_class(module: ModuleType, rng: np.random.Generator) -> None:
    """get_model_class, where there is one (later editions have none), returns [MyNet]."""
    hook = getattr(module, "get_model_class", None)
    found = [module.MyNet] if hook is None else hook(None)
    assert found == [module.MyNet], f"expected get_model_class to return [MyNet], got {_named(found)}"


def _named(found: Any) -> str:
    """A list of classes in short; a net would be shown with all its layers."""
    each = found if isinstance(found, list) else [found]
    names = [one.__name__ if isinstance(one, type) else f"an instance of {type(one).__name__}" for one in each]
    return f"[{', '.join(names)}]" if isinstance(found, list) else names[0]


def check_classify(module: ModuleType, rng: np.random.Generator) -> None:
    """classify returns the class of every image, for one image and for many, by a net in evaluation mode."""
    for name in ("FCNet", "MyNet"):
        if not hasattr(module, name):
            continue
        net = getattr(module, name)().eval()
        for n in (1, int(rng.integers(2, 20)), int(rng.integers(100, 200))):
            x = images(rng, n)
            labels = module.classify(net, x.clone())
            assert isinstance(labels, torch.Tensor), f"classify: expected a tensor, got {type(labels).__name__}"
            got = f"{labels.dtype} {list(labels.shape)}"
            assert labels.shape == (n,) and labels.dtype == torch.int64, f"classify: expected int64 [{n}], got {got}"
            wrong = int((labels != net(x).argmax(dim=1)).sum())
            # a batch may be split, and a sum in another order rounds differently
            assert wrong <= 0.02 * n, f"classify({name}): expected the greatest output's index, got {wrong} others"


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
