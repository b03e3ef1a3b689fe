"""Requests that change nothing: the board, its updates, an upload's own page. No path from a client reaches a file."""

import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from autograder.board import auth, live, page
from autograder.board.record import Upload
from autograder.board.report import shown
from autograder.board.state import Shared

MOST_LISTENERS, MOST_FROM_ONE = 3000, 1000  # a lecture hall may share one address


class Reading:
    """Handlers. Those that are no coroutines run in threads."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.static = shared, page.static()
        self.listening: Counter[str] = Counter()

    def board(self, request: Request) -> Response:
        """The ranking and, for who has a token, their own uploads."""
        shared, board = self.shared, self.shared.hub.board
        with shared.record() as record:
            person = auth.reader(request, record)
            own = page.own(record, person, board, shared.rules, time.time()) if person else None
        sort = request.query_params.get("sort", "place")
        return HTMLResponse(shared.pages.board(board, sort, shared.rules.final, person=person, own=own, live=True))

    def final(self, request: Request) -> Response:
        """The final ranking, for staff before it is for everyone."""
        with self.shared.record() as record:
            person = auth.reader(request, record)
            if not self.shared.rules.final and (person is None or person.kind != "staff"):
                raise HTTPException(404)
            board = live.build(record, final=True)
        sort = request.query_params.get("sort", "place")
        return HTMLResponse(self.shared.pages.board(board, sort, True, person=person))

    async def events(self, request: Request) -> Response:
        """Server-sent events, one for each new board."""
        address = request.client.host if request.client else ""
        if self.listening.total() >= MOST_LISTENERS or self.listening[address] >= MOST_FROM_ONE:
            raise HTTPException(503, "Too many pages listen at once.", {"retry-after": "30"})
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        known = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 20 else -1
        headers = {"x-accel-buffering": "no", "cache-control": "no-store"}  # the first is for nginx
        return StreamingResponse(self._events(address, known), media_type="text/event-stream", headers=headers)

    async def _events(self, address: str, known: int) -> AsyncIterator[bytes]:
        self.listening[address] += 1
        try:
            async for event in self.shared.hub.events(known):
                yield event
        finally:
            self.listening[address] -= 1
            self.listening += Counter()  # forgets addresses of nobody

    def result(self, request: Request) -> Response:
        """An upload's own page, for its student and for staff; for everybody else there is none."""
        with self.shared.record() as record:
            person, upload = auth.reader(request, record), record.upload(_whole(request.path_params["number"]))
            if person is None or upload is None or (person.student != upload.student and person.kind != "staff"):
                raise HTTPException(404)
            report = shown(record, upload, self.shared.rules, person.kind == "staff")
            if request.headers.get("accept", "").startswith("application/json"):
                return JSONResponse({"state": upload.state, "report": report and report.plain()})
            return HTMLResponse(self.shared.pages.result(record, upload, report, _number(record, upload)))

    async def file(self, request: Request) -> Response:
        """A file of the page, out of memory."""
        name = request.path_params["name"]
        if name not in self.static:
            raise HTTPException(404)
        tag = f'"{hashlib.sha256(self.static[name]).hexdigest()[:16]}"'
        headers = {"etag": tag, "cache-control": "public, max-age=60"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(self.static[name], media_type=page.STATIC[name], headers=headers)


def _whole(text: str) -> int:
    """A number from an address; 404 for anything that can be none of ours."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # as many digits as SQLite counts
        raise HTTPException(404)
    return int(text)


def _number(record: live.Record, upload: Upload) -> int:
    """The how manyth of its student an upload is."""
    return [each.id for each in record.uploads(upload.student)].index(upload.id) + 1
