"""The board as a web application, and a server for it."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from autograder.board import auth, connections
from autograder.board.guard import Guard
from autograder.board.handlers import ReadHandlers, State, WriteHandlers
from autograder.board.page import Pages
from autograder.board.staff import StaffHandlers
from autograder.board.uploads import Rules
from autograder.classroom.store import RecordFault
from autograder.lab import Lab
from smallnets import cli

BACKLOG = 1024  # connections that wait to be accepted


def application(path: Path, lab: Lab, rules: Rules) -> ASGIApp:
    """The board of a lab in a file.

    Raises:
        ValueError: the file is no board of this lab.
    """
    state = State(path, lab, rules)
    reading, writing, of_staff = ReadHandlers(state), WriteHandlers(state), StaffHandlers(state)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        state.hub.start()
        yield
        await run_in_threadpool(state.hub.stop)

    routes = [
        Route("/", reading.board),
        Route("/final", reading.final),
        Route("/events", reading.events),
        Route("/static/{name}", reading.file),
        Route("/sign-in", writing.sign_in, methods=["POST"]),
        Route("/sign-out", writing.sign_out, methods=["POST"]),
        Route("/uploads", writing.upload, methods=["POST"]),
        Route("/uploads/{number}", reading.result),
        Route("/staff", of_staff.page),
        Route("/staff/scores.csv", of_staff.scores),
        Route("/staff/regrade", of_staff.regrade, methods=["POST"]),
        Route("/staff/hide", of_staff.hide, methods=["POST"]),
        Route("/staff/agree", of_staff.agree, methods=["POST"]),
    ]
    # no redirect of /final/ to /final, as that would lead to whatever Host the request names
    inner = Starlette(routes=routes, lifespan=lifespan, exception_handlers=answers_to_errors(state.pages))
    inner.router.redirect_slashes = False
    return Guard(inner, rules.most_bytes)  # outermost, so that our own errors have its headers too


def answers_to_errors(pages: Pages) -> Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
    """The handler of each kind of error; programs get JSON, browsers a page."""

    def answer(request: Request, words: str, code: int, headers: Mapping[str, str] | None) -> Response:
        if auth.is_program(request):
            return JSONResponse({"error": words}, code, headers)
        return HTMLResponse(pages.message("Sorry", words), code, headers)

    async def error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = "There is no such page, or you may not see it." if error.status_code == 404 else error.detail
        return answer(request, words, error.status_code, error.headers)

    async def no_record(request: Request, error: Exception) -> Response:
        cli.complain(error)  # to staff
        words = "The board cannot be read or written at the moment; no upload was accepted. Tell the staff."
        return answer(request, words, 503, {"retry-after": "60"})

    return {HTTPException: error, RecordFault: no_record}


def server(application: ASGIApp, proxy: str = "", files: int = 1024) -> uvicorn.Server:
    """A server to be run on sockets that are bound already, so that it needs no right to bind them.

    Args:
        proxy: the address of a reverse proxy, the only one whose X-Forwarded headers are believed.
        files: that the process may open.
    """
    config = uvicorn.Config(
        application,
        http=connections.protocol(connections.Connections(files, proxy)),
        ws="none",
        log_level="error",  # anyone can cause a warning for each request
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        timeout_graceful_shutdown=2,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)
