"""An entry of a submission, a folder or an archive, before intake."""

import dataclasses
import functools
import operator
import os
from collections.abc import Callable, Iterator


def flags(*names: str) -> int:
    """Flags of `os.open` by their names, as far as this system has them."""
    return functools.reduce(operator.or_, (getattr(os, name, 0) for name in names), os.O_RDONLY)


# follow no link, wait for no pipe
FLAGS = flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
BLOCK = 2**16


class Refused(Exception):
    """A file is refused, others may be accepted; the text has the form "expected ..., got ..."."""


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
