"""How far a command is: a bar on a terminal, lines in a file or pipe."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def shown(total: int, label: str, unit: str) -> Iterator[Callable[[int, str, str], None]]:
    """A function that shows how many of `total` are done, a label for the bar, and a line for a file.

    The bar is on stderr, if that is a terminal; the lines are on stdout, unless both are, and none is held back.
    """
    from tqdm import tqdm  # not needed by the other commands

    terminal = sys.stderr.isatty()
    bar: Any = tqdm(total=total, desc=label, unit=unit, dynamic_ncols=True, smoothing=0.1, leave=False,
                    disable=not terminal)  # fmt: skip

    def show(done: int, label: str, line: str) -> None:
        bar.set_description(label, refresh=False)
        bar.update(done - bar.n)
        bar.refresh()
        if line and not (terminal and sys.stdout.isatty()):
            print(line, flush=True)

    with bar:
        yield show
