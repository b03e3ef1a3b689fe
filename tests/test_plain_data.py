"""Values and texts made plain, safe and short."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.lab import Graded, Verdict, Visibility
from autograder.reports import plain_data
from autograder.text import CUT, clean, cut

UNSAFE = "\x00\x1b[31mred\x1b[0m\u202egnp.exe\ud800\udcff\x9b\r\nend\ttab"


def test_unsafe_text_becomes_safe() -> None:
    assert clean(UNSAFE) == "\ufffdred\ufffdgnp.exe\\ud800\\udcff\ufffd\nend\ttab"
    assert clean("Zürich 東京 \U0001f600") == "Zürich 東京 \U0001f600"


@pytest.mark.parametrize("length", [0, 99_999, 100_000, 100_001, 10_000_000])
def test_long_text_keeps_its_start_and_end(length: int) -> None:
    text = cut("<" * (length // 2) + ">" * (length - length // 2))
    assert len(text) == min(length, 100_000)
    assert (CUT in text) == (length > 100_000)
    if length > 100_000:
        assert abs(text.index(CUT) - (100_000 - len(CUT)) // 2) <= 1


# any code points, halves of surrogate pairs among them; st.text() would first spend seconds on a table of characters
TEXTS = st.lists(st.integers(0, 0x10FFFF) | st.integers(0, 0xFF)).map(lambda codes: "".join(map(chr, codes)))


@given(TEXTS, st.integers(0, 60))
def test_cut_text_is_never_longer_than_asked_for(text: str, most: int) -> None:
    assert len(cut(text, most)) == min(len(text), most)
    assert cut(text, len(text)) == text


@given(TEXTS)
def test_cleaned_text_can_be_written(text: str) -> None:
    assert clean(text).encode("utf-8").decode("utf-8") == clean(clean(text))


def test_values_become_plain() -> None:
    found = plain_data.data(
        {
            1: np.int64(2),
            "tuple": (True, None, Fraction(1, 2)),
            "numpy": [np.bool_(False), np.float32(0.5), np.array([[1, 2]]), np.longdouble("inf")],
            "check": Visibility.HIDDEN,
            "path": Path("a/b"),
            "dataclass": Verdict(0.5, "half"),
        }
    )
    expected = {
        "1": 2,
        "tuple": [True, None, 0.5],
        "numpy": [False, 0.5, [[1, 2]], "inf"],
        "check": "hidden",
        "path": "a/b",
        "dataclass": {"share": 0.5, "text": "half", "cause": "wrong result"},
    }
    assert found == expected and repr(found) == repr(expected)  # no subclasses
    assert plain_data.data("abcdef" * 10, 30) == cut("abcdef" * 10, 30)


@pytest.mark.parametrize(
    ("score", "max_score", "cause", "points", "passed"),
    [
        (5, 5, "ok", (5.0, 5.0), True),
        (4.9, 5, "wrong result", (4.9, 5.0), False),
        (0, 0, "ok", (0.0, 0.0), True),
        (0, 0, "wrong result", (0.0, 0.0), False),
        (np.float32(2.5), np.int64(5), "ok", (2.5, 5.0), False),
        (float("nan"), 5, "ok", (0.0, 5.0), False),
        (float("inf"), 5, "ok", (0.0, 5.0), False),
        (float("nan"), 0, "ok", (0.0, 0.0), False),
        (5, float("inf"), "ok", (0.0, None), False),
    ],
)
def test_points_are_finite(
    score: float, max_score: float, cause: str, points: tuple[float, float | None], passed: bool
) -> None:
    test = Graded("1", "fit", score, max_score, "", cause)
    assert plain_data.points(test) == points and plain_data.passed(test) is passed
