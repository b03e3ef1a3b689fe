"""Rules for every request: strict headers for browsers, limits on size and rate, and the page it comes from."""

import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer, browsers would send no Origin along with forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
SMALL = 10_000  # bytes of a request other than an upload
# requests a second from one address, and in a burst: 500 people in a hall may share one, and a page is 4 requests
RATE, BURST = 50.0, 2500.0
MOST_KNOWN = 10_000  # addresses


class Buckets:
    """A token bucket for each address: a burst of BURST requests, then RATE a second."""

    def __init__(self, rate: float = RATE, burst: float = BURST) -> None:
        self.rate, self.burst = rate, burst
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, cost: float = 1.0) -> bool:
        """Take `cost` from the bucket if that much is left; returns whether it was."""
        now = time.monotonic()
        left, then = self._known.pop(who, (self.burst, now))
        left = min(self.burst, left + (now - then) * self.rate)
        enough = left >= cost
        self._known[who] = (left - cost if enough else left, now)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return enough


class Guard:
    """The outermost layer of the application.

    Args:
        most_bytes: of an upload; every other request may have SMALL.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes
        self.buckets = Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before any of its body is read."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        most = self.most_bytes if scope["path"] == "/uploads" else SMALL
        if not self.buckets.take((scope.get("client") or ("",))[0]):
            answer = PlainTextResponse("Too many requests; wait a little.\n", 429, {"retry-after": "5"})
        elif _announced(scope) > most:
            answer = PlainTextResponse(f"{too_large(most)}\n", 413, {"connection": "close"})
        else:
            return await self.app(scope, _counted(receive, most), with_headers)
        await answer(scope, receive, with_headers)


def too_large(most: int) -> str:
    """The message for a body over the limit."""
    return f"This is too large: expected at most {most:,} bytes."


def _announced(scope: Scope) -> int:
    """The content length that a request announces; 0 without one."""
    length = Headers(scope=scope).get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        return 0
    return int(length) if len(length) < 19 else 10**19


def _counted(receive: Receive, most: int) -> Receive:
    """`receive`, which raises HTTPException once the bodies together are over the limit."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, too_large(most), {"connection": "close"})
        return message

    return counted


def from_own_page(request: Request) -> bool:
    """Whether a browser says that a form was sent from a page of this board, so that its cookie counts.

    Current browsers send Sec-Fetch-Site, older ones Origin; a client that sends neither needs a token in a header.
    """
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")
