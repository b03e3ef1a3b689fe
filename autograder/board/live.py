"""The current board: a thread follows the record and sends every change to all listeners."""

import asyncio
import dataclasses
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

from autograder.board import ranking, rows
from autograder.board.record import Record, opened
from autograder.lab import Lab
from smallnets import cli

LOOK = 0.02  # seconds between polls of the record, each of which takes some microseconds
PAUSE = 0.5  # least seconds between two boards
ALIVE = 15.0  # seconds after which a silent connection gets a comment, as proxies drop silent ones


@dataclasses.dataclass(frozen=True)
class Board:
    """All that everyone may see, at one moment."""

    version: int
    heads: tuple[rows.Head, ...]
    lines: tuple[rows.Line, ...]
    waiting: int
    updated: float
    students: int = 0  # of the course, without those that are hidden

    @property
    def taking_part(self) -> int:
        """The number of students who have a row."""
        return sum(line.kind != "baseline" for line in self.lines)

    def event(self, since: "Board | None" = None) -> bytes:
        """This board as a server-sent event. Changed rows only; 0 marks an unchanged cell. No `since`: all rows."""
        known = {line.key: line for line in since.lines} if since else {}
        data = {
            "rows": [_changes(line, known.get(line.key)) for line in self.lines if known.get(line.key) != line],
            "order": [line.key for line in self.lines],
            "waiting": self.waiting,
            "taking": self.taking_part,
            "updated": rows.clock(self.updated),
            "time": rows.iso(self.updated),
        }
        return f"id: {self.version}\nevent: board\ndata: {json.dumps(data)}\n\n".encode()


def _changes(line: rows.Line, before: rows.Line | None) -> rows.Line | tuple[str, str, list[rows.Cell | int]]:
    if before is None:
        return line
    pairs = zip(line.cells, before.cells, strict=True)
    return line.key, line.kind, [0 if cell == old else cell for cell, old in pairs]


def build(record: Record, final: bool, version: int = 0) -> Board:
    """The board from the record."""
    lab = record.lab
    ranked = ranking.ranked(lab, record.entries(), final)
    lines = tuple(rows.line(lab, row, final) for row in ranked)
    return Board(version, tuple(rows.heads(lab, final)), lines, record.waiting(), time.time(), record.students())


class Hub:
    """Follows a file and wakes the listeners.

    `board` is the latest board; `parts` are its two events: the changes since the board before, and all of it.

    Versions start at a random number, so that those from before a restart never come again, whatever the clock says.
    """

    def __init__(self, path: Path, lab: Lab, final: bool) -> None:
        """Read the file once. Raises ValueError if it is no board of this lab."""
        self.path, self.lab, self.final = path, lab, final
        with opened(path, lab) as record:
            record.refresh()
            self.board = self._built = build(record, final, secrets.randbits(60))
        self.parts = (b"", self.board.event())
        self._changed = asyncio.Event()
        self._stop = threading.Event()

    def start(self) -> None:
        """Start to follow the file; called in the event loop."""
        loop = asyncio.get_running_loop()
        self.thread = threading.Thread(target=self._follow, args=(loop,), name="board", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop following the file, and end every listener's stream."""
        self._stop.set()
        self._wake()
        self.thread.join()

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow until told to stop: a failure is reported once and tried again."""
        said = ""
        while not self._stop.is_set():
            try:
                with opened(self.path, self.lab) as record:
                    self._look(record, loop)
            except (ValueError, OSError) as error:  # a full disk, a damaged report
                if said != str(error):
                    cli.complain(error)
                said = str(error)
                self._stop.wait(PAUSE)

    def _look(self, record: Record, loop: asyncio.AbstractEventLoop) -> None:
        version = -1
        while not self._stop.wait(LOOK):
            if (now := record.version()) == version:
                continue
            record.refresh()
            board, last = build(record, self.final, self._built.version + 1), self._built
            version = now  # nothing below this line can fail and need a second try
            if (board.lines, board.waiting, board.students) == (last.lines, last.waiting, last.students):
                continue
            self._built = board
            loop.call_soon_threadsafe(self._publish, board, (board.event(last), board.event()))
            self._stop.wait(PAUSE)

    def _publish(self, board: Board, parts: tuple[bytes, bytes]) -> None:
        self.board, self.parts = board, parts
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def events(self, seen: int) -> AsyncIterator[bytes]:
        """Server-sent events for a listener who has seen a version; after a gap, the whole latest board."""
        yield b"retry: 3000\n\n"
        while not self._stop.is_set():
            changed = self._changed
            if self.board.version == seen:
                try:
                    async with asyncio.timeout(ALIVE):
                        await changed.wait()
                except TimeoutError:
                    yield b": alive\n\n"
                continue
            yield self.parts[0 if self.board.version == seen + 1 else 1]
            seen = self.board.version
