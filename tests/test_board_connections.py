"""Connections that only hold a place do not keep others from the board."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scoreboard import LAB, board

pytest.importorskip("uvicorn", reason="the extra [web] is not installed")
from autograder.board import app, connections, uploads

FILES = 200  # so 100 requests may be on their way, and 100 connections of one address open
HALF = b"GET / HTTP/1.1\r\nHost: board\r\nX-A: "
HALF_BODY = (
    b"POST /sign-in HTTP/1.1\r\nHost: board\r\nOrigin: http://board\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="
)
WHOLE = b"GET / HTTP/1.1\r\nHost: board\r\n\r\n"
STREAM = b"GET /events HTTP/1.1\r\nHost: board\r\n\r\n"
Connect = Callable[..., socket.socket]


@pytest.fixture
def connect(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Connect]:
    """(bytes to send, own address) -> a connection to a board in this process."""
    opened = contextlib.ExitStack()
    with board(tmp_path / "board.sqlite") as (record, _), socket.create_server(("127.0.0.1", 0)) as listening, opened:
        proxy = getattr(request, "param", "")
        running = app.server(app.application(record.path, LAB, uploads.rules_of(LAB)), proxy, FILES)
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()

        def connected(sent: bytes, own: str = "127.0.0.1") -> socket.socket:
            made = opened.enter_context(socket.create_connection(listening.getsockname(), 10, (own, 0)))
            made.sendall(sent)
            return made

        yield connected
        opened.close()
        running.should_exit = True
        thread.join()


def answer(connection: socket.socket) -> bytes:
    """The status line, b"" of a connection that the server has closed."""
    try:
        return connection.recv(12)
    except ConnectionError:
        return b""


def whole_answer(connection: socket.socket) -> http.client.HTTPResponse:
    """An answer with its body, which leaves the connection open."""
    found = http.client.HTTPResponse(connection)
    found.begin()
    found.read()
    return found


@pytest.mark.parametrize("begun", [HALF, HALF_BODY], ids=["head", "body"])
@pytest.mark.parametrize("addresses", [1, 150], ids=["one_address", "many_addresses"])
def test_a_page_is_served_beside_many_requests_that_never_arrive(
    connect: Connect, begun: bytes, addresses: int
) -> None:
    held = [connect(begun, f"127.0.0.{2 + i % addresses}") for i in range(150)]
    assert answer(connect(WHOLE)) == b"HTTP/1.1 200"
    assert answer(held[0]) == b""  # the oldest are closed
    held[-1].settimeout(0.05)
    with pytest.raises(TimeoutError):
        held[-1].recv(1)  # the latest may still arrive


def test_one_address_cannot_have_every_connection(connect: Connect) -> None:
    held = [connect(STREAM, "127.0.0.2") for _ in range(FILES // 2 + 20)]
    assert [answer(each) == b"" for each in held].count(True) == 20
    assert answer(connect(WHOLE)) == b"HTTP/1.1 200"


@pytest.mark.parametrize("connect", ["127.0.0.2"], indirect=True, ids=["proxy"])
def test_a_proxy_may_have_every_connection(connect: Connect) -> None:
    held = [connect(STREAM, "127.0.0.2") for _ in range(FILES // 2 + 20)]
    assert {answer(each) for each in held} == {b"HTTP/1.1 200"}


def test_a_request_that_does_not_arrive_in_time_is_ended(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    for begun in (b"", HALF, HALF_BODY):
        assert answer(connect(begun)) == b""
    again = connect(WHOLE)  # and the second request of a connection
    assert whole_answer(again).status == 200
    again.sendall(HALF)
    assert answer(again) == b""


def test_a_body_may_take_longer_than_a_head(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    slow = connect(HALF_BODY)
    time.sleep(0.6)
    slow.sendall(b"x" * 994)
    assert answer(slow).startswith(b"HTTP/1.1 4")  # no such token, or not from the board's page


def test_requests_one_after_the_other_on_a_connection_are_answered(connect: Connect) -> None:
    connection = connect(b"")
    for _ in range(3):
        connection.sendall(WHOLE)
        assert whole_answer(connection).status == 200


def test_whoever_follows_the_board_stays_connected_beside_requests_that_never_arrive(connect: Connect) -> None:
    stream = connect(STREAM)
    assert answer(stream) == b"HTTP/1.1 200"
    for i in range(150):
        connect(HALF, f"127.0.0.{2 + i}")
    assert answer(connect(WHOLE)) == b"HTTP/1.1 200"
    stream.settimeout(0.2)
    with pytest.raises(TimeoutError):  # no end, once what has come is read
        while stream.recv(2**16):
            pass
