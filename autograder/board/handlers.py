"""The answer to each request.

Requests that change something count only from the board's own page or with a token in a header. No path from a client
reaches a file.
"""

import asyncio
import contextlib
import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from autograder.board import auth, live, own, page
from autograder.board.accounts import Person, by_token
from autograder.board.guard import from_own_page
from autograder.board.record import Record, Upload, opened
from autograder.board.report import shown
from autograder.board.uploads import Refused, Rules, accept_upload
from autograder.lab import Lab

MOST_LISTENERS, MOST_FROM_ONE = 3000, 1000  # a lecture hall may share one address
MOST_UPLOADS = 64  # received at once; more are told to try later
UPLOAD_SECONDS = 300.0
UNKNOWN = "This token is not known, or was revoked. Ask the staff for a new one."
IN_MEMORY = 2**20  # bytes of an upload; the rest goes to an unnamed file


class State:
    """State that all handlers of one board share: its file, its rules, the current board, its pages."""

    def __init__(self, path: Path, lab: Lab, rules: Rules) -> None:
        """Raises ValueError if the file is no board of this lab."""
        self.path, self.lab, self.rules = path, lab, rules
        self.hub = live.Hub(path, lab, rules.final)
        self.pages = page.Pages(lab, rules)

    def record(self) -> contextlib.AbstractContextManager[Record]:
        """The file, opened for this thread."""
        return opened(self.path, self.lab)


class ReadHandlers:
    """Handlers of requests that change nothing; those that are no coroutines run in threads."""

    def __init__(self, state: State) -> None:
        self.state, self.static = state, page.static()
        self.listening: Counter[str] = Counter()

    def board(self, request: Request) -> Response:
        """The ranking and, with a token, the person's own uploads."""
        state, board = self.state, self.state.hub.board
        with state.record() as record:
            person = auth.reader(request, record)
            mine = own.own(record, person, board, state.rules, time.time()) if person else None
        given = {"person": person, "own": mine, "live": True}
        sort = request.query_params.get("sort", "place")
        return HTMLResponse(state.pages.board(board, sort, state.rules.final, **given))

    def final(self, request: Request) -> Response:
        """The final ranking; until it is published, only staff see it."""
        with self.state.record() as record:
            person = auth.reader(request, record)
            if not self.state.rules.final and (person is None or person.kind != "staff"):
                raise HTTPException(404)
            board = live.build(record, final=True)
        sort = request.query_params.get("sort", "place")
        return HTMLResponse(self.state.pages.board(board, sort, True, person=person))

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
            async for event in self.state.hub.events(known):
                yield event
        finally:
            self.listening[address] -= 1
            self.listening += Counter()  # drops addresses with no listener

    def result(self, request: Request) -> Response:
        """An upload's own page, for its student and for staff; everyone else gets 404."""
        with self.state.record() as record:
            person, upload = auth.reader(request, record), record.upload(whole(request.path_params["number"]))
            if person is None or upload is None or (person.student != upload.student and person.kind != "staff"):
                raise HTTPException(404)
            report = shown(record, upload, self.state.rules, person.kind == "staff")
            if request.headers.get("accept", "").startswith("application/json"):
                return JSONResponse({"state": upload.state, "report": report and report.plain()})
            notes = {entry.number: entry.note for entry in record.entries(upload.student)}
            words = own.no_place(record.lab, notes.get(upload.id, ""))
            return HTMLResponse(self.state.pages.result(record, upload, report, _number(record, upload), words))

    async def file(self, request: Request) -> Response:
        """A static file, from memory."""
        name = request.path_params["name"]
        if name not in self.static:
            raise HTTPException(404)
        tag = f'"{hashlib.sha256(self.static[name]).hexdigest()[:16]}"'
        headers = {"etag": tag, "cache-control": "public, max-age=60"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(self.static[name], media_type=page.STATIC[name], headers=headers)


class WriteHandlers:
    """Handlers of requests that change something."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.coming = asyncio.Semaphore(MOST_UPLOADS)
        self.taking = anyio.CapacityLimiter(4)  # archives that are in memory at once

    async def sign_in(self, request: Request) -> Response:
        """Store a token in a cookie."""
        if not from_own_page(request):
            raise HTTPException(403, "Send this form from the board's own page.")
        async with request.form(max_files=0, max_fields=5) as form:
            token = str(form.get("token", "")).strip()[: auth.LONGEST]
        if await run_in_threadpool(self._by_token, token) is None:
            raise HTTPException(403, UNKNOWN)
        response = RedirectResponse("/", 303)
        auth.remember(request, response, token)
        return response

    def _by_token(self, token: str) -> Person | None:
        with self.state.record() as record:
            return by_token(record, token) if token else None

    async def sign_out(self, request: Request) -> Response:
        """Forget the token."""
        if not from_own_page(request):
            raise HTTPException(403, "Send this form from the board's own page.")
        response = RedirectResponse("/", 303)
        auth.forget(request, response)
        return response

    async def upload(self, request: Request) -> Response:
        """Accept an archive, from the form or as the whole body with the token in a header."""
        program = bool(auth.bearer(request))
        try:
            try:
                person = await run_in_threadpool(self._may_hand_in, request)  # before any of the body is read
            except Refused:
                await dropped(request)
                raise
            if self.coming.locked():
                raise Refused("Too many uploads come in at once.", 10)
            async with self.coming, asyncio.timeout(UPLOAD_SECONDS), received(request) as content:
                number = await anyio.to_thread.run_sync(self._take, person, content, limiter=self.taking)
        except TimeoutError:
            raise HTTPException(408, "The upload took too long.") from None
        except Refused as error:
            return self._refusal(error, program)
        url = f"/uploads/{number}"
        return JSONResponse({"upload": number, "url": url}, 202) if program else RedirectResponse(url, 303)

    def _may_hand_in(self, request: Request) -> Person:
        with self.state.record() as record:
            person = auth.writer(request, record)
            if person is None:
                words = UNKNOWN if "authorization" in request.headers else "Sign in with your token to hand in."
                raise HTTPException(401, words, {"www-authenticate": "Bearer"})
            self.state.rules.check(record.uploads(person.student), time.time())
            return person

    def _take(self, person: Person, content: IO[bytes]) -> int:
        with self.state.record() as record:
            return accept_upload(record, person, content, self.state.rules)

    def _refusal(self, error: Refused, program: bool) -> Response:
        headers = {"retry-after": str(int(error.wait) + 1)} if error.wait else {}
        code = 429 if error.wait else 400
        if program:
            return JSONResponse({"error": str(error)}, code, headers)
        return HTMLResponse(self.state.pages.message("Not accepted", str(error)), code, headers)


def whole(text: str) -> int:
    """A number in an address; 404 for any other text."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # SQLite's integers have 19 digits
        raise HTTPException(404)
    return int(text)


def _number(record: Record, upload: Upload) -> int:
    """The number of an upload among its student's, counted from 1."""
    return [each.id for each in record.uploads(upload.student)].index(upload.id) + 1


async def dropped(request: Request) -> None:
    """Read a body and drop it: a browser sends all of it before it reads the answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for _ in request.stream():
                pass


@contextlib.asynccontextmanager
async def received(request: Request) -> AsyncIterator[IO[bytes]]:
    """The archive: the form's field `work`, or the whole body if it is no form; raises Refused without one."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=5) as form:
            work = form.get("work")
            if not isinstance(work, UploadFile) or not work.size:
                raise Refused("Choose a zip archive first.")
            yield work.file
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        async for block in request.stream():
            file.write(block)
        if not file.tell():
            raise Refused("Expected a zip archive as the body of the request, got nothing.")
        file.seek(0)
        yield file
