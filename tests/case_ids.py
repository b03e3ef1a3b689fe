"""An id that can be read, and is the same in every process, for each parametrised value."""

import enum
import numbers
from types import NoneType
from typing import Any

import pytest

LONGEST = 60  # characters of one value's id
PLAIN = (NoneType, numbers.Number, enum.Enum)  # `str` tells these apart


def words(val: Any) -> str | None:
    """A value in words, on one line and in ASCII; None if it has none that can be read."""
    if isinstance(val, str):
        line = " ".join(val.split()) or ("blank" if val else "empty")
        return line.encode("ascii", "namereplace").decode() if line.isprintable() else None
    if isinstance(val, PLAIN):
        return str(val)
    if isinstance(val, dict):
        val = [part for pair in val.items() for part in pair]
    if isinstance(val, (list, tuple, set, frozenset)):
        parts = [words(part) for part in val]
        found = [part for part in parts if part is not None]
        line = " ".join(
            found if isinstance(val, (list, tuple)) else sorted(found)
        )  # a set has an order of its own in each process
        return (line or "empty") if len(found) == len(parts) else None
    name = getattr(val, "__name__", "<unnamed>")
    return name if name.isidentifier() else None


def pytest_make_parametrize_id(val: Any, argname: str) -> str:
    """Give a readable id, or ask for one: pytest's own for bytes and objects cannot be read, and may hold the time."""
    line = words(val)
    if line is None:
        pytest.fail(f"expected an id for {argname}, as pytest.param(..., id='...') gives it, got {val!r:.200}", False)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2]}.."
