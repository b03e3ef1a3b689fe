"""The sender of a request, known by a token in a header, or in a cookie that other sites cannot make browsers send."""

from starlette.requests import Request
from starlette.responses import Response

from autograder.board.accounts import Person, by_token
from autograder.board.guard import from_own_page
from autograder.board.record import Record

COOKIE, LONGEST = "board_token", 200
YEAR = 365 * 24 * 3600


def bearer(request: Request) -> str:
    """The token of an Authorization header; "" without."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:LONGEST] if kind.lower() == "bearer" else ""


def is_program(request: Request) -> bool:
    """Whether a program asks, such as curl, which wants no HTML; browsers name it first of all."""
    return "authorization" in request.headers or "text/html" not in request.headers.get("accept", "")


def reader(request: Request, record: Record) -> Person | None:
    """The person who asks to see something; None without a valid token."""
    token = bearer(request) or request.cookies.get(_name(request), "")[:LONGEST]
    return by_token(record, token) if token else None


def writer(request: Request, record: Record) -> Person | None:
    """The person who asks to change something; a cookie counts only from a page of this board."""
    return reader(request, record) if bearer(request) or from_own_page(request) else None


def remember(request: Request, response: Response, token: str) -> None:
    """Set a cookie that scripts cannot read and other sites cannot use."""
    response.set_cookie(
        _name(request), token, max_age=YEAR, httponly=True, samesite="strict", secure=_secure(request), path="/"
    )


def forget(request: Request, response: Response) -> None:
    """Delete the cookie."""
    response.delete_cookie(_name(request), httponly=True, samesite="strict", secure=_secure(request), path="/")


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _name(request: Request) -> str:
    # with this prefix no other host of the same domain can set it
    return f"__Host-{COOKIE}" if _secure(request) else COOKIE
