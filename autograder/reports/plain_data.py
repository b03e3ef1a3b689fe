"""A report's values as plain data for JSON, with texts safe and short enough to show."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

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


class Total(NamedTuple):
    """Sums of points: of the lab's own checks, and of extra credit."""

    score: float
    most: float
    extra: float
    most_extra: float

    def words(self, number: Callable[[float], str]) -> str:
        """As people read it: "87.5 of 100" or "100 of 100, extra credit 2 of 10"; `number` writes a number."""
        words = f"{number(self.score)} of {number(self.most)}"
        return f"{words}, extra credit {number(self.extra)} of {number(self.most_extra)}" if self.most_extra else words


def total(tests: Iterable[tuple[float, float | None, bool]]) -> Total:
    """The sums of (score, attainable points, whether they are extra credit)."""
    sums = [0.0, 0.0, 0.0, 0.0]
    for score, most, extra in tests:
        for k, value in ((2 * extra, score), (2 * extra + 1, most or 0.0)):
            sums[k] = math.fsum((sums[k], value))
    return Total(*sums)


def passed(test: Graded) -> bool:
    """Whether a check gave all its points or, if it has none, found no problem."""
    score, most = points(test)
    if not math.isfinite(test.score) or most is None:
        return False
    return score >= most if most else test.cause == "ok"
