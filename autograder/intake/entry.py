"""An entry of a submission, a folder or an archive, before intake."""

import dataclasses
import functools
import operator
import os
from collections.abc import Callable, Iterator

from autograder.lab import HandIn


def flags(*names: str) -> int:
    """Flags of `os.open` by their names, as far as this system has them."""
    return functools.reduce(operator.or_, (getattr(os, name, 0) for name in names), os.O_RDONLY)


# follow no link, wait for no pipe
FLAGS = flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
BLOCK = 2**16


class Refused(Exception):
    """A file is refused, others may be accepted; the text has the form "expected ..., got ..."."""


def too_large(wanted: HandIn, size: int) -> str:
    """The refusal of a file of more bytes than it may have, in the form "expected ..., got ..."."""
    most = wanted.most_bytes
    limit = f"{most // 1024:,} KB" if most % 1024 == 0 else f"{most:,} bytes"
    kind = " of source" if wanted.name.endswith(".py") else ""
    advice = "; save the net's state_dict() alone" if wanted.opened_by else ""
    return f"expected at most {limit}{kind}, got {size:,} bytes in {wanted.name}{advice}"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file of a submission, or something else than a folder that has a name there.

    Args:
        path: from the top of the submission, with forward slashes.
        size: its stated size in bytes; that of `blocks` may differ.
        blocks: opens it and yields its bytes. Refused: not a regular file. ValueError: the submission is damaged.
    """

    path: str
    size: int
    blocks: Callable[[], Iterator[bytes]]
