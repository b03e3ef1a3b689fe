"""Limits on connections to the board's server: open files, time for a request to arrive, connections of one address."""

import collections
import resource
import sys
from asyncio import TimerHandle, Transport

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0  # for a request's head, which browsers send at once
BODY_SECONDS = 300.0  # for its body: 16 MB at 0.5 Mbit/s
ENOUGH_FILES = 4096  # for 500 people with the page open, and as many connections that hold nothing but places


def raise_limit() -> int:
    """Let this process open as many files as its hard limit allows; returns that number, and warns if it is low."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 2**16 if hard == resource.RLIM_INFINITY else min(hard, 2**16)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < ENOUGH_FILES:
        words = f"the server may open {most:,} files, so a few hundred connections can keep others out"
        print(f"warning: {words}; raise `ulimit -Hn` to {ENOUGH_FILES:,}", file=sys.stderr)
    return most


class Connections:
    """The open connections, and those of them whose request has not arrived yet.

    Half of the files that the process may open can wait for requests, and half can come from one address. One more
    closes the oldest that waits, of all or of its address: most send their request at once, so connections that only
    hold a place go first. Where none waits, the new one is closed.

    Args:
        files: that the process may open.
        proxy: an address without limits, as everyone's requests come from it.
    """

    def __init__(self, files: int, proxy: str = "") -> None:
        self.most, self.proxy = files // 2, proxy
        self._address: dict[Transport, str] = {}
        self._of_address: collections.Counter[str] = collections.Counter()
        self._waiting: dict[Transport, None] = {}
        self._waiting_of: dict[str, dict[Transport, None]] = {}

    def made(self, transport: Transport, address: str) -> None:
        """A new connection."""
        self._address[transport] = address
        self._of_address[address] += 1
        if address != self.proxy and self._of_address[address] > self.most:
            self._close(next(iter(self._waiting_of.get(address, {})), transport))

    def waits(self, transport: Transport) -> None:
        """A request is to arrive on this connection."""
        if (address := self._address.get(transport)) is None or address == self.proxy:
            return
        self._waiting[transport] = self._waiting_of.setdefault(address, {})[transport] = None
        if len(self._waiting) > self.most:
            self._close(next(iter(self._waiting)))

    def arrived(self, transport: Transport) -> None:
        """The request is there."""
        if transport in self._waiting:
            del self._waiting[transport]
            address = self._address[transport]
            del self._waiting_of[address][transport]
            if not self._waiting_of[address]:
                del self._waiting_of[address]

    def lost(self, transport: Transport) -> None:
        """The connection is closed."""
        self.arrived(transport)
        if (address := self._address.pop(transport, None)) is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def _close(self, transport: Transport) -> None:
        self.lost(transport)  # at once, as many may come before the event loop says so
        transport.abort()


def protocol(connections: Connections) -> type[H11Protocol]:
    """Uvicorn's protocol with these limits; between two requests, uvicorn's own time limit holds."""

    class Limited(H11Protocol):
        timer: TimerHandle | None = None

        def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections.made(transport, self.client[0] if self.client else "")
            self.wait(HEAD_SECONDS)

        def connection_lost(self, exc: Exception | None) -> None:
            self.arrived()
            connections.lost(self.transport)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            before = self.conn.their_state
            super().data_received(data)
            state = self.conn.their_state
            if state is h11.SEND_BODY and before is not h11.SEND_BODY:
                self.wait(BODY_SECONDS)
            elif state not in (h11.IDLE, h11.SEND_BODY):
                self.arrived()
            elif state is h11.IDLE and self.timer is None and self.conn.trailing_data[0]:
                self.wait(HEAD_SECONDS)

        def wait(self, seconds: float) -> None:
            self.arrived()
            self.timer = self.loop.call_later(seconds, self.transport.abort)
            connections.waits(self.transport)

        def arrived(self) -> None:
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None
                connections.arrived(self.transport)

    return Limited
