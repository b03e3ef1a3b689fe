"""Checks on Linear of numpy_nn.py, each on one thing: a mistake in the forward pass or one gradient costs no other."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from autograder.runner.assertions import equal, slips, untouched
from labs.numpy_to_cnn.grading.checks.hooks import made


def layer_of(module: ModuleType, rng: np.random.Generator, n_in: int, n_out: int) -> Any:
    """A Linear with assigned weights, as in the course's tests."""
    layer = made(module, "Linear", n_in, n_out)
    layer.W, layer.b = rng.normal(size=(n_in, n_out)), rng.normal(size=(1, n_out))
    return layer


def batches(module: ModuleType, rng: np.random.Generator) -> Iterator[tuple[str, Any, np.ndarray, np.ndarray]]:
    """A new Linear each, with x and the gradient of its output; square ones first, as they run with W transposed."""
    n_samples, n_in, n_out = (int(size) for size in rng.permutation(np.arange(2, 8))[:3])
    for n, *sizes in ((n_samples, n_in, n_in), (n_samples, n_in, n_out), (1, n_in, n_out), (1, 1, 1)):
        what = f"of {sizes[0]} -> {sizes[1]} with {n} sample{'s' * (n > 1)}"
        yield what, layer_of(module, rng, *sizes), rng.normal(size=(n, sizes[0])), rng.normal(size=(n, sizes[1]))


def gradient(layer: Any, name: str, dL: np.ndarray) -> Any:
    """grads()[name] after backward, also if that raises once it has set them: another check judges what it returns."""
    try:
        layer.backward(dL)
    except Exception:
        if layer.grads()[name] is None:
            raise
    found = layer.grads()[name]
    assert found is not None, f"Linear.grads()['{name}']: expected an array after backward, got None"
    return found


def check_linear_start(module: ModuleType, rng: np.random.Generator) -> None:
    """W is drawn first, then b, both randn / 100, from numpy's global generator; then forward can be called."""
    seed, n_in, n_out = (int(number) for number in (rng.integers(2**32), *rng.integers(2, 8, 2)))
    np.random.seed(seed)  # noqa: NPY002
    layer = made(module, "Linear", n_in, n_out)
    np.random.seed(seed)  # noqa: NPY002
    equal(layer.W, np.random.randn(n_in, n_out) / 100, "Linear.W at the start")  # noqa: NPY002
    equal(layer.b, np.random.randn(1, n_out) / 100, "Linear.b at the start")  # noqa: NPY002
    for name in ("x", "dL_wrt_W", "dL_wrt_b"):
        value = getattr(layer, name)
        assert value is None, f"expected Linear.{name} to be None before the first call, got {type(value).__name__}"
    layer.forward(np.zeros((1, n_in)))


def check_linear_forward(module: ModuleType, rng: np.random.Generator) -> None:
    """x W + b, for batches of several sizes; x stays as it is."""
    for what, layer, x, _ in batches(module, rng):
        product = x @ layer.W
        likely = {"b is not added": product, "b is subtracted": product - layer.b}
        with untouched(x, by="Linear.forward"):
            equal(layer.forward(x), product + layer.b, f"Linear.forward {what}", likely=likely)


def check_linear_input_gradient(module: ModuleType, rng: np.random.Generator) -> None:
    """backward returns the gradient of the input, dL W^T, and leaves dL as it is."""
    for what, layer, x, dL in batches(module, rng):
        expected, likely = dL @ layer.W.T, {}
        if layer.W.shape[0] == layer.W.shape[1]:
            likely = {"W is not transposed": dL @ layer.W}
        layer.forward(x)
        with untouched(dL, by="Linear.backward"):
            found = layer.backward(dL)
        equal(found, expected, f"Linear.backward {what}, the gradient of the input", likely=likely | slips(expected))


def check_linear_weight_gradient(module: ModuleType, rng: np.random.Generator) -> None:
    """The gradient of W [B, in, out], one for each sample."""
    for what, layer, x, dL in batches(module, rng):
        expected = x[:, :, None] * dL[:, None, :]
        likely = {"it is transposed, [B, out, in]": expected.swapaxes(1, 2)} | slips(expected)
        layer.forward(x)
        name = f"Linear's gradient of W {what}"
        equal(gradient(layer, "W", dL), expected, f"{name}, one for each sample", likely=likely)
        equal(layer.dL_wrt_W, layer.grads()["W"], "Linear.dL_wrt_W, which grads()['W'] returns")


def check_linear_bias_gradient(module: ModuleType, rng: np.random.Generator) -> None:
    """The gradient of b [B, 1, out], one for each sample."""
    for what, layer, x, dL in batches(module, rng):
        expected = dL[:, None, :]
        likely = {"its middle axis is missing, as in dL[:, None, :]": dL} | slips(expected)
        layer.forward(x)
        name = f"Linear's gradient of b {what}"
        equal(gradient(layer, "b", dL), expected, f"{name}, one for each sample", likely=likely)
        equal(layer.dL_wrt_b, layer.grads()["b"], "Linear.dL_wrt_b, which grads()['b'] returns")


def check_linear_parameters_are_live(module: ModuleType, rng: np.random.Generator) -> None:
    """params() returns the layer's own arrays, which the training loop updates in place, also newly assigned ones."""
    layer = layer_of(module, rng, *(int(size) for size in rng.integers(2, 8, 2)))
    for when in ("", " after layer.W and layer.b were assigned"):
        for name, value in layer.params().items():
            assert np.shares_memory(value, getattr(layer, name)), (
                f"params() must return the layer's own arrays, no copies, as the training loop updates them in place: "
                f"expected params()['{name}'] to be layer.{name}{when}, got another array"
            )
        assert {"W", "b"} <= set(layer.params()), f"params(): expected W and b, got {sorted(layer.params())}"
        layer.W, layer.b = layer.W.copy(), layer.b.copy()


def check_linear_remembers_the_last_input(module: ModuleType, rng: np.random.Generator) -> None:
    """backward() belongs to the last forward(), even if the caller has changed the array since."""
    n_samples, size = (int(n) for n in rng.integers(2, 8, 2))
    x, dL = rng.normal(size=(n_samples, size)), rng.normal(size=(n_samples, size))
    once, layer = (layer_of(module, np.random.default_rng(0), size, size) for _ in range(2))
    once.forward(x.copy())
    expected = np.array(gradient(once, "W", dL))  # right or wrong, it belongs to x
    for first in (5 * x, x[:1]):
        layer.forward(first)
        layer.forward(x)
        what = "Linear's gradient of W after a second forward: keep the x of the last call"
        equal(gradient(layer, "W", dL), expected, what)
    layer.forward(x)
    x[...] = 7
    what = "Linear's gradient of W after the caller changed x: keep a copy of x in forward, np.array(x)"
    equal(gradient(layer, "W", dL), expected, what)
