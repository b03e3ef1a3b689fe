"""Pages of the board as HTML: complete without scripts, every word from a student escaped."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.board import rows
from autograder.board.declared import deciding
from autograder.board.live import Board
from autograder.board.overview import Member
from autograder.board.record import Record, Upload
from autograder.board.report import Shown
from autograder.board.uploads import Rules
from autograder.lab import Lab
from autograder.reports import html

HERE = Path(__file__).parent
STATIC = {
    "board.css": "text/css; charset=utf-8",
    "board.js": "text/javascript; charset=utf-8",
    "board.svg": "image/svg+xml",
}


def static() -> dict[str, bytes]:
    """The static files of the pages, by name."""
    return {name: (HERE / "static" / name).read_bytes() for name in STATIC}


class Pages:
    """Templates of one board."""

    def __init__(self, lab: Lab, rules: Rules, base: str = "/static/") -> None:
        """`base` is the address of the static files."""
        self.environment = html.environment(HERE / "templates")
        self.environment.globals |= {
            "lab": lab,
            "rules": rules,
            "capital": rows.capital,
            "clock": rows.clock,
            "hour": rows.hour,
            "moment": rows.moment,
            "span": rows.span,
            "now": time.time,
            "zone": rows.zone,
            "iso": rows.iso,
            "number": rows.number_text,
            "infinite": math.inf,
        }
        self.environment.filters["number"] = rows.number_text
        self.lab, self.rules, self.base = lab, rules, base

    def board(self, board: Board, sort: str, final: bool, **more: Any) -> str:
        """The page with the ranking.

        Args:
            sort: see `rows.arranged`.
            final: ranked by the column that decides in the end.
            more: `person`, the result of `own.own`, `live`, `names` (of files by sort,
                for the export).
        """
        lines, sort = rows.arranged(board.lines, board.heads, sort)
        given = {"person": None, "own": None, "live": False, "names": None} | more
        column, numbers = deciding(self.lab, final), self.lab.ranking.rules if self.lab.ranking else ()
        given["needed"] = [check for check in self.lab.checks if check.number in numbers]
        at = {line.key: at for at, line in enumerate(board.lines)}
        return self._render(
            "board.html", board=board, lines=lines, at=at, sort=sort, final=final, column=column, **given
        )

    def result(self, record: Record, upload: Upload, report: Shown | None, number: int, no_place: str) -> str:
        """An upload's own page; `number` is its place among the student's uploads, `no_place` says why it has none."""
        given = {"number_of": number, "waiting": record.waiting(), "no_place": no_place}
        return self._render("result.html", upload=upload, report=report, **given)

    def staff(self, members: Sequence[Member], **more: Any) -> str:
        """The staff's page; `more` is the `queue` and the `same` files."""
        return self._render("staff.html", members=members, column=deciding(self.lab, self.rules.final), **more)

    def message(self, title: str, words: str) -> str:
        """A page that says one thing."""
        return self._render("message.html", title=title, words=words)

    def _render(self, name: str, **values: Any) -> str:
        return self.environment.get_template(name).render(base=self.base, **values)


def sorts(heads: Sequence[rows.Head]) -> list[str]:
    """All sort orders of a board."""
    return ["place", *(f"{sign}{head.key}" for head in heads[1:] for sign in ("", "-"))]
