"""Checks on the QuickDraw lab: its three nets and utils/accuracies.py, as one namespace of their names.

The first ones are graded; those from `check_blank` on test our own files beyond the handout.
"""

import copy
import importlib
import math
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.runner.assertions import both_signs, equal
from labs.quickdraw.grading.programs import PROGRAMS

MODULES = {program.net_class: f"main_{program.name}" for program in PROGRAMS.values()}
# (inputs, outputs) of each Linear; (inputs, outputs, kernel, stride, padding) of each convolution
DENSE, CONV = [(784, 100), (100, 6)], [(1, 8, 3, 1, 0), (8, 16, 3, 2, 0), (16, 6, 1, 1, 0)]
# shapes that images may have, the student's choice
FORMS = {"[B, 784]": (784,), "[B, 28, 28]": (28, 28), "[B, 1, 28, 28]": (1, 28, 28), "[B, 28, 28, 1]": (28, 28, 1)}
ADVICE = "Reshape the images in forward: x.reshape(-1, 784) before a Linear, x.reshape(-1, 1, 28, 28) before a Conv2d."
PARAMETERS = {program.net_class: program.n_parameters for program in PROGRAMS.values() if program.n_parameters}


class Files:
    """The student's files as one namespace; each is imported at the first use of a name in it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(MODULES.get(name, "utils.accuracies")), name)


def load() -> Files:
    """The student's files, from sys.path, and the staff's beside them."""
    from labs.quickdraw.grading.inside import utils_package

    utils_package.make_importable()
    return Files()


def _dense(lab: Any) -> nn.Module:
    """The net with the arguments of the course's program."""
    return lab.TwoLayerDenseNet(input_shape=784, hidden_layer_width=100, n_classes=6)


def _conv(lab: Any) -> nn.Module:
    return lab.TooSimpleConvNN(input_height=28, input_width=28, n_classes=6)


def _drawings(n: int, rng: np.random.Generator) -> torch.Tensor:
    """Ink on white, [N, 28, 28] in 0..255."""
    x = rng.random((n, 28, 28), np.float32)
    return torch.from_numpy(np.where(x > 0.8, 255 * x, 0).astype(np.float32))


def _standardised(n: int, rng: np.random.Generator) -> torch.Tensor:
    """Drawings of mean 0 and variance 1, on which a net answers alike whether or not it standardises its input."""
    x = _drawings(n, rng)
    return (x - x.mean(dim=(1, 2), keepdim=True)) / x.std(dim=(1, 2), keepdim=True, correction=0)


def _count(net: nn.Module, expected: int, biases: int) -> None:
    name, shapes = type(net).__name__, [tuple(p.shape) for p in net.parameters()]
    found, found_biases = sum(map(math.prod, shapes)), sum(shape[0] for shape in shapes if len(shape) == 1)
    assert found == expected, f"{name}: expected {expected:,} parameters, got {found:,}"
    assert found_biases == biases, f"{name}: expected {biases} biases among them, got {found_biases}"


def _taken(net: nn.Module) -> str:
    """The shape of images that a net takes, a key of FORMS: the first for which it gives logits [B, 6]."""
    x, training, problems, outputs = torch.linspace(-1, 1, 3 * 784).reshape(3, 784), net.training, {}, {}
    net.eval()
    for form, shape in FORMS.items():
        try:
            outputs[form] = list(net(x.reshape(3, *shape)).shape)
        except Exception as error:  # of torch, or of the net's own checks
            problems[form] = error
        if outputs.get(form) == [3, 6]:
            net.train(training)
            return form
    words = {form: f"{type(error).__name__}: {' '.join(str(error).split())[:150]}" for form, error in problems.items()}
    if not outputs and len(set(words.values())) == 1:
        raise problems["[B, 784]"]  # whatever the shape is
    words |= {form: f"outputs {found} for B = 3" for form, found in outputs.items()}
    found = "\n".join(f"{form}: {words[form]}" for form in FORMS)
    name = type(net).__name__
    raise AssertionError(f"{name}: expected logits [B, 6] for images of one of these shapes, got\n{found}\n{ADVICE}")


def _form(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Images in the shape that a net takes."""
    return x.reshape(len(x), *FORMS[_taken(net)])


def _any_number(net: nn.Module, rng: np.random.Generator) -> None:
    """Any number of images gives as many logits [B, 6]; an image's logits do not depend on the rest of the batch."""
    form, x = _taken(net), _drawings(int(rng.integers(3, 9)), rng)
    name, x = f"{type(net.eval()).__name__}, which takes {form},", _form(net, x)
    together = net(x).detach()
    for n in (1, len(x)):
        found = net(x[:n]).detach()
        assert found.shape == (n, 6), f"{name} expected logits [{n}, 6] for {n} images, got {list(found.shape)}"
        equal(found, together[:n], f"{name} on the first {n} of {len(x)} images", 1e-4)


def check_densenet_parameters(lab: Any, rng: np.random.Generator) -> None:
    """79,000 weights and 106 biases."""
    _count(_dense(lab), PARAMETERS["TwoLayerDenseNet"], 106)


def check_densenet_shapes(lab: Any, rng: np.random.Generator) -> None:
    """[B, ...] -> logits [B, 6]."""
    _any_number(_dense(lab), rng)


def check_densenet_layers(lab: Any, rng: np.random.Generator) -> None:
    """Linear, ReLU, Linear, and nothing after the last."""
    net, x = _dense(lab), _standardised(4, rng).flatten(1)
    linear = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    found = [(layer.in_features, layer.out_features) for layer in linear]
    assert found == DENSE, f"TwoLayerDenseNet: expected Linear layers of {DENSE} inputs and outputs, got {found}"
    both_signs(linear[1], rng)
    expected = linear[1](torch.relu(linear[0](x)))
    equal(net(_form(net, x)).detach(), expected.detach(), "TwoLayerDenseNet: Linear-ReLU-Linear", 1e-4)


def check_convnet_parameters(lab: Any, rng: np.random.Generator) -> None:
    """1,350 parameters, 30 of them biases."""
    _count(_conv(lab), PARAMETERS["TooSimpleConvNN"], 30)


def check_convnet_shapes(lab: Any, rng: np.random.Generator) -> None:
    """[B, ...] -> logits [B, 6]."""
    _any_number(_conv(lab), rng)


def check_convnet_layers(lab: Any, rng: np.random.Generator) -> None:
    """Two convolutions with a ReLU each, the second with stride 2, none padded; a mean over the map; a 1x1 one."""
    net, x = _conv(lab), _standardised(4, rng)
    conv = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    found = [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0], int(c.padding[0])) for c in conv]
    assert found == CONV, f"TooSimpleConvNN: expected (in, out, kernel, stride, padding) {CONV}, got {found}"
    both_signs(conv[2], rng)
    maps = torch.relu(conv[1](torch.relu(conv[0](x[:, None]))))
    expected = conv[2](maps.mean(dim=(2, 3), keepdim=True)).flatten(1)
    what = "TooSimpleConvNN: Conv-ReLU-Conv-ReLU-mean-Conv"
    equal(net(_form(net, x)).detach(), expected.detach(), what, 1e-4)


def check_accuracy(lab: Any, rng: np.random.Generator) -> None:
    """The share of equal labels, truth first."""
    y, y_hat = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 5])
    drawn, other = rng.integers(0, 6, (2, int(rng.integers(50, 100))))
    pairs = (
        (y, y_hat, 0.75),
        (y, y, 1.0),
        (y, y + 1, 0.0),
        (drawn, other, np.count_nonzero(drawn == other) / len(drawn)),
    )
    for truth, guess, expected in pairs:
        found = lab.accuracy(truth, guess)
        assert isinstance(found, float), f"accuracy: expected a np.float64, got a {type(found).__name__}"
        equal(found, expected, f"accuracy of {len(truth)} labels")


def check_blank(lab: Any, rng: np.random.Generator) -> None:
    """A blank image, which has no variance, gives finite outputs."""
    for net in (_dense(lab), _conv(lab), lab.BestModel()):
        found = net.eval()(torch.full((2, 28, 28), float(rng.integers(256))))
        assert torch.isfinite(found).all(), f"{type(net).__name__}: expected numbers for a blank image, got nan"


def check_any_shape(lab: Any, rng: np.random.Generator) -> None:
    """Images [B, 784], [B, 28, 28] and [B, 1, 28, 28] give the same outputs."""
    x = _drawings(5, rng)
    for net in (_dense(lab), _conv(lab), lab.BestModel()):
        flat = net.eval()(x.flatten(1)).detach()
        for images in (x, x[:, None]):
            equal(net(images).detach(), flat, f"{type(net).__name__} on {list(images.shape)}", 1e-5)


def check_float64(lab: Any, rng: np.random.Generator) -> None:
    """accuracy returns NumPy's own float."""
    found = lab.accuracy(np.arange(6), rng.permutation(6))
    assert isinstance(found, np.float64), f"accuracy: expected a np.float64, got a {type(found).__name__}"


class _Counting(nn.Module):
    """A net whose class is the first pixel of each image; it records its calls and the second pixels."""

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
    """Accuracy and mean cross-entropy of the whole set, in evaluation mode, without a graph; the mode is restored."""
    data = np.zeros((1203, 28, 28), np.uint8)
    data[:, 0, 0] = rng.integers(0, 6, 1203)
    labels = data[:, 0, 0].copy()
    labels[:401] = (labels[:401] + 1) % 6
    for training in (True, False):
        model = _Counting().train(training)
        found, loss = lab.dev_acc_and_loss(model, data, labels)
        equal(found, 802 / 1203, "dev_acc_and_loss: accuracy", 1e-6)
        right, wrong = -math.log(math.e**2 / (math.e**2 + 5)), math.log(math.e**2 + 5)
        equal(loss, (802 * right + 401 * wrong) / 1203, "dev_acc_and_loss: loss", 1e-5)
        assert isinstance(loss, float), f"expected the loss as a float, got {type(loss).__name__}"
        seen = sum(n for n, _, _ in model.seen)
        assert seen == 1203, f"dev_acc_and_loss: expected all 1203 images to be seen, got {seen}"
        noted = [(mode, grad) for _, mode, grad in model.seen if mode or grad]
        assert not noted, f"dev_acc_and_loss: expected evaluation mode and no graph, got (training, graph) {noted[0]}"
        assert model.training == training, (
            f"dev_acc_and_loss: expected training={training} to come back, got its opposite"
        )


def check_sample(lab: Any, rng: np.random.Generator) -> None:
    """The estimate uses 4,000 different training images, or all if there are fewer."""
    for n, expected in ((4500, 4000), (70, 70)):
        data = np.zeros((n, 784), np.float32)
        data[:, 1] = np.arange(n)  # tells the images apart
        model = _Counting()
        found, loss = lab.approx_train_acc_and_loss(model, data, np.zeros(n, np.int64))
        seen = sum(k for k, _, _ in model.seen)
        assert seen == expected, f"approx_train_acc_and_loss: expected {expected} of {n} images to be seen, got {seen}"
        assert (found, type(loss)) == (1, float), (
            f"approx_train_acc_and_loss: expected 1 and a float, got {found}, {loss}"
        )
        different = len(set(model.rows))
        assert different == expected, (
            f"approx_train_acc_and_loss: expected {expected} different images, got {different}"
        )
    data[:, 0] = rng.integers(0, 6, 70)
    found, _ = lab.approx_train_acc_and_loss(_Counting(), data, np.where(np.arange(70) < 35, data[:, 0], 6 - 1))
    whole = np.mean(np.where(np.arange(70) < 35, True, data[:, 0] == 5))
    equal(found, whole, "approx_train_acc_and_loss on all of a small set", 1e-6)


def check_best_model(lab: Any, rng: np.random.Generator) -> None:
    """BestModel is another net than the first two, and small; an image's logits do not depend on its batch."""
    net = lab.BestModel().eval()
    size = sum(value.numel() * value.element_size() for value in net.state_dict().values())
    assert size < 1e6, f"BestModel: expected at most 1 MB of weights, got {size / 1e6:.2f}"
    count = sum(p.numel() for p in net.parameters())
    assert count not in PARAMETERS.values(), (
        f"BestModel: expected another net than the first two, got {count} parameters"
    )
    x, state = _drawings(6, rng), copy.deepcopy(net.state_dict())
    together = net(x)
    assert together.shape == (6, 6), f"BestModel: expected logits [6, 6], got {list(together.shape)}"
    equal(net(x[:1]).detach(), together[:1].detach(), "BestModel on one image alone", 1e-4)
    moved = [key for key, value in net.state_dict().items() if not torch.equal(value, state[key])]
    assert not moved, f"BestModel: expected its state to stay in evaluation mode, got {moved[0]} changed"


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
