"""Read what a job sends while it runs, never more than it may."""

import contextlib
import os
import selectors
import time
from typing import IO, Protocol

from autograder.sandbox.outcome import Streams

STREAMS = ("status", "result", "stdout", "stderr")
BLOCK = 2**16
LINGER = 0.5  # seconds in which the pipes must close once all is over; a process that has escaped may hold them


class Process(Protocol):
    """A supervisor that runs, as `subprocess.Popen` has it."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


def collect(ours: dict[str, IO[bytes]], most: dict[str, int], process: Process, deadline: float) -> Streams:
    """Read until the job is over; when a pipe carries too much or the deadline passes, have the job ended.

    Args:
        ours: pipes by name: those of STREAMS, read here, and "control", closed to end the job.
        most: bytes that each may carry; stdout and stderr also together no more than "stdout" may.
        process: the supervisor.
        deadline: on the monotonic clock, when to give the supervisor up.
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
    """Take one block; of a pipe that is over its limit, none is kept."""
    block = os.read(key.fd, BLOCK)
    if not block:
        selector.unregister(key.fileobj)
    elif len(data) <= most:
        data += block


def _too_much(got: dict[str, bytearray], most: dict[str, int]) -> str:
    """The name of a pipe that has carried more than it may, or ""."""
    if len(got["stdout"]) + len(got["stderr"]) > most["stdout"]:
        return "output"
    return next((name for name in ("result", "status") if len(got[name]) > most[name]), "")
