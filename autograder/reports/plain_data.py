"""A report's values as plain data for JSON, with texts safe and short enough to show."""

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.lab import Graded
from autograder.text import clean, cut


def data(value: Any, most: int | None = None) -> Any:
    """A value, however nested, as null, bool, int, finite float, str, list and dict.

    NumPy's scalars and arrays become Python's, tuples lists, dataclasses dicts. A number that is not finite becomes the
    string "nan", "inf" or "-inf", as JSON has no number for it and null would not tell which it was. Any other
    value, such as a path, becomes its text. Keys and texts are cleaned, and cut to `most` characters if given.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(float(value))
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {data(str(key), most): data(item, most) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [data(item, most) for item in value]
    text = clean(str(value))
    return text if most is None else cut(text, most)


def points(test: Graded) -> tuple[float, float | None]:
    """(score, attainable points) of a check as finite floats.

    If either is not finite, the score is 0; points that are not finite are None.
    """
    score, most = float(test.score), float(test.max_score)
    if math.isfinite(score) and math.isfinite(most):
        return score, most
    return 0.0, most if math.isfinite(most) else None


def passed(test: Graded) -> bool:
    """Whether a check gave all its points or, if it has none, found no problem."""
    score, most = points(test)
    if not math.isfinite(test.score) or most is None:
        return False
    return score >= most if most else test.cause == "ok"
