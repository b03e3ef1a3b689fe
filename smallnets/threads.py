"""The number of threads of torch and numpy's BLAS while a driver runs: one, unless the user says otherwise.

Several threads wait for each other at the end of every operation, spinning. Where another program holds one of two
cores, the wait is many times longer than the work. And sums that are split among threads are rounded differently, so
with one thread figures do not depend on how many cores there are.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

from smallnets import cli

CHOSEN_BY = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # torch reads both when it starts
# python -m records.threads; the figures are in records/RECORDS.md
GAIN = (
    "On two idle cores, two threads take about half to three quarters of the time; if one core is busy, twice the time"
)
MOST = 1024  # far above what helps; OpenMP breaks off the process where it cannot start as many as it is asked for


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --threads, None where it is left out."""
    text = f"of torch and numpy; left out: what {' or '.join(CHOSEN_BY)} says, else 1. {GAIN}"
    parser.add_argument("--threads", type=cli.whole_number(1, MOST), metavar="N", help=text)


@contextmanager
def limited(number: int | None) -> Iterator[None]:
    """Let torch, if it is imported by now, and numpy's BLAS use `number` threads, and put both back at the end.

    Args:
        number: None leaves both as they are where the environment has chosen, and else means one.
    """
    if number is None and any(os.environ.get(name) for name in CHOSEN_BY):
        yield
        return
    number, torch = number or 1, sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    with threadpool_limits(number):
        if torch is not None:
            torch.set_num_threads(number)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


def applied(run: Callable[..., int]) -> Callable[..., int]:
    """`run` with as many threads as its last argument, a parsed command line with --threads, asks for."""

    @functools.wraps(run)
    def wrapper(*args: Any) -> int:
        with limited(args[-1].threads):
            return run(*args)

    return wrapper
