"""Gradescope's results.json: every document fits the platform's schema, whatever grading came to."""

import functools
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.lab import Check, Graded, Lab, Report, Verdict, Visibility
from autograder.reports import gradescope_results
from autograder.text import CUT, clean

NOT_FINITE: list[Any] = [float("nan"), float("inf"), float("-inf"), np.float32("nan"), np.float64("inf")]


def graded(score: float = 5.0, **options: Any) -> Graded:
    """A check of 5 points."""
    cause = "ok" if score == 5 else "wrong result"
    defaults: dict[str, Any] = {"number": "1.1", "name": "fit", "max_score": 5.0, "output": "", "cause": cause}
    return Graded(**defaults | options, score=score)


def report(*tests: Graded, **options: Any) -> Report:
    defaults: dict[str, Any] = {"lab": "mp6", "output": "Two files were found.", "seconds": 12.5}
    return Report(**defaults | options, tests=tests)


LAB = Lab(
    name="mp6",
    title="Fashion-MNIST",
    hand_in=(),
    load=lambda folder, seed: (None, ""),
    steps=(),
    checks=(
        Check("1.1", "fit", 60, (), lambda run: Verdict(1.0)),
        Check("1.2", "accuracy", 40, (), lambda run: Verdict(1.0), Visibility.HIDDEN, ("private",)),
    ),
)
FAULT = report(graded(5), graded(0, cause="grader fault"), columns=(("accuracy", 0.9, "high"),), fault=True)
WILD = {"a": [float("nan"), {"b": (np.float32("-inf"), np.array([1.0, np.inf]))}], "c\x00\udcff": Path("x\x1b[1m")}
UNSAFE = "\x00\x1b[31mred\x1b[0m\u202egnp.exe\ud800\udcff\x9b\r\nend\ttab"
REPORTS: dict[str, Callable[[], Report]] = {
    "full marks": lambda: report(graded(), columns=(("accuracy", 0.9, "high"), ("seconds", 3, "low"))),
    "zero": lambda: report(graded(0)),
    "no tests": lambda: report(),
    "informational": lambda: report(graded(0, max_score=0)),
    "fault": lambda: FAULT,
    "provisional": lambda: gradescope_results.provisional(LAB),
    "hidden": lambda: report(*[graded(visibility=value, tags=("a", "b")) for value in Visibility]),
    "not finite": lambda: report(
        *[graded(a, max_score=b) for a in [*NOT_FINITE, 1] for b in [*NOT_FINITE, 1, 0]],
        columns=tuple(("c", value, "high") for value in NOT_FINITE),
        seconds=float("nan"),
        audit=WILD,
    ),
    "unsafe text": lambda: report(
        graded(0, name=UNSAFE, number=UNSAFE, output=UNSAFE, cause=UNSAFE, tags=(UNSAFE,)),
        lab=UNSAFE,
        output=UNSAFE,
        columns=((UNSAFE, 1, "low"),),
        audit={UNSAFE: [UNSAFE]},
    ),
    "100,000 characters": lambda: report(graded(0, output="x" * 100_000), output="y" * 100_000),
    "100,001 characters": lambda: report(graded(0, output="x" * 100_001), output="y" * 100_001),
    "10 million characters": lambda: report(graded(0, output="x" * 10_000_000)),
    "long everywhere": lambda: report(
        graded(0, name="n" * 100_001, number="1" * 100_001, tags=("t" * 100_001,), cause="c" * 100_001),
        columns=(("c" * 100_001, 1, "low"),),
    ),
    "2,000 tests": lambda: report(*[graded(0, number=str(k), output=chr(0x1F600) * 2_000) for k in range(2_000)]),
    "numpy": lambda: report(
        graded(np.float32(2.5), max_score=np.int64(5)),  # type: ignore[arg-type]
        columns=(("n", np.int32(3), "low"), ("x", np.float16(0.5), "high"), ("b", np.longdouble(2), "high")),
        seconds=np.float64(1),
        audit={"flag": np.bool_(True), "array": np.arange(3), "text": np.str_("a"), "wide": np.longdouble(1)},
    ),
}


@functools.cache
def document(name: str) -> dict[str, Any]:
    return gradescope_results.document(REPORTS[name]())


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def through_json(found: dict[str, Any]) -> dict[str, Any]:
    """What the platform reads of a document."""
    text = gradescope_results._json(found)
    assert text.isascii() and len(text) < gradescope_results.MOST_BYTES
    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_is_json(name: str) -> None:
    assert through_json(document(name)) == document(name)


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_is_safe_wherever_it_is_shown(name: str) -> None:
    found = document(name)
    formats = [value for where in [found, *found["tests"]] for key, value in where.items() if key.endswith("_format")]
    assert formats == ["text"] * 3
    assert found["stdout_visibility"] == "hidden"
    for text in strings(found):
        assert len(text) <= 100_000
        assert text == clean(text)


def strings(value: Any) -> Iterator[str]:
    """Every text and key in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def test_full_marks_are_the_sum_of_the_tests() -> None:
    found = gradescope_results.document(
        report(graded(), graded(2.5), columns=(("accuracy", 0.9, "high"), ("mse", 0.1, "low")))
    )
    assert "score" not in found
    assert found["output"] == "Two files were found." and found["execution_time"] == 12.5
    assert [(test["score"], test["max_score"], test["status"]) for test in found["tests"]] == [
        (5, 5, "passed"),
        (2.5, 5, "failed"),
    ]
    assert found["leaderboard"] == [
        {"name": "accuracy", "value": 0.9, "order": "desc"},
        {"name": "mse", "value": 0.1, "order": "asc"},
    ]


def test_a_check_without_points_has_a_status_only() -> None:
    found = gradescope_results.document(
        report(graded(0, max_score=0, cause="ok"), graded(0, max_score=0, cause="out of memory"))
    )
    assert [test["status"] for test in found["tests"]] == ["passed", "failed"]
    assert all("score" not in test and "max_score" not in test for test in found["tests"])
    assert found["score"] == 0  # the platform wants one somewhere


def test_visibility_and_tags_are_the_checks() -> None:
    found = document("hidden")
    assert [test["visibility"] for test in found["tests"]] == list(Visibility)
    assert found["tests"][0]["tags"] == ["a", "b"] and found["visibility"] == "visible"


def test_a_failed_grader_claims_nothing_and_says_so() -> None:
    found = gradescope_results.document(FAULT)
    assert found["score"] == 0 and found["leaderboard"] == []
    assert found["output"].startswith("The grader failed, not your code\n") and "Two files" in found["output"]
    assert found["extra_data"]["fault"] is True
    for test in found["tests"]:
        assert (test["score"], test["max_score"], test["status"]) == (0, 5, "failed")
        assert test["output"] == "Not judged, as the grader failed."


def test_what_is_left_of_a_killed_grader_tells_the_student() -> None:
    found = gradescope_results.document(gradescope_results.provisional(LAB))
    assert found["score"] == 0 and found["visibility"] == "visible"
    assert "did not finish" in found["output"] and "not your fault" in found["output"]
    assert found["extra_data"] == {"lab": "mp6", "fault": True, "audit": {"provisional": True}}
    assert [(test["number"], test["max_score"], test["visibility"]) for test in found["tests"]] == [
        ("1.1", 60, "visible"),
        ("1.2", 40, "hidden"),
    ]
    assert found["tests"][1]["tags"] == ["private"]


@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_number_that_is_none_counts_nothing_and_is_named(value: float) -> None:
    columns = (("accuracy", value, "high"), ("mse", 0.5, "low"))
    found = gradescope_results.document(
        report(graded(value), graded(1, max_score=value), columns=columns, seconds=value, audit={"x": [value]})
    )
    first, second = found["tests"]
    assert first["score"] == second["score"] == 0 and first["status"] == second["status"] == "failed"
    assert first["max_score"] == 5 and "max_score" not in second
    assert first["output"].startswith(f"The grader computed {value} of 5.0 points") and "not yours" in second["output"]
    assert [entry["name"] for entry in found["leaderboard"]] == ["mse"]
    assert "execution_time" not in found
    assert found["extra_data"]["audit"] == {"x": [str(float(value))]}


def test_a_column_that_is_neither_high_nor_low_is_refused() -> None:
    with pytest.raises(ValueError, match='"high" or "low" for the column accuracy'):
        gradescope_results.document(report(graded(), columns=(("accuracy", 1, "up"),)))


def test_many_outputs_share_what_there_is() -> None:
    found = document("2,000 tests")
    lengths = {len(test["output"]) for test in found["tests"]}
    assert len(lengths) == 1 and 50 < lengths.pop() < 2_000
    assert all(CUT in test["output"] for test in found["tests"])
    assert found["output"] == "Two files were found."


def test_a_written_document_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new/results.json"
    found = gradescope_results.document(report(graded(2.5)))
    gradescope_results.write(path, found)
    assert json.loads(path.read_text(encoding="ascii")) == found
    assert os.listdir(path.parent) == ["results.json"]


def test_a_link_or_pipe_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name, target in (("link", "target"), ("dangling", "nothing"), ("to_folder", "folder")):
        (tmp_path / name).symlink_to(tmp_path / target)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "to_folder", "pipe"):
        gradescope_results.write(tmp_path / name, {"score": 0})
        assert stat.S_ISREG((tmp_path / name).lstat().st_mode)
    assert (tmp_path / "target").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["dangling", "folder", "link", "pipe", "target", "to_folder"]
    assert os.listdir(tmp_path / "folder") == []


def test_the_temporary_name_is_not_followed_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".results.json.abc").symlink_to(tmp_path / "target")
    monkeypatch.setattr(secrets, "token_hex", lambda _: "abc")
    with pytest.raises(FileExistsError):
        gradescope_results.write(tmp_path / "results.json", {"score": 0})
    assert (tmp_path / "target").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == [".results.json.abc", "target"]


def test_a_folder_of_that_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").mkdir()
    with pytest.raises(OSError, match="results.json"):
        gradescope_results.write(tmp_path / "results.json", {"score": 0})
    assert os.listdir(tmp_path) == ["results.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_while_writing_leaves_the_old_file(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    gradescope_results.write(path, {"score": 1})
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        gradescope_results.write(path, {"score": 2})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["results.json"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, written = tmp_path / "results.json", []
    monkeypatch.setattr(os, "fsync", lambda number: written.append((os.fstat(number).st_size, path.exists())))
    gradescope_results.write(path, {"score": 2})
    assert written == [(len('{"score":2}\n'), False)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Path("x")], ids=["nan", "inf", "path"])
def test_what_is_no_plain_data_is_never_written(value: object, tmp_path: Path) -> None:
    with pytest.raises((ValueError, TypeError)):
        gradescope_results.write(tmp_path / "results.json", {"score": value})
    assert os.listdir(tmp_path) == []
