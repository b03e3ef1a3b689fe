"""The people of a course, the names that the board shows for them, and the hashes of their tokens."""

import hashlib
import hmac
import secrets
import time
from typing import NamedTuple

from autograder.classroom.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS board_person (
    student TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,         -- of the row on the board: tells nothing
    name TEXT NOT NULL UNIQUE,        -- shown on the board
    kind TEXT NOT NULL CHECK (kind IN ('student', 'baseline', 'staff')),
    token TEXT UNIQUE,                -- its sha256; NULL if revoked
    added REAL NOT NULL
);
"""
FIRST = "Amber Brave Calm Clever Copper Coral Early Eager Gentle Golden Happy Hidden Indigo Ivory Jolly Keen Late Lucky"
FIRST += (
    " Mellow Misty Noble Olive Patient Polar Quick Quiet Rapid Ruby Sandy Silent Silver Steady Sunny Swift Teal Wise"
)
LAST = (
    "Avocet Bittern Curlew Dipper Dunlin Egret Falcon Finch Gannet Godwit Grebe Heron Hoopoe Ibis Jackdaw Kestrel Kite"
)
LAST += " Lapwing Linnet Martin Merlin Nuthatch Oriole Osprey Petrel Pipit Plover Puffin Quail Raven Robin Siskin Snipe"
LAST += " Stork Swallow Tern Thrush Wagtail Wren Wryneck"


class Person(NamedTuple):
    """A person with a token."""

    student: str
    key: str
    name: str
    kind: str


def hashed(token: str) -> str:
    """The hash by which a token is stored; a token has 256 random bits, so one round of a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def add(store: Store, people: list[tuple[str, str, str]]) -> list[tuple[Person, str]]:
    """Add people who are not on the board yet, each with a token, which is shown only once; all or none are added.

    Raises:
        ValueError: another person has that name.
    """
    added = []
    known = {row["student"] for row in store.connection.execute("SELECT student FROM board_person")}
    taken = {row["name"].casefold() for row in store.connection.execute("SELECT name FROM board_person")}
    for student, name, kind in people:
        if student in known:
            continue
        if name.casefold() in taken:
            raise ValueError(f"expected an unused name for {student}, got {name}")
        person = Person(student, secrets.token_hex(4), name or _pseudonym(taken), kind)
        known.add(student)
        taken.add(person.name.casefold())
        added.append((person, secrets.token_urlsafe(32)))
    rows = [(*person, hashed(token), time.time()) for person, token in added]
    with store.transaction():
        store.connection.executemany("INSERT INTO board_person VALUES (?, ?, ?, ?, ?, ?)", rows)
    return added


def _pseudonym(taken: set[str]) -> str:
    """The name of a bird that is still free, with a number when the birds run out."""
    for attempt in range(10_000):
        name = f"{secrets.choice(FIRST.split())} {secrets.choice(LAST.split())}"
        name += f" {attempt}" if attempt > 50 else ""
        if name.casefold() not in taken:
            return name
    raise ValueError("expected fewer than some thousand people on one board")


def new_token(store: Store, student: str) -> str:
    """A new token for a student; the old one stops working. ValueError for an unknown student."""
    token = secrets.token_urlsafe(32)
    _set(store, student, hashed(token))
    return token


def revoke(store: Store, student: str) -> None:
    """Make a student's token stop working; the uploads stay. ValueError for an unknown student."""
    _set(store, student, None)


def _set(store: Store, student: str, token: str | None) -> None:
    done = store.connection.execute("UPDATE board_person SET token = ? WHERE student = ?", (token, student))
    if done.rowcount != 1:
        raise ValueError(f"expected a student of this board, got {student}")


def by_token(store: Store, token: str) -> Person | None:
    """The person who owns a token; None if there is none."""
    wanted = hashed(token)
    row = store.connection.execute(
        "SELECT student, key, name, kind, token FROM board_person WHERE token = ?", (wanted,)
    ).fetchone()
    return Person(*row[:4]) if row and hmac.compare_digest(row["token"], wanted) else None
