"""Read a job's pipes while it runs, each up to its limit."""

import contextlib
import os
import selectors
import time
from typing import IO, Protocol

from autograder.sandbox.outcome import Streams

STREAMS = ("status", "result", "stdout", "stderr")
BLOCK = 2**16
LINGER = 0.5  # seconds for the pipes to close after the job's end; an escaped process may hold them open


class Process(Protocol):
    """A running supervisor, with the methods of `subprocess.Popen`."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


def collect(ours: dict[str, IO[bytes]], most: dict[str, int], process: Process, deadline: float) -> Streams:
    """Read until the job is over; if a pipe exceeds its limit or the deadline passes, end the job.

    Args:
        ours: pipes by name: those of STREAMS, read here, and "control", closed to end the job.
        most: limit of each pipe in bytes; that of "stdout" also holds for stdout and stderr together.
        process: the supervisor.
        deadline: time on the monotonic clock at which to give up on the supervisor.
    """
    got = {name: bytearray() for name in STREAMS}
    over, gone_at = "", 0.0
    with selectors.DefaultSelector() as selector:
        for name in STREAMS:
            os.set_blocking(ours[name].fileno(), False)
            selector.register(ours[name], selectors.EVENT_READ, name)
        while selector.get_map():
            for key, _ in selector.select(0.1):
                _read(selector, key, got[key.data], most[key.data])
            over = over or _too_much(got, most)
            now = time.monotonic()
            if over or now > deadline:
                with contextlib.suppress(OSError):
                    ours["control"].close()
            if process.poll() is not None:
                gone_at = gone_at or now
                if now > gone_at + LINGER:
                    break
            if now > deadline + LINGER:
                break
    ours["control"].close()
    return Streams({name: bytes(memoryview(data)[: most[name]]) for name, data in got.items()}, over)


def _read(selector: selectors.BaseSelector, key: selectors.SelectorKey, data: bytearray, most: int) -> None:
    """Read one block; beyond a pipe's limit, it is dropped."""
    block = os.read(key.fd, BLOCK)
    if not block:
        selector.unregister(key.fileobj)
    elif len(data) <= most:
        data += block


def _too_much(got: dict[str, bytearray], most: dict[str, int]) -> str:
    """The name of a pipe that exceeded its limit, or ""."""
    if len(got["stdout"]) + len(got["stderr"]) > most["stdout"]:
        return "output"
    return next((name for name in ("result", "status") if len(got[name]) > most[name]), "")
