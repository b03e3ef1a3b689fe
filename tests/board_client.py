"""A client of a board for tests: who asks, hands in and signs in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scoreboard import LAB, board, work

pytest.importorskip("starlette", reason="the extra [web] is not installed")
pytest.importorskip("httpx2", reason="the extra [dev] is not installed")
from starlette.testclient import TestClient

from autograder.board import uploads
from autograder.board.app import application
from autograder.board.record import Record
from autograder.lab import Lab

OWN = {"origin": "http://testserver"}  # as a browser says of a form of this site
Bench = tuple[TestClient, Record, dict[str, str]]


def made(folder: Path, lab: Lab = LAB, **chosen: Any) -> Iterator[Bench]:
    with board(folder / "board.sqlite", lab=lab) as (record, tokens):
        app = application(record.path, lab, uploads.rules_of(lab, **chosen))
        with TestClient(app, follow_redirects=False, raise_server_exceptions=True) as client:
            yield client, record, tokens


def hand_in(bench: Bench, who: str, *values: object, **headers: str) -> Any:
    """What comes of an upload by a program."""
    authorization = {"authorization": f"Bearer {bench[2].get(who, who)}", "content-type": "application/zip"}
    return bench[0].post("/uploads", content=work(*values), headers=authorization | headers)


def sign_in(bench: Bench, who: str) -> Any:
    return bench[0].post("/sign-in", data={"token": bench[2].get(who, who)}, headers=OWN)


def get(bench: Bench, url: str, who: str = "", accept: str = "*/*") -> Any:
    return bench[0].get(url, headers={"accept": accept} | ({"authorization": f"Bearer {bench[2][who]}"} if who else {}))


def rows_of(page: str) -> list[list[str]]:
    """The texts of the cells of the ranking."""
    body = page[page.index('<table id="board"') :]
    found = re.findall(r"<tr data-key.*?</tr>", body, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
