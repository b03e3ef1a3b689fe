"""The numeric gradient that every hand-written or composed gradient is checked against."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def numeric_gradient(f: Callable[[], float], x: NDArray[np.float64], h: float = 1e-5) -> NDArray[np.float64]:
    """Central differences (f(x + h) - f(x - h)) / 2h for each element of x.

    Args:
        f: takes nothing, reads x, returns a scalar.
        x: float64 of any shape; each element is moved and put back in place.
        h: the step; the error is of order h^2.

    Raises:
        ValueError: x is not float64 (in float32 the differences drown in rounding).
    """
    if x.dtype != np.float64:
        raise ValueError(f"expected x in float64, got {x.dtype}")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f()
        x[index] = kept - h
        below = f()
        x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient


def relative_error(a: NDArray, b: NDArray) -> float:
    """max |a - b| / max(1, max |a|, max |b|): below 1e-7 for a right gradient away from kinks.

    Raises:
        ValueError: a and b differ in shape.
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"expected gradients of one shape, got {list(np.shape(a))} and {list(np.shape(b))}")
    scale = max(1.0, np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    return float(np.max(np.abs(a - b), initial=0.0) / scale)
