"""A board for tests: a toy lab whose submissions say what they are worth, and a grader that believes them."""

import contextlib
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.board import accounts
from autograder.board.record import Record
from autograder.lab import Check, Column, Graded, HandIn, Lab, Ranking, Report, Run, Verdict
from autograder.reports import text_report

RANKING = Ranking(
    column="accuracy", points=(10, 9, 8), late=4, baseline=0.5, final="final accuracy", step=0.01, tells=("1.2",),
    chance=0.1, cool_down=0.0,
)  # fmt: skip


def no_value(run: Run) -> float | None:
    raise AssertionError("nothing is graded here")


def no_verdict(run: Run) -> Verdict:
    raise AssertionError("nothing is graded here")


LAB = Lab(
    name="toy",
    title="A toy with a board",
    hand_in=(HandIn("answer.txt", most_bytes=1000),),
    load=lambda staff, seed: (None, ""),
    steps=(),
    checks=(Check("1.1", "it runs", 4, (), no_verdict), Check("1.2", "accuracy", 6, (), no_verdict)),
    columns=(Column("accuracy", (), no_value, images=500), Column("final accuracy", (), no_value, images=500)),
    ranking=RANKING,
)


def work(*values: object) -> bytes:
    """A zip of a submission that claims these values: accuracy, final accuracy, and words for its report."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        # always of the same date, so that equal works are equal archives
        archive.writestr(zipfile.ZipInfo("answer.txt"), " ".join(map(str, values)))
    return out.getvalue()


def grade_all(record: Record, fault: str = "") -> int:
    """Grade what waits as it claims; returns how many jobs that were."""
    done = 0
    while job := record.claim():
        if fault:
            while record.record_fault(job.key, fault, time.time()):
                record.claim()
        else:
            content = record.content(job.sha256)
            assert isinstance(content, bytes)
            record.finish(job.key, graded(content), time.time())
        done += 1
    return done


def graded(content: bytes) -> dict[str, Any]:
    """The report of a submission."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, last, *words = archive.read("answer.txt").decode().split(" ")
    if first == "broken":  # nothing came of the step, so there is no value
        failed = Graded("1.2", "accuracy", 0, 6, " ".join(words), "exception")
        return text_report.plain(Report("toy", "", (Graded("1.1", "it runs", 0, 4, "see 1.2", "exception"), failed)))
    runs = Graded("1.1", "it runs", 4, 4, "")
    right = Graded("1.2", "accuracy", round(6 * float(first), 2), 6, f"{first} {' '.join(words)}", "wrong result")
    columns = (("accuracy", float(first), "high"), ("final accuracy", float(last), "high"))
    return text_report.plain(Report("toy", "notes on the files", (runs, right), columns, 0.1))


@contextlib.contextmanager
def board(path: Path, students: int = 3, lab: Lab = LAB) -> Iterator[tuple[Record, dict[str, str]]]:
    """A record with students s1, s2, ... called Bird 1 and so on, and `boss` of the staff; and their tokens."""
    record = Record(path, lab)
    roster = [(f"s{k}", f"Bird {k}", "student") for k in range(1, students + 1)]
    added = accounts.add(record, [*roster, ("boss", "The boss", "staff"), ("ours", "our solution", "baseline")])
    try:
        yield record, {person.student: token for person, token in added}
    finally:
        record.close()
