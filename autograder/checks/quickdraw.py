"""Checks on the QuickDraw lab: its three nets and utils/accuracies.py, as one namespace of their names."""

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.checks.numbers import equal

PARAMETERS = {"TwoLayerDenseNet": 79106, "TooSimpleConvNN": 1350}


def _nets(lab: Any) -> dict[str, nn.Module]:
    """The nets as the course's programs make them."""
    torch.manual_seed(0)
    return {
        "TwoLayerDenseNet": lab.TwoLayerDenseNet(input_shape=784, hidden_layer_width=100, n_classes=6),
        "TooSimpleConvNN": lab.TooSimpleConvNN(input_height=28, input_width=28, n_classes=6),
    }


def _drawings(n: int) -> torch.Tensor:
    """Ink on white, [N, 28, 28] in 0..255."""
    x = torch.rand(n, 28, 28, generator=torch.Generator().manual_seed(n))
    return torch.where(x > 0.8, 255 * x, 0.0)


def check_parameters(lab: Any, rng: np.random.Generator) -> None:
    """79,000 weights and 106 biases; 1,350 parameters."""
    for name, net in _nets(lab).items():
        found = sum(p.numel() for p in net.parameters())
        assert found == PARAMETERS[name], f"{name}: expected {PARAMETERS[name]} parameters, got {found}"
    biases = sum(p.numel() for n, p in _nets(lab)["TwoLayerDenseNet"].named_parameters() if n.endswith("bias"))
    assert biases == 106, f"TwoLayerDenseNet: expected 106 biases, got {biases}"


def check_shapes(lab: Any, rng: np.random.Generator) -> None:
    """Images come as [B, 784], [B, 28, 28] or [B, 1, 28, 28], one alone too, and give the same logits [B, 6]."""
    for name, net in _nets(lab).items():
        net.eval()
        for n in (1, 5):
            x = _drawings(n)
            flat = net(x.flatten(1))
            assert flat.shape == (n, 6), f"{name}: expected logits [{n}, 6], got {list(flat.shape)}"
            for images in (x, x[:, None]):
                equal(net(images).detach(), flat.detach(), f"{name} on {list(images.shape)}", 1e-5)


def check_layers(lab: Any, rng: np.random.Generator) -> None:
    """ReLU stands between the layers and not after the last; the convolutions have no padding and a stride of 2."""
    nets = _nets(lab)
    linear = [layer for layer in nets["TwoLayerDenseNet"].modules() if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [(784, 100), (100, 6)]
    conv = [layer for layer in nets["TooSimpleConvNN"].modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0]) for c in conv] == [
        (1, 8, 3, 1), (8, 16, 3, 2), (16, 6, 1, 1)
    ]  # fmt: skip
    x = _drawings(4)
    x = (x - x.mean(dim=(1, 2), keepdim=True)) / x.std(dim=(1, 2), keepdim=True, correction=0)
    hidden = torch.relu(linear[0](x.flatten(1)))
    equal(nets["TwoLayerDenseNet"](x).detach(), linear[1](hidden).detach(), "TwoLayerDenseNet", 1e-4)
    maps = torch.relu(conv[1](torch.relu(conv[0](x[:, None]))))
    assert maps.shape == (4, 16, 12, 12)
    expected = conv[2](maps.mean(dim=(2, 3), keepdim=True)).flatten(1)
    equal(nets["TooSimpleConvNN"](x).detach(), expected.detach(), "TooSimpleConvNN", 1e-4)


def check_blank(lab: Any, rng: np.random.Generator) -> None:
    """A blank image, which has no variance, gives numbers."""
    for name, net in {**_nets(lab), "BestModel": lab.BestModel()}.items():
        assert torch.isfinite(net.eval()(torch.full((2, 28, 28), 255.0))).all(), f"{name}: nan for a blank image"


def check_accuracy(lab: Any, rng: np.random.Generator) -> None:
    """The share of equal labels, truth first."""
    y, y_hat = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 5])
    assert lab.accuracy(y, y_hat) == 0.75 and lab.accuracy(y, y) == 1 and lab.accuracy(y, y + 1) == 0
    assert isinstance(lab.accuracy(y, y_hat), np.float64)


class _Counting(nn.Module):
    """Answers with a fixed class for each image, by its first pixel; notes how it was called, and second pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.seen: list[tuple[int, bool, bool]] = []
        self.rows: list[float] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.dtype == torch.float32, f"expected images in float32, got {x.dtype}"
        self.seen.append((len(x), self.training, torch.is_grad_enabled()))
        self.rows += x.flatten(1)[:, 1].tolist()
        return self.weight * nn.functional.one_hot(x.flatten(1)[:, 0].long(), 6).float() * 2


def check_dev(lab: Any, rng: np.random.Generator) -> None:
    """Accuracy and mean cross-entropy of the whole set, in evaluation mode, without a graph; the mode comes back."""
    data = np.zeros((1203, 28, 28), np.uint8)
    data[:, 0, 0] = np.arange(1203) % 6
    labels = data[:, 0, 0].copy()
    labels[:401] = (labels[:401] + 1) % 6
    for training in (True, False):
        model = _Counting().train(training)
        found, loss = lab.dev_acc_and_loss(model, data, labels)
        equal(found, 802 / 1203, "dev_acc_and_loss: accuracy", 1e-6)
        right, wrong = -math.log(math.e**2 / (math.e**2 + 5)), math.log(math.e**2 + 5)
        equal(loss, (802 * right + 401 * wrong) / 1203, "dev_acc_and_loss: loss", 1e-5)
        assert isinstance(loss, float), f"expected the loss as a float, got {type(loss).__name__}"
        assert sum(n for n, _, _ in model.seen) == 1203
        assert not any(mode or grad for _, mode, grad in model.seen), "expected evaluation mode and no graph"
        assert model.training == training, "expected the model's mode to come back"


def check_sample(lab: Any, rng: np.random.Generator) -> None:
    """4,000 training images are enough for the estimate, fewer are all taken, and none twice."""
    for n, expected in ((4500, 4000), (70, 70)):
        data = np.zeros((n, 784), np.float32)
        data[:, 1] = np.arange(n)  # tells the images apart
        model = _Counting()
        found, loss = lab.approx_train_acc_and_loss(model, data, np.zeros(n, np.int64))
        assert sum(k for k, _, _ in model.seen) == expected and found == 1 and isinstance(loss, float)
        assert len(set(model.rows)) == expected, "expected no image to be drawn twice"
    data[:, 0] = np.arange(70) % 6
    found, _ = lab.approx_train_acc_and_loss(_Counting(), data, np.where(np.arange(70) < 35, data[:, 0], 6 - 1))
    whole = np.mean(np.where(np.arange(70) < 35, True, data[:, 0] == 5))
    equal(found, whole, "approx_train_acc_and_loss on all of a small set", 1e-6)


def check_best_model(lab: Any, rng: np.random.Generator) -> None:
    """BestModel is another net than the first two, small enough, and the same in every company when it predicts."""
    net = lab.BestModel().eval()
    size = sum(value.numel() * value.element_size() for value in net.state_dict().values())
    assert size < 1e6, f"BestModel: expected at most 1 MB of weights, got {size / 1e6:.2f}"
    assert sum(p.numel() for p in net.parameters()) not in PARAMETERS.values()
    x, state = _drawings(6), copy.deepcopy(net.state_dict())
    together = net(x)
    assert together.shape == (6, 6)
    equal(net(x[:1]).detach(), together[:1].detach(), "BestModel on one image alone", 1e-4)
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
