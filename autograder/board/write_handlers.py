"""Requests that change something: signing in and out, and handing in. Other sites cannot have them sent."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from typing import IO

import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from autograder.board import auth
from autograder.board.accounts import Person, by_token
from autograder.board.guard import from_own_page
from autograder.board.rules import Refused
from autograder.board.state import Shared
from autograder.board.upload import take

MOST_UPLOADS = 64  # that come in at once; more are told to come again
UPLOAD_SECONDS = 300.0
IN_MEMORY = 2**20  # bytes of an upload; the rest waits in a file without a name


class Writing:
    """Handlers."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.coming = asyncio.Semaphore(MOST_UPLOADS)
        self.taking = anyio.CapacityLimiter(4)  # archives that are in memory at once

    async def sign_in(self, request: Request) -> Response:
        """Remember a token in a cookie."""
        if not from_own_page(request):
            raise HTTPException(403, "This form has to be sent from the board's own page.")
        async with request.form(max_files=0, max_fields=5) as form:
            token = str(form.get("token", "")).strip()[: auth.LONGEST]
        if await run_in_threadpool(self._by_token, token) is None:
            raise HTTPException(403, "This token is not known, or was revoked. Ask the staff for a new one.")
        response = RedirectResponse("/", 303)
        auth.remember(request, response, token)
        return response

    def _by_token(self, token: str) -> Person | None:
        with self.shared.record() as record:
            return by_token(record, token) if token else None

    async def sign_out(self, request: Request) -> Response:
        """Forget the token."""
        if not from_own_page(request):
            raise HTTPException(403, "This form has to be sent from the board's own page.")
        response = RedirectResponse("/", 303)
        auth.forget(request, response)
        return response

    async def upload(self, request: Request) -> Response:
        """Take an archive: from the form, or as the whole body with the token in a header."""
        program = bool(auth.bearer(request))
        try:
            try:
                person = await run_in_threadpool(self._may_hand_in, request)  # before anything of the body is read
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
        with self.shared.record() as record:
            person = auth.writer(request, record)
            if person is None:
                raise HTTPException(401, "Sign in with your token to hand in.", {"www-authenticate": "Bearer"})
            self.shared.rules.check(record.uploads(person.student), time.time())
            return person

    def _take(self, person: Person, content: IO[bytes]) -> int:
        with self.shared.record() as record:
            return take(record, person, content, self.shared.rules)

    def _refusal(self, error: Refused, program: bool) -> Response:
        headers = {"retry-after": str(int(error.wait) + 1)} if error.wait else {}
        code = 429 if error.wait else 400
        if program:
            return JSONResponse({"error": str(error)}, code, headers)
        return HTMLResponse(self.shared.pages.message("Not taken", str(error)), code, headers)


async def dropped(request: Request) -> None:
    """Read a student's body to nowhere: a browser sends all of it before it looks at the answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for _ in request.stream():
                pass


@contextlib.asynccontextmanager
async def received(request: Request) -> AsyncIterator[IO[bytes]]:
    """The archive in the form's field `work`, or the whole body if it is no form; raises Refused if there is none."""
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
