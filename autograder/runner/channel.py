"""Inside the sandbox: read the grader's arrays, return a message.

Nothing here is a defence: students' code shares the process and may write any message.
"""

import io
import json
import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.runner.protocol import MOST_TEXT, Layout, pack
from autograder.sandbox.fds import INPUT_FD, RESULT_FD
from autograder.text import cut


def read_arrays() -> dict[str, NDArray]:
    """The arrays that the grader sent."""
    with open(INPUT_FD, "rb", closefd=False) as file, np.load(io.BytesIO(file.read()), allow_pickle=False) as arrays:
        return dict(arrays)


def hand_back(layout: Layout, values: Mapping[str, NDArray | bytes], problems: Mapping[str, str]) -> None:
    """Write the message; its part "problems" is the JSON text of the problems, each cut if needed."""
    room, most = next(part.size for part in layout if part.name == "problems"), MOST_TEXT
    while len(written := as_json(problems, most)) > room and most:
        most //= 2  # many problems, or characters that JSON writes as six
    data = memoryview(pack(layout, {**values, "problems": written}))
    while data:
        data = data[os.write(RESULT_FD, data) :]


def as_json(texts: Mapping[str, str], most: int) -> bytes:
    """A JSON object of the texts, of which those over `most` characters lose their middle."""
    return json.dumps({name: cut(text, most) for name, text in texts.items()}).encode()
