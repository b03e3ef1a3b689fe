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
    except Exception:  # whatever someone's objects raise when they are asked for a number
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
    yhats = array(values, "yhats")
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
    xhats = array(values, "xhats")
    if xhats.shape != (n, n_pixels):
        raise ValueError(f"expected xhats of shape [{n}, {n_pixels}], got {list(xhats.shape)}")
    if not np.issubdtype(xhats.dtype, np.floating):
        raise ValueError(f"expected floats in xhats, got {xhats.dtype}")
    if not np.isfinite(xhats).all():
        raise ValueError(f"expected finite xhats, got{_nan_note(xhats) or ' inf'}")
    if n and not 0 <= xhats.min() <= xhats.max() <= 1:
        raise ValueError(f"expected xhats in [0, 1], got {xhats.min():.9g}..{xhats.max():.9g}")
    return xhats.astype(np.float32)


def array(values: Any, name: str) -> NDArray:
    """Arrays, lists of anything or tensors, also ones still in their graph, as a plain array."""
    try:
        if isinstance(values, (list, tuple)):
            values = [_detached(value) for value in values]
        array = np.asarray(_detached(values))
    except Exception:  # unequal rows, or whatever someone's objects raise when they are asked for an array
        raise ValueError(f"expected {name} to be an array, got {_kind(values)} that makes none") from None
    if array.dtype == object:
        raise ValueError(f"expected {name} to be an array of numbers, got {_kind(values)}")
    return array


def _detached(value: Any) -> Any:
    """A tensor as an array; bfloat16, which numpy lacks, becomes float32. Anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return (value.float() if "bfloat16" in str(value.dtype) else value).numpy()


def _kind(value: object) -> str:
    return "nothing (None)" if value is None else f"a {type(value).__name__}"


def _nan_note(array: NDArray) -> str:
    return " nan" if np.issubdtype(array.dtype, np.floating) and np.isnan(array).any() else ""
