"""The staff's page and what can be decided there; to everyone else these addresses do not exist."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from autograder.board import auth, decisions, export, overview
from autograder.board.accounts import Person
from autograder.board.handlers import State, whole
from autograder.board.record import Record

Act = Callable[[Record, str, bool], str]


class StaffHandlers:
    """Handlers of requests by staff."""

    def __init__(self, state: State) -> None:
        self.state = state

    def page(self, request: Request) -> Response:
        """Everyone by name, with uploads, scores and reports; the queue; equal files."""
        with self.state.record() as record:
            expect_staff(auth.reader(request, record))
            members = overview.members(record, self.state.rules.final)
            given = {"queue": overview.queue(record), "same": decisions.same_files(record)}
        return HTMLResponse(self.state.pages.staff(members, **given))

    def scores(self, request: Request) -> Response:
        """The CSV for the gradebook, as `--points` writes it."""
        with self.state.record() as record:
            expect_staff(auth.reader(request, record))
            text, _ = export.points_text(record)
        named = {"content-disposition": f'attachment; filename="{record.lab.name}-scores.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=named)

    async def regrade(self, request: Request) -> Response:
        """Grade an upload again, and all with the same files."""
        return await self._decide(request, "upload", _regrade)

    async def hide(self, request: Request) -> Response:
        """Take a student's row off the board, or show it again."""
        return await self._decide(request, "student", _hide)

    async def agree(self, request: Request) -> Response:
        """Let all who handed in the same files have a place, or only the earliest."""
        return await self._decide(request, "files", _agree)

    async def _decide(self, request: Request, field: str, act: Act) -> Response:
        """Do what a form asks: its field names upload, student or files; `undo` takes a decision back."""
        async with request.form(max_files=0, max_fields=5) as form:
            value, undo = str(form.get(field, "")), "undo" in form
        return await run_in_threadpool(self._decided, request, act, value, undo)

    def _decided(self, request: Request, act: Act, value: str, undo: bool) -> Response:
        with self.state.record() as record:
            expect_staff(auth.writer(request, record))
            try:
                anchor = act(record, value, undo)
            except ValueError as error:
                raise HTTPException(400, f"{error}.") from error
        return RedirectResponse(f"/staff#{anchor}", 303)


def expect_staff(person: Person | None) -> None:
    """Raise 404 for everyone but staff."""
    if person is None or person.kind != "staff":
        raise HTTPException(404)


def _regrade(record: Record, value: str, undo: bool) -> str:
    upload = record.upload(whole(value))
    if upload is None:
        raise HTTPException(404)
    decisions.regrade(record, upload.sha256)
    return "queue"


def _hide(record: Record, value: str, undo: bool) -> str:
    decisions.hide(record, value, not undo)
    return "students"


def _agree(record: Record, value: str, undo: bool) -> str:
    decisions.agree(record, value, not undo)
    return "same"
