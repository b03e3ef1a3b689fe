"""The report for people on a terminal, and for programs as plain data."""

import dataclasses
import json
import subprocess
import sys
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from autograder.lab import Graded, Report, Visibility
from autograder.reports import text_report

TRACEBACK = """Your program ended with an error (exit code 1)
Python stops with exit code 1 when nobody catches an exception; other codes come from a call such as sys.exit(3).

Traceback (most recent call last):
  File "neuralnet_p2.py", line 3, in fit
    raise ValueError("a shape that does not fit")
ValueError: a shape that does not fit"""
REPORT = Report(
    lab="mp6",
    output="neuralnet_p1.py: taken from the folder hw6.\nSandbox: full.",
    tests=(
        Graded("1.1", "Part 1: the net has the layers it should", 20.0, 20.0, "All there."),
        Graded("1.2", "Part 1: accuracy on images that nobody has seen", 7.5, 20.0, "0.71 of 0.85.", "wrong result"),
        Graded("2.1", "Part 2: fit runs", 0.0, 60.0, TRACEBACK, "exit code", Visibility.HIDDEN, ("slow",)),
        Graded("10", "Style", 0.0, 0.0, "", "ok"),
    ),
    columns=(("accuracy", 0.87312, "high"), ("parameters", 100_867, "low")),
    seconds=41.23,
    audit={"seed": 3, "tier": "full"},
)
GOLDEN = """\
mp6: 2 of 4 checks passed
neuralnet_p1.py: taken from the folder hw6.
Sandbox: full.

     check                                            points  outcome
1.1  Part 1: the net has the layers it should       20 of 20  ok
1.2  Part 1: accuracy on images that nobody ha...  7.5 of 20  wrong result
2.1  Part 2: fit runs                                0 of 60  exit code (hidden)
10   Style                                                 -  ok

1.2 Part 1: accuracy on images that nobody has seen
    0.71 of 0.85.

2.1 Part 2: fit runs
    Your program ended with an error (exit code 1)
    Python stops with exit code 1 when nobody catches an exception; other codes
    come from a call such as sys.exit(3).

    Traceback (most recent call last):
      File "neuralnet_p2.py", line 3, in fit
        raise ValueError("a shape that does not fit")
    ValueError: a shape that does not fit

scoreboard
    accuracy    0.87312  high is better
    parameters  100,867   low is better

time: 41.2 s
score: 27.5 of 100"""
UNSAFE = "\x00\x1b[31mred\x1b]0;title\x07\u202egnp\ud800\x9b\nend\ttab"


def wrong(output: str) -> Report:
    """A report with one check that lost its points."""
    return Report("mp6", "", (Graded("1", "fit", 0.0, 5.0, output, "wrong result"),))


def test_the_report_reads_like_this() -> None:
    assert text_report.text(REPORT, 80) == GOLDEN


@pytest.mark.parametrize("width", [40, 41, 60, 80, 200])
def test_lines_keep_to_the_width(width: int) -> None:
    lines = text_report.text(REPORT, width).split("\n")
    assert max(len(line) for line in lines) <= width
    assert lines[-1] == "score: 27.5 of 100" and not any(line.endswith(" ") for line in lines)


def test_a_width_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40 characters, got 39"):
        text_report.text(REPORT, 39)


def test_a_report_without_checks_is_one() -> None:
    assert text_report.text(Report("mp6", "", ()), 80) == "mp6: 0 of 0 checks passed\n\ntime: 0.0 s\nscore: 0 of 0"


def test_a_failed_grader_claims_no_points() -> None:
    fault = dataclasses.replace(REPORT, fault=True)
    words = text_report.text(fault, 80)
    assert words.startswith("mp6: not graded\nThe grader failed, not your code. ")
    assert words.endswith("\nscore: none, as the grader failed")
    assert "- of 20" in words and "7.5" not in words and "scoreboard" not in words
    assert text_report.plain(fault)["score"] is None and text_report.plain(fault)["fault"] is True


def test_nothing_that_students_wrote_reaches_the_terminal_as_it_is() -> None:
    unsafe = Graded(UNSAFE, UNSAFE, 0.0, 5.0, UNSAFE, UNSAFE, tags=(UNSAFE,))
    words = text_report.text(Report(UNSAFE, UNSAFE, (unsafe,), ((UNSAFE, 1.0, "high"),)), 200)
    assert not set(words) & {chr(i) for i in [*range(10), *range(11, 32), *range(127, 160), 0x202E, 0xD800]}
    assert "red\ufffdgnp\\ud800\ufffd end tab" in words  # names are one line
    assert "\x1b" not in text_report.text(REPORT, 80)  # no colours of our own either


@pytest.mark.parametrize("count", [39, 40, 41, 1000])
def test_long_outputs_keep_their_start_and_end(count: int) -> None:
    lines = [f"line {k}" for k in range(count)]
    words = text_report.text(wrong("\n".join(lines)), 80)
    shown = [line.strip() for line in words.split("\n") if line.startswith("    ")]
    if count <= text_report.MOST_LINES:
        assert shown == lines
    else:
        left_out = f"... {count - text_report.MOST_LINES} lines left out ..."
        assert shown == [*lines[:20], left_out, *lines[-20:]]


def test_one_endless_line_is_cut() -> None:
    words = text_report.text(wrong("x" * 10_000_000), 80)
    assert len(words) < 2_000 and "[...(truncated)...]" in words
    assert text_report.plain(wrong("x" * 10_000_000))["tests"][0]["output"] == "x" * 10_000_000


def test_numbers_are_shown_as_they_are() -> None:
    values: list[Any] = [float("nan"), float("inf"), 1e-7, 1e300, -2.0, np.float32(0.5), np.int64(3)]
    found = Report("mp6", "", (Graded("1", "a", values[0], 5.0, ""),), tuple(("c", x, "low") for x in values))
    words = text_report.text(found, 80)
    assert [line.split()[1] for line in words.split("\n") if "is better" in line] == (
        ["nan", "inf", "1e-07", "1e+300", "-2", "0.5", "3"]
    )
    assert "nan of 5" in words and words.endswith("score: 0 of 5")


def test_plain_data_hold_everything() -> None:
    found = text_report.plain(
        dataclasses.replace(REPORT, audit=MappingProxyType({"seed": np.int64(3), "x": float("nan")}))
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {field.name for field in dataclasses.fields(Report)} | {"score", "max_score"}
    assert (found["score"], found["max_score"], found["seconds"]) == (27.5, 100, 41.23)
    assert found["audit"] == {"seed": 3, "x": "nan"}
    assert found["columns"][1] == {"name": "parameters", "value": 100_867, "better": "low"}
    assert found["tests"][2] == {
        "number": "2.1",
        "name": "Part 2: fit runs",
        "score": 0.0,
        "max_score": 60.0,
        "output": TRACEBACK,
        "cause": "exit code",
        "visibility": "hidden",
        "tags": ["slow"],
        "extra": False,
    }


def test_neither_writer_brings_torch_into_the_grader() -> None:
    modules = "sys, autograder.reports.gradescope_results, autograder.reports.text_report"
    source = f"import {modules}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True)
