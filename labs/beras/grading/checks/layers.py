"""Checks on Beras/layers.py: Dense by itself."""

import copy
from typing import Any
from unittest import mock

import numpy as np

from autograder.runner.assertions import equal, slips, untouched
from labs.beras.grading.inside import reference_core
from labs.beras.grading.inside.parts import load as load

SIGMAS = {
    "zero": lambda n_in, n_out: 0,
    "normal": lambda n_in, n_out: 1,
    "xavier": lambda n_in, n_out: np.sqrt(2 / (n_in + n_out)),
    "kaiming": lambda n_in, n_out: np.sqrt(2 / n_in),
}
TRUNCATED = 0.8796  # the standard deviation of a unit normal distribution cut off at 2


def dense64(beras: Any, n_in: int, n_out: int, rng: np.random.Generator) -> Any:
    """A Dense layer with random float64 weights, for gradient checks, also if its initializers fail."""
    kind, start = beras.layers.Dense, (np.zeros((n_in, n_out)), np.zeros(n_out))
    try:
        layer = kind(n_in, n_out)
    except Exception:
        with mock.patch.object(kind, "_initialize_weight", staticmethod(lambda *args, **kwargs: start)):
            layer = kind(n_in, n_out)
    layer.w, layer.b = rng.normal(size=(n_in, n_out)), rng.normal(size=np.shape(layer.b))
    try:
        layer.weights = [layer.w, layer.b]
    except AttributeError:  # a property that finds them by itself
        pass
    return layer


def check_start(beras: Any, rng: np.random.Generator) -> None:
    """Every initializer: shapes, bias zero, the standard deviation of Keras, cut off at two of them or not."""
    n_in = int(rng.integers(250, 400))
    n_out = n_in * 2 // 5  # so that each formula is far from the others
    for name, sigma in SIGMAS.items():
        expected = sigma(n_in, n_out)
        for spelt in (name, name.upper()):
            layer = beras.layers.Dense(n_in, n_out, initializer=spelt)
            w, what = np.asarray(layer.w), f"Dense({n_in}, {n_out}, {spelt!r})"
            assert w.shape == (n_in, n_out), f"{what}: expected w of shape [{n_in}, {n_out}], got {list(w.shape)}"
            assert np.size(layer.b) == n_out, f"{what}: expected b of shape [{n_out}], got {list(np.shape(layer.b))}"
            assert not np.any(layer.b), f"{what}: expected b to start at zero, got {np.ravel(layer.b)[0]:.4g} first"
            cut_off = np.abs(w).max() <= 2.0001 * expected
            near = [expected, TRUNCATED * expected] if cut_off else [expected]
            assert any(abs(w.std() - std) <= 0.03 * std for std in near), (
                f"{what}: expected w with a standard deviation near {expected:.4f}, got {w.std():.4f}"
            )
            assert abs(w.mean()) <= 0.03 * expected, f"{what}: expected w with a mean near 0, got {w.mean():.4f}"
            live = layer.weights[0] is layer.w and layer.weights[1] is layer.b
            assert live, f"{what}: expected weights to be [w, b], the same arrays, got others"


def check_unknown_initializer(beras: Any, rng: np.random.Generator) -> None:
    """An unknown name is refused; a known one makes a layer."""
    beras.layers.Dense(3, 2, initializer="zero")
    try:
        beras.layers.Dense(3, 2, initializer="random")
    except AssertionError:
        return
    except Exception as error:
        raise AssertionError(
            f"Dense: expected an AssertionError for an unknown initializer, got a {type(error).__name__}"
        ) from None
    raise AssertionError("Dense: expected an AssertionError for an unknown initializer, got a layer")


def check_forward(beras: Any, rng: np.random.Generator) -> None:
    """inputs @ w + b for batches of any size, one sample among them; the caller's array stays as it is."""
    for b in (1, int(rng.integers(2, 6))):
        n_in, n_out = rng.integers(1, 6, 2)
        layer, x = dense64(beras, n_in, n_out, rng), rng.normal(size=(b, n_in))
        with untouched(x, by="Dense.forward"):
            product, b_row = x @ layer.w, np.ravel(layer.b)
            what, likely = f"Dense.forward for inputs of shape [{b}, {n_in}]", {"b is not added": product}
            equal(layer(x), product + b_row, what, likely=likely)


def check_derivatives(beras: Any, rng: np.random.Generator) -> None:
    """weight_gradients and input_gradients, each in a shape that fits the chain rule of core.py."""
    b, n_in, n_out = (int(size) for size in rng.integers(2, 6, 3))
    layer, x = dense64(beras, n_in, n_out, rng), rng.normal(size=(b, n_in))
    layer(x)
    wanted = layer.w
    likely = {"it is transposed: expected w": wanted.T, "its sign is reversed": -wanted}
    equal(layer.input_gradients(), wanted, "Dense.input_gradients", likely=likely)
    gradients = layer.weight_gradients()
    assert gradients is not None, "Dense.weight_gradients: expected those of w and of b, got None; is a return missing?"
    assert len(gradients) == 2, f"Dense.weight_gradients: expected those of w and of b, got {len(gradients)}"
    dw, db = (np.asarray(gradient) for gradient in gradients)
    assert dw.shape in ((b, n_in, n_out), (b, n_in, 1)), (
        f"Dense.weight_gradients of w: expected shape [{b}, {n_in}, {n_out}] or [{b}, {n_in}, 1], got {list(dw.shape)}"
    )
    each = np.broadcast_to(x[:, :, None], (b, n_in, n_out))
    what = "Dense.weight_gradients of w, with each output"
    equal(np.broadcast_to(dw, each.shape), each, what, likely=slips(each))
    ones = np.all(db == 1) and db.shape[-1:] in ((), (1,), (n_out,))
    assert ones, f"Dense.weight_gradients of b: expected ones of shape [{n_out}], got shape {list(db.shape)}: {db}"


def check_composed(beras: Any, rng: np.random.Generator) -> None:
    """compose_to_input and compose_to_weight are the chain rule through the last call, for batches of several sizes.

    Where the layer's own derivatives are wrong, which check_derivatives judges, the chain rule of these is right, too.
    """
    n = int(rng.integers(2, 6))
    for b, n_in, n_out in ((1, 1, 1), (int(rng.integers(2, 6)), n, n), rng.integers(2, 6, 3)):
        layer, x, J = dense64(beras, n_in, n_out, rng), rng.normal(size=(b, n_in)), rng.normal(size=(b, n_out))
        once = copy.deepcopy(layer)
        layer(rng.normal(size=(b + 1, n_in)))  # the next call replaces it
        layer(x)
        once(x)
        try:
            own = _by_definition(once, J)
        except ValueError:  # derivatives whose shapes do not fit J
            if n_in != n_out:
                continue
            raise
        found = [np.asarray(layer.compose_to_input(J)), *map(np.asarray, layer.compose_to_weight(J))]
        right = [J @ layer.w.T, x.T @ J / b, np.reshape(J.mean(axis=0), np.shape(layer.b))]
        for name, got, by_its_own, expected in zip(("input", "weight: w", "weight: b"), found, own, right, strict=True):
            if np.shape(got) == np.shape(by_its_own) and np.allclose(got, by_its_own):
                continue
            summed = f"it is summed over the {b} samples in place of their mean"
            likely = {"its sign is reversed": -expected, summed: b * expected}
            equal(got, expected, f"Dense.compose_to_{name}, after a second call", likely=likely)


def _by_definition(layer: Any, J: np.ndarray) -> list[np.ndarray]:
    """The chain rule of core.py with the layer's own derivatives: the gradients of its input, w and b."""
    to_input = reference_core.Diffable.compose_to_input(layer, J)
    dw, db = reference_core.Diffable.compose_to_weight(layer, J)
    return [to_input, dw, np.reshape(db, np.shape(layer.b))]
