"""Checks on the NumPy lab's numpy_nn.py: the contract of the four layers, and no details that it leaves open."""

import importlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np

from autograder.runner.assertions import away_from_zero, equal, right_gradient, untouched

HOOKS = {"ReLU": "get_relu_class", "Linear": "get_linear_class", "Sigmoid": "get_sigmoid_class"}
HOOKS |= {"SE": "get_se_loss_class"}


def load() -> ModuleType:
    """The student's numpy_nn."""
    return importlib.import_module("numpy_nn")


def made(module: ModuleType, name: str, *args: int) -> Any:
    """A layer, of its hook's class or, without a hook, as in later editions, of the class of its name."""
    hook = getattr(module, HOOKS[name], None)
    return (getattr(module, name) if hook is None else hook()[0])(*args)


def _linear(module: ModuleType, rng: np.random.Generator, n_in: int, n_out: int) -> Any:
    """A Linear with assigned weights, as in the course's tests."""
    layer = made(module, "Linear", n_in, n_out)
    layer.W, layer.b = rng.normal(size=(n_in, n_out)), rng.normal(size=(1, n_out))
    return layer


def _sizes(rng: np.random.Generator, n: int) -> list[int]:
    return [int(size) for size in rng.integers(2, 8, n)]


def check_linear_handout(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's worked example of a Linear layer from 3 to 2."""
    layer = made(module, "Linear", 3, 2)
    layer.W, layer.b = np.linspace(1, -1, 6).reshape(3, 2), np.linspace(-0.5, 0.5, 2).reshape(1, 2)
    x, dL = np.linspace(-2, 2, 6).reshape(2, 3), np.linspace(1, 2, 4).reshape(2, 2)
    with untouched(x, dL):
        equal(layer.forward(x), [[-2.5, -0.06], [-1.06, -1.5]], "Linear.forward")
        expected = [[1.8, -0.06666667, -1.93333333], [2.86666667, -0.06666667, -3.0]]
        equal(layer.backward(dL), expected, "Linear.backward")
    first = [[-2, -2.66666667], [-1.2, -1.6], [-0.4, -0.53333333]]
    second = [[0.66666667, 0.8], [2, 2.4], [3.33333333, 4]]
    equal(layer.grads()["W"], [first, second], "Linear's gradient of W, one per sample")
    equal(layer.grads()["b"], [[[1, 1.33333333]], [[1.66666667, 2]]], "Linear's gradient of b, one per sample")
    equal(layer.dL_wrt_W, layer.grads()["W"], "Linear.dL_wrt_W")
    equal(layer.dL_wrt_b, layer.grads()["b"], "Linear.dL_wrt_b")


def check_linear_gradients(module: ModuleType, rng: np.random.Generator) -> None:
    """Linear's gradients of input, W and b are the numeric ones, sample by sample, for batches of several sizes."""
    for n_samples, n_in, n_out in ((1, 1, 1), (1, *_sizes(rng, 2)), _sizes(rng, 3)):
        layer = _linear(module, rng, n_in, n_out)
        x, dL = rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))
        layer.forward(x)
        dx, grads = layer.backward(dL), {name: np.array(grad) for name, grad in layer.grads().items()}

        def loss(rows: slice = slice(None), layer: Any = layer, x: np.ndarray = x, dL: np.ndarray = dL) -> float:
            return float((layer.forward(x[rows]) * dL[rows]).sum())

        right_gradient(dx, loss, x, "Linear.backward")
        for name, parameter in (("W", layer.W), ("b", layer.b)):
            shape = (n_samples, *parameter.shape)
            got = grads[name].shape
            assert got == shape, f"Linear.grads()['{name}']: expected shape {list(shape)}, got {list(got)}"
            for i in range(n_samples):
                one = slice(i, i + 1)
                what = f"Linear's gradient of {name} for sample {i} of {n_samples}"
                right_gradient(grads[name][i], lambda one=one, loss=loss: loss(one), parameter, what)  # type: ignore[misc]


def check_linear_parameters_are_live(module: ModuleType, rng: np.random.Generator) -> None:
    """params() returns the layer's own arrays, and arrays assigned to W and b are used."""
    n_in, n_out = _sizes(rng, 2)
    layer, x = _linear(module, rng, n_in, n_out), rng.normal(size=(1, n_in))
    why = "params() must return the layer's own arrays, no copies, as the training loop updates them in place; "
    before = layer.forward(x)
    layer.params()["b"][...] += 1
    equal(layer.forward(x), before + 1, f"{why}Linear.forward after params()['b'] += 1")
    layer.W = np.zeros((n_in, n_out))
    equal(layer.forward(x), layer.b, "Linear.forward after layer.W was assigned")
    layer.params()["W"][...] = 2
    equal(layer.backward(np.ones((1, n_out))), np.full((1, n_in), 2.0 * n_out), f"{why}Linear.backward with W of twos")


def check_linear_remembers_the_last_input(module: ModuleType, rng: np.random.Generator) -> None:
    """backward() belongs to the last forward(), even if the caller has changed the array since."""
    n_samples, n_in, n_out = _sizes(rng, 3)
    layer, x = _linear(module, rng, n_in, n_out), rng.normal(size=(n_samples, n_in))
    expected = np.repeat(x[:, :, None], n_out, axis=2)
    layer.forward(5 * x)
    layer.forward(x)
    x[...] = 7
    layer.backward(np.ones((n_samples, n_out)))
    equal(layer.grads()["W"], expected, "keep a copy of x in forward; Linear's gradient of W for the last x")


def check_linear_start(module: ModuleType, rng: np.random.Generator) -> None:
    """W is drawn first, then b, both randn / 100, from numpy's global generator."""
    seed, (n_in, n_out) = int(rng.integers(2**32)), _sizes(rng, 2)
    np.random.seed(seed)  # noqa: NPY002
    layer = made(module, "Linear", n_in, n_out)
    np.random.seed(seed)  # noqa: NPY002
    equal(layer.W, np.random.randn(n_in, n_out) / 100, "Linear.W at the start")  # noqa: NPY002
    equal(layer.b, np.random.randn(1, n_out) / 100, "Linear.b at the start")  # noqa: NPY002
    for name in ("x", "dL_wrt_W", "dL_wrt_b"):
        value = getattr(layer, name)
        assert value is None, f"expected Linear.{name} to be None before the first call, got {type(value).__name__}"


def check_relu(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's and the notebook's numbers of ReLU; inputs stay unchanged. Its gradient at 0 is not checked."""
    layer = made(module, "ReLU")
    x = np.linspace(-1, 1, 9)
    with untouched(x):
        equal(layer.forward(x), np.maximum(x, 0), "ReLU.forward")
    dL = np.linspace(-1, 1, 9)
    with untouched(x, dL):
        equal(layer.backward(dL), [0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 1], "ReLU.backward")
    layer.forward(np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]))
    found = layer.backward(np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]]))
    equal(found, [[0, 0, 0], [-0.4, 2.2, 3]], "ReLU.backward")


def check_sigmoid(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's and the notebook's numbers of Sigmoid, and its limits; a warning of overflow costs nothing."""
    layer = made(module, "Sigmoid")
    layer.forward(np.linspace(-5, 5, 5))
    expected = [-0.06648057, -0.35051858, 0, 0.35051858, 0.06648057]
    equal(layer.backward(np.linspace(-10, 10, 5)), expected, "Sigmoid.backward")
    layer.forward(np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]))
    found = layer.backward(np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]]))
    expected_2d = [[-0.314981, 0.213473, -0.12013], [-0.096104, 0.391368, 0.314981]]
    equal(found, expected_2d, "Sigmoid.backward", tolerance=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        equal(layer.forward(np.array([-1000.0, 0, 1000])), [0, 0.5, 1], "Sigmoid.forward of -1000, 0, 1000")
    x = rng.normal(size=_sizes(rng, 2))
    with untouched(x):
        equal(layer.forward(x), np.exp(x) / (1 + np.exp(x)), "Sigmoid.forward")


def check_activations_of_any_shape(module: ModuleType, rng: np.random.Generator) -> None:
    """ReLU and Sigmoid of arrays with 1 to 4 axes: the same shape and the numeric gradient."""
    for name in ("ReLU", "Sigmoid"):
        layer = made(module, name)
        for n_axes in range(1, 5):
            shape = tuple(_sizes(rng, n_axes)) if n_axes < 4 else (2, 1, *_sizes(rng, 2))
            x, dL = away_from_zero(rng, *shape), rng.normal(size=shape)
            layer.forward(x)
            dx = layer.backward(dL)
            what = f"{name}.backward of an input with {n_axes} axes"
            right_gradient(dx, lambda: float((layer.forward(x) * dL).sum()), x, what)  # noqa: B023


def check_se(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's numbers of SE, element-wise without a mean, also for labels of unsigned integers."""
    loss = made(module, "SE")
    x = np.linspace(-5, 5, 9)
    with untouched(x):
        equal(loss.forward(x, 0.5 * x), (0.5 * x) ** 2, "SE.forward")
    equal(loss.backward(), [-5, -3.75, -2.5, -1.25, 0, 1.25, 2.5, 3.75, 5], "SE.backward")
    x, y = rng.uniform(0, 1, (7, 1)), rng.integers(0, 2, (7, 1)).astype(np.uint8)
    with untouched(x, y):
        equal(loss.forward(x, y), (x - y.astype(float)) ** 2, "SE.forward of labels in uint8")
    equal(loss.backward(), 2 * (x - y.astype(float)), "SE.backward of labels in uint8")


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
