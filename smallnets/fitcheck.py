"""Is what a student's fit() returned what its contract promises? One line a problem says what is not.

Arrays, lists and tensors are all welcome; this module needs numpy alone. `losses`, `labels` and `images` take a list
of notes: a problem in spite of which predictions can be scored is added to it. Without a list, it is a ValueError like
a problem that leaves nothing to score.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unpack(
    result: object, what: str, lengths: tuple[int, int] | None = None, notes: list[str] | None = None
) -> tuple[Any, Any, Any]:
    """Split fit's (losses, predictions, net).

    Args:
        what: how the values are called, for the message, e.g. "losses, yhats, net".
        lengths: how many losses and predictions there should be.
        notes: values that are plainly in another order are put in this one, one of three that is missing becomes None,
            and a note is added.

    Raises:
        ValueError: not a tuple or list of two or three; without notes, of two or in another order, too.
    """
    if not isinstance(result, (tuple, list)):
        raise ValueError(f"expected fit to return ({what}), got {kind(result)}")
    if len(result) != 3:
        got = f"{len(result)} ({', '.join(map(sized, result))})" if 0 < len(result) < 5 else str(len(result))
        text = f"expected fit to return three values ({what}), got {got}"
        if len(result) != 2 or notes is None:
            raise ValueError(text)
        notes.append(text)
        known = {_place(value, lengths): value for value in result}
        return known.get(0), known.get(1), known.get(2)
    places = [_place(value, lengths) for value in result]
    if places != [0, 1, 2] and sorted(places) == [0, 1, 2]:
        names = what.split(", ")
        got = ", ".join(names[place] for place in places)
        _problem(notes, f"expected fit to return ({what}) in this order, got ({got})")
        result = [result[places.index(place)] for place in range(3)]
    losses, predictions, net = result
    return losses, predictions, net


def _place(value: object, lengths: tuple[int, int] | None) -> int:
    """Where a value that fit returned belongs by its look: losses 0, predictions 1, a net 2; -1 where that is open."""
    if hasattr(value, "state_dict"):
        return 2
    n = length(value)
    return lengths.index(n) if lengths is not None and lengths[0] != lengths[1] and n in lengths else -1


def no_net(value: object) -> str:
    """What is said of a value that is no torch.nn.Module, where fit has to return its net."""
    if isinstance(value, type):
        return f"expected fit to return its net, got {kind(value)}: return the object that was trained"
    return f"expected net to be a torch.nn.Module, got {kind(value)}"


def number(value: Any) -> float:
    """A loss as a float, be it a number, an array or a tensor, also one still in its graph.

    Raises:
        TypeError, ValueError, RuntimeError: it is no single number.
    """
    return float(value.item() if hasattr(value, "item") else value)


def losses(values: Any, n_iter: int, notes: list[str] | None = None) -> list[float]:
    """The losses as floats; nothing of what is no list of numbers.

    Raises:
        ValueError: without notes: it is none, holds another number than n_iter, or one that is not finite.
    """
    try:
        waiting = list(values)
    except Exception:  # whatever someone's objects raise when they are asked for a list
        one = ", which is one number: append the loss of each step" if _is_number(values) else ""
        _problem(notes, f"expected losses to be a list of numbers, got {kind(values)}{one}")
        return []
    plain: list[float] = []
    for i, value in enumerate(waiting):
        try:
            plain.append(number(value))
        except Exception:  # or for a number
            advice = ": does step return its loss?" if value is None else ""
            _problem(notes, f"expected losses to be a list of numbers, got {sized(value)} at [{i}]{advice}")
            return []
    if len(plain) != n_iter:
        # of several epochs, or of every batch of an epoch
        consequence = ", so these figures are not comparable" if len(plain) > n_iter else ""
        text = f"fit returned {len(plain)} losses for {n_iter} iterations: one an iteration was expected"
        _problem(notes, text, consequence)
    bad = [i for i, value in enumerate(plain) if not np.isfinite(value)]
    if bad:
        _problem(notes, f"expected finite losses, got {plain[bad[0]]} at iteration {bad[0]}")
    return plain


def labels(values: Any, n: int, n_classes: int, notes: list[str] | None = None) -> NDArray[np.int64]:
    """The predicted labels as int64 [n]; n_classes for each that is none.

    Whole numbers of any type are labels, as np.zeros(n) and the course's own y hold floats.

    Raises:
        ValueError: another number of them, or none that is a number; without notes, another shape or values that are
            not whole numbers in 0..n_classes-1, too.
    """
    yhats = array(values, "yhats")
    if yhats.dtype.kind not in "iufb":
        raise ValueError(f"expected whole numbers in yhats, got {yhats.dtype}")
    _some_finite(yhats, "yhats")
    if yhats.shape != (n,):
        text = f"expected yhats of shape [{n}], got {list(yhats.shape)}"
        if yhats.size == n:
            _problem(notes, text)
            yhats = yhats.reshape(n)
        elif yhats.shape == (n, n_classes):
            _problem(notes, text, ": the greatest of each row is taken")
            yhats = yhats.argmax(axis=1)
        else:
            raise ValueError(text)
    known = np.isin(yhats, np.arange(n_classes))
    if n_nan := int(np.isnan(yhats).sum()):
        _problem(notes, f"yhats hold {n_nan} nan of {n:,}", ": counted as wrong")
    other = yhats[~known & ~np.isnan(yhats)]
    if known.all() and yhats.dtype.kind in "fb" and notes is not None:
        notes.append(f"yhats are {yhats.dtype}; the autograder accepts whole numbers")
    if other.size:
        text = f"{other.size} of {n} yhats are none of the labels 0..{n_classes - 1}, such as {other[0]:g}"
        _problem(notes, text, ": counted as wrong")
    return np.where(known, yhats, n_classes).astype(np.int64)


def images(values: Any, n: int, n_pixels: int = 784, notes: list[str] | None = None) -> NDArray[np.float32]:
    """The reconstructions as float32 [n, n_pixels]; 0 for each pixel that is nan or infinite.

    Raises:
        ValueError: another number of pixels, or none that is a number; without notes, another shape, values that are
            not floats, not finite or outside [0, 1], too.
    """
    xhats = array(values, "xhats")
    if xhats.dtype.kind not in "iufb":
        raise ValueError(f"expected floats in xhats, got {xhats.dtype}")
    if xhats.shape != (n, n_pixels):
        text = f"expected xhats of shape [{n}, {n_pixels}], got {list(xhats.shape)}"
        if xhats.size != n * n_pixels or len(xhats) != n:
            raise ValueError(text)
        _problem(notes, text)
        xhats = xhats.reshape(n, n_pixels)
    if xhats.dtype.kind != "f":
        _problem(notes, f"expected floats in xhats, got {xhats.dtype}")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite
        plain = xhats.astype(np.float32)
    _some_finite(plain, "xhats")
    finite = np.isfinite(plain)
    if not finite.all():
        _problem(notes, f"{(~finite).sum():,} of {finite.size:,} numbers in xhats are nan or infinite", ": taken as 0")
        xhats, plain = xhats[finite], np.where(finite, plain, np.float32(0))
    if n and not 0 <= xhats.min() <= xhats.max() <= 1:
        least, most = (_beyond(value) for value in (xhats.min(), xhats.max()))
        _problem(notes, f"xhats reach from {least} to {most}; end with a Sigmoid?")
    return plain


def array(values: Any, name: str) -> NDArray:
    """Arrays, lists of anything or tensors, also ones still in their graph, as a plain array."""
    try:
        if isinstance(values, (list, tuple)):
            values = [_detached(value) for value in values]
        array = np.asarray(_detached(values))
    except Exception:  # unequal rows, or whatever someone's objects raise when they are asked for an array
        raise ValueError(f"expected {name} to be an array, got {kind(values)} that makes none") from None
    if array.dtype == object:
        raise ValueError(f"expected {name} to be an array of numbers, got {kind(values)}")
    return array


def _detached(value: Any) -> Any:
    """A tensor as an array; bfloat16, which numpy lacks, becomes float32. Anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return (value.float() if "bfloat16" in str(value.dtype) else value).numpy()


def _problem(notes: list[str] | None, text: str, consequence: str = "") -> None:
    """Note a problem, with what it leads to in a score; ValueError where there are no notes."""
    if notes is None:
        raise ValueError(text)
    notes.append(text + consequence)


def kind(value: object) -> str:
    """How a message names a value: by its type."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "nothing (None)" if value is None else f"a {type(value).__name__}"


def sized(value: object) -> str:
    """How a message names one of several values: by its type and, if it has one, its length."""
    n = None if isinstance(value, (str, type)) else length(value)
    return kind(value) if n is None else f"{kind(value)} of {n}"


def _is_number(value: object) -> bool:
    """Whether a value is a single number."""
    try:
        return number(value) is not None
    except Exception:  # whatever someone's objects raise
        return False


def length(value: Any) -> int | None:
    """How many values there are in one, or None of what has no length."""
    try:
        return len(value)
    except Exception:  # whatever someone's objects raise
        return None


def _some_finite(array: NDArray, name: str) -> None:
    """ValueError if there are numbers, and all of them are nan or infinite."""
    if array.size and not np.isfinite(array).any():
        raise ValueError(f"expected finite numbers in {name}, got {array.flat[0]} everywhere")


def _beyond(value: float) -> str:
    """A number with two digits, or with all where they would hide that it is outside [0, 1]."""
    short = f"{value:.2f}"
    return short if (0 <= value <= 1) == (0 <= float(short) <= 1) else f"{value:.9g}"
