"""Checks on the NumPy lab's numpy_nn.py, through its get_*_class hooks where a class is needed."""

import warnings
from types import ModuleType
from typing import Any

import numpy as np

from autograder.checks.numbers import away_from_zero, equal, right_gradient, untouched


def _linear(module: ModuleType, n_in: int = 3, n_out: int = 2) -> Any:
    """A Linear with the handout's weights."""
    layer = module.get_linear_class()[0](n_in, n_out)
    layer.W = np.linspace(1, -1, n_in * n_out).reshape(n_in, n_out)
    layer.b = np.linspace(-0.5, 0.5, n_out).reshape(1, n_out)
    return layer


def check_linear_handout(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's worked example of a Linear layer from 3 to 2."""
    layer = _linear(module)
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


def check_linear_gradients(module: ModuleType, rng: np.random.Generator) -> None:
    """Linear's gradients of input, W and b are the numeric ones, for batches of several sizes."""
    rng = np.random.default_rng(0)
    for n_samples, n_in, n_out in ((1, 1, 1), (4, 3, 2), (2, 5, 6)):
        layer = _linear(module, n_in, n_out)
        x, dL = rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))
        layer.forward(x)
        dx, grads = layer.backward(dL), layer.grads()

        def loss(layer: Any = layer, x: np.ndarray = x, dL: np.ndarray = dL) -> float:
            return float((layer.forward(x) * dL).sum())

        right_gradient(dx, loss, x, "Linear.backward")
        right_gradient(grads["W"].sum(axis=0), loss, layer.W, "Linear's gradient of W")
        right_gradient(grads["b"].sum(axis=0), loss, layer.b, "Linear's gradient of b")


def check_linear_parameters_are_live(module: ModuleType, rng: np.random.Generator) -> None:
    """params() hands out the layer's own arrays, and assigned ones are used from then on."""
    layer = _linear(module)
    x = np.ones((1, 3))
    before = layer.forward(x)
    layer.params()["b"][...] += 1
    equal(layer.forward(x), before + 1, "Linear.forward after an in-place update of params()['b']")
    layer.W = np.zeros((3, 2))
    equal(layer.forward(x), layer.b, "Linear.forward after layer.W was assigned")
    layer.params()["W"][...] = 2
    equal(layer.backward(np.ones((1, 2))), [[4, 4, 4]], "Linear.backward after an update of params()['W']")


def check_linear_remembers_the_last_input(module: ModuleType, rng: np.random.Generator) -> None:
    """backward() belongs to the last forward(), even if the caller has changed his array since."""
    layer = _linear(module)
    x = np.ones((2, 3))
    layer.forward(5 * x)
    layer.forward(x)
    x[...] = 7
    layer.backward(np.ones((2, 2)))
    equal(layer.grads()["W"], np.ones((2, 3, 2)), "Linear's gradient of W")


def check_linear_start(module: ModuleType, rng: np.random.Generator) -> None:
    """W is drawn first, then b, both randn / 100, from numpy's global generator."""
    np.random.seed(7)  # noqa: NPY002
    layer = module.get_linear_class()[0](4, 3)
    np.random.seed(7)  # noqa: NPY002
    equal(layer.W, np.random.randn(4, 3) / 100, "Linear.W at the start")  # noqa: NPY002
    equal(layer.b, np.random.randn(1, 3) / 100, "Linear.b at the start")  # noqa: NPY002
    assert layer.x is None and layer.dL_wrt_W is None and layer.dL_wrt_b is None, "expected None before the first call"


def check_relu(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's and the notebook's numbers of ReLU, inputs left alone."""
    layer = module.get_relu_class()[0]()
    x = np.linspace(-1, 1, 9)
    with untouched(x):
        equal(layer.forward(x), np.maximum(x, 0), "ReLU.forward")
    dL = np.linspace(-1, 1, 9)
    with untouched(dL):
        equal(layer.backward(dL), [0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 1], "ReLU.backward")
    layer.forward(np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]))
    found = layer.backward(np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]]))
    equal(found, [[0, 0, 0], [-0.4, 2.2, 3]], "ReLU.backward")


def check_sigmoid(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's and the notebook's numbers of Sigmoid, and no overflow far from 0."""
    layer = module.get_sigmoid_class()[0]()
    layer.forward(np.linspace(-5, 5, 5))
    expected = [-0.06648057, -0.35051858, 0, 0.35051858, 0.06648057]
    equal(layer.backward(np.linspace(-10, 10, 5)), expected, "Sigmoid.backward")
    layer.forward(np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]))
    found = layer.backward(np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]]))
    expected_2d = [[-0.314981, 0.213473, -0.12013], [-0.096104, 0.391368, 0.314981]]
    equal(found, expected_2d, "Sigmoid.backward", tolerance=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        equal(layer.forward(np.array([-1000.0, 0, 1000])), [0, 0.5, 1], "Sigmoid.forward of -1000, 0, 1000")


def check_activations_of_any_shape(module: ModuleType, rng: np.random.Generator) -> None:
    """ReLU and Sigmoid of arrays with 1 to 4 axes: the numeric gradient, and the dtype of the input."""
    rng = np.random.default_rng(1)
    for hook in (module.get_relu_class, module.get_sigmoid_class):
        layer = hook()[0]()
        for shape in ((4,), (2, 3), (2, 1, 3), (2, 3, 2, 2)):
            x, dL = away_from_zero(rng, *shape), rng.normal(size=shape)
            layer.forward(x)
            dx = layer.backward(dL)
            right_gradient(dx, lambda: float((layer.forward(x) * dL).sum()), x, type(layer).__name__)  # noqa: B023
        single = layer.forward(np.ones(3, np.float32))
        assert single.dtype == np.float32, f"expected float32 for float32, got {single.dtype}"


def check_se(module: ModuleType, rng: np.random.Generator) -> None:
    """The handout's numbers of SE, element-wise without a mean, also for labels of unsigned integers."""
    loss = module.get_se_loss_class()[0]()
    x = np.linspace(-5, 5, 9)
    with untouched(x):
        equal(loss.forward(x, 0.5 * x), (0.5 * x) ** 2, "SE.forward")
    equal(loss.backward(), [-5, -3.75, -2.5, -1.25, 0, 1.25, 2.5, 3.75, 5], "SE.backward")
    equal(loss.forward(np.array([[0.25]]), np.array([[1]], np.uint8)), [[0.5625]], "SE.forward of a uint8 label")
    equal(loss.backward(), [[-1.5]], "SE.backward of a uint8 label")


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
