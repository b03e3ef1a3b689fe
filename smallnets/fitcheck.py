"""Is what a student's fit() returned what its contract promises? One line says what is not.

Arrays, lists and tensors are all welcome; this module needs numpy alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unpack(result: object, what: str) -> tuple[Any, Any, Any]:
    """Split fit's (losses, predictions, net).

    Args:
        what: how the values are called, for the message, e.g. "losses, yhats, net".

    Raises:
        ValueError: not a tuple or list of three.
    """
    if not isinstance(result, (tuple, list)):
        raise ValueError(f"expected fit to return ({what}), got {_kind(result)}")
    if len(result) != 3:
        raise ValueError(f"expected fit to return three values ({what}), got {len(result)}")
    losses, predictions, net = result
    return losses, predictions, net


def number(value: Any) -> float:
    """A loss as a float, be it a number, an array or a tensor, also one still in its graph.

    Raises:
        TypeError, ValueError, RuntimeError: it is no single number.
    """
    return float(value.detach() if hasattr(value, "detach") else value)


def losses(values: Any, n_iter: int) -> list[float]:
    """The n_iter losses as floats.

    Raises:
        ValueError: another number of them, or one that is not a finite number.
    """
    try:
        plain = [number(value) for value in values]
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"expected losses to be a list of numbers, got {_kind(values)}") from None
    if len(plain) != n_iter:
        raise ValueError(f"expected {n_iter} losses, one for each iteration, got {len(plain)}")
    bad = [i for i, value in enumerate(plain) if not np.isfinite(value)]
    if bad:
        raise ValueError(f"expected finite losses, got {plain[bad[0]]} at iteration {bad[0]}")
    return plain


def labels(values: Any, n: int, n_classes: int) -> NDArray[np.int64]:
    """The predicted labels as int64 [n].

    Raises:
        ValueError: another shape, values that are not integers, or outside 0..n_classes-1.
    """
    yhats = _array(values, "yhats")
    if yhats.shape != (n,):
        raise ValueError(f"expected yhats of shape [{n}], got {list(yhats.shape)}")
    if not np.issubdtype(yhats.dtype, np.integer):
        raise ValueError(f"expected integer labels in yhats, got {yhats.dtype}{_nan_note(yhats)}")
    if n and not 0 <= yhats.min() <= yhats.max() < n_classes:
        raise ValueError(f"expected yhats in 0..{n_classes - 1}, got {yhats.min()}..{yhats.max()}")
    return yhats.astype(np.int64)


def images(values: Any, n: int, n_pixels: int = 784) -> NDArray[np.float32]:
    """The reconstructions as float32 [n, n_pixels].

    Raises:
        ValueError: another shape, values that are not floats, nan, or outside [0, 1].
    """
    xhats = _array(values, "xhats")
    if xhats.shape != (n, n_pixels):
        raise ValueError(f"expected xhats of shape [{n}, {n_pixels}], got {list(xhats.shape)}")
    if not np.issubdtype(xhats.dtype, np.floating):
        raise ValueError(f"expected floats in xhats, got {xhats.dtype}")
    if not np.isfinite(xhats).all():
        raise ValueError(f"expected finite xhats, got{_nan_note(xhats) or ' inf'}")
    if n and not 0 <= xhats.min() <= xhats.max() <= 1:
        raise ValueError(f"expected xhats in [0, 1], got {xhats.min():.4g}..{xhats.max():.4g}")
    return xhats.astype(np.float32)


def _array(values: Any, name: str) -> NDArray:
    if isinstance(values, (list, tuple)):
        values = [value.detach().cpu().numpy() if hasattr(value, "detach") else value for value in values]
    elif hasattr(values, "detach"):  # a tensor, maybe still in its graph
        values = values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"expected {name} to be an array, got {_kind(values)} of unequal rows") from None


def _kind(value: object) -> str:
    return "nothing (None)" if value is None else f"a {type(value).__name__}"


def _nan_note(array: NDArray) -> str:
    return " nan" if np.issubdtype(array.dtype, np.floating) and np.isnan(array).any() else ""
