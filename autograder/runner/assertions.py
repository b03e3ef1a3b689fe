"""Assertions that the checks of every lab share: equal numbers, right gradients."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from smallnets.gradcheck import numeric_gradient, relative_error


def equal(
    found: Any, expected: Any, what: str, tolerance: float = 1e-6, likely: Mapping[str, Any] | None = None,
    scale: float = 1.0,
) -> None:  # fmt: skip
    """Fail unless two arrays agree in shape and within `tolerance`, relative or times `scale`.

    Args:
        likely: common mistakes in words, and the array that comes of each; the one that gives `found` is named.
    """
    assert found is not None, f"{what}: expected an array, got None; is a return missing?"
    found, expected = np.asarray(found), np.asarray(expected)
    least = tolerance * scale
    right = found.shape == expected.shape and np.allclose(found, expected, tolerance, least, equal_nan=True)
    for words, wrong in () if right else (likely or {}).items():
        if found.shape == np.shape(wrong) and np.allclose(found, wrong, tolerance, least):
            what = f"{what}: {words}"
            break
    assert found.shape == expected.shape, f"{what}: expected shape {list(expected.shape)}, got {list(found.shape)}"
    wrong = ~np.isclose(found, expected, rtol=tolerance, atol=least, equal_nan=True)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at {list(at)}" if at else ""
        raise AssertionError(f"{what}: expected {expected[at]:.6g}{where}, got {found[at]:.6g}")


def right_gradient(found: Any, f: Callable[[], float], x: np.ndarray, what: str) -> None:
    """Fail unless `found` is the gradient of f with respect to the float64 array x, by central differences."""
    found, expected = np.asarray(found), numeric_gradient(f, x)
    assert found.shape == x.shape, f"{what}: expected shape {list(x.shape)}, got {list(found.shape)}"
    error = relative_error(found, expected)
    assert error < 1e-7, f"{what}: expected the numeric gradient, got a relative error of {error:.1e}"


def slips(expected: np.ndarray) -> dict[str, np.ndarray]:
    """Common mistakes in a gradient [B, ...], one for each sample, and the array that comes of each; for `equal`."""
    n, total = len(expected), expected.sum(axis=0)
    return {
        "its sign is reversed": -expected,
        f"it is divided by the number of samples, {n}": expected / n,
        "it is summed over the samples": total,
        "it is the mean over the samples": total / n,
        "it is the sum over the samples, in place of each sample's own": np.broadcast_to(total, expected.shape),
        "it is the mean over the samples, in place of each sample's own": np.broadcast_to(total / n, expected.shape),
    }


@contextmanager
def untouched(*arrays: np.ndarray, by: str) -> Iterator[None]:
    """Fail if the block, a call of the function `by`, changes one of the arrays that it was given."""
    before = [array.copy() for array in arrays]
    yield
    for array, copy in zip(arrays, before, strict=True):
        assert np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"), (
            f"{by} changed an array that it was given: expected it unchanged; work on a copy, x.copy()"
        )


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random numbers of both signs, all at least 0.1 away from 0, where ReLU has its kink."""
    return rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape)


def both_signs(layer: Any, rng: np.random.Generator) -> None:
    """Redraw the weights of a torch.nn layer: below 0 for every second output, above 0 for the others.

    Inputs of at least 0, such as those from a ReLU, then give outputs of both signs, so that no draw hides a ReLU
    behind the layer.
    """
    for parameter in layer.parameters():
        n_out, *others = parameter.shape
        signs = np.where(np.arange(n_out) % 2, -1, 1).reshape(-1, *[1] * len(others))
        drawn = signs * rng.uniform(0.1, 1, parameter.shape) / math.sqrt(math.prod(others))
        parameter.data.copy_(parameter.new_tensor(drawn))
