"""The message that a job returns: arrays of known shape and texts of limited length, always the same size in bytes.

Both ends import this file: the grader, and the runner inside the sandbox. `unpack` may return any values that fit the
layout, as a job can write a message without `pack`.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.text import cut


@dataclasses.dataclass(frozen=True)
class Array:
    """An array of a plain numeric dtype, such as "<f4", and a fixed shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True)
class Blob:
    """Up to `size` bytes."""

    name: str
    size: int


Layout = Sequence[Array | Blob]
MOST_TEXT = 2_000  # characters of one text; a check shows no more of several
LENGTH = np.dtype("<i8")  # before each part: its length in bytes, or -1 if it was left out


def message_bytes(layout: Layout) -> int:
    """The size of a message."""
    return sum(LENGTH.itemsize + part.size for part in layout)


def pack(layout: Layout, values: Mapping[str, NDArray | bytes]) -> bytes:
    """The message with these values; missing ones are left out, and unpack as None.

    Raises:
        ValueError: an array of another shape, a blob that is too long, or a name that is not in the layout.
    """
    if unknown := set(values) - {part.name for part in layout}:
        raise ValueError(f"expected values named in the layout, got {sorted(unknown)}")
    pieces = []
    for part in layout:
        value = values.get(part.name)
        if isinstance(part, Array) and value is not None:
            array = np.asarray(value)
            if array.shape != part.shape:
                raise ValueError(f"expected {part.name} of shape {list(part.shape)}, got {list(array.shape)}")
            value = array.astype(part.dtype).tobytes()
        data = b"" if value is None else bytes(value)
        if len(data) > part.size:
            raise ValueError(f"expected at most {part.size} bytes of {part.name}, got {len(data)}")
        length = np.array(-1 if value is None else len(data), LENGTH)
        pieces += [length.tobytes(), data, bytes(part.size - len(data))]
    return b"".join(pieces)


def unpack(layout: Layout, message: bytes) -> dict[str, Any]:
    """Arrays and bytes by name, None for parts that were left out.

    Raises:
        ValueError: a message of another size, or lengths that do not fit the layout.
    """
    if len(message) != message_bytes(layout):
        raise ValueError(f"expected a message of {message_bytes(layout)} bytes, got {len(message)}")
    values: dict[str, Any] = {}
    start = 0
    for part in layout:
        length = int(np.frombuffer(message, LENGTH, 1, start)[0])
        start += LENGTH.itemsize
        allowed = length == part.size if isinstance(part, Array) else 0 <= length <= part.size
        if length != -1 and not allowed:
            raise ValueError(f"expected up to {part.size} bytes of {part.name}, got a length of {length}")
        values[part.name] = None
        if length != -1:
            data = message[start : start + length]
            values[part.name] = np.frombuffer(data, part.dtype).reshape(part.shape) if isinstance(part, Array) else data
        start += part.size
    return values


def texts(data: bytes | None) -> dict[str, str]:
    """The texts of a JSON object, each cut to MOST_TEXT characters; unsafe ones may be among them.

    Raises:
        ValueError: anything else than an object of texts, or nothing.
    """
    found = parsed(data)
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError("expected a JSON object of texts, got other JSON")
    return {name: cut(text, MOST_TEXT) for name, text in found.items()}


def parsed(data: bytes | None) -> Any:
    """JSON from a job as plain data.

    Raises:
        ValueError: it is none, or it was left out.
    """
    try:
        return json.loads(data or b"")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON, got a {type(error).__name__}") from None
