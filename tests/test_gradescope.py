"""Grading on the platform: whatever its metadata and whatever fails, results.json says what was judged."""

import dataclasses
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_grade import LAB, best
from test_results_schema import SCHEMA

from autograder import registry
from autograder.gradescope import __main__ as platform
from autograder.gradescope import memory, metadata
from autograder.gradescope.settings import Settings, read
from autograder.grading import grade
from autograder.lab import Ranking, Report
from autograder.reports import gradescope_results
from autograder.sandbox.job import MB, Tier
from autograder.sandbox.tiers import Detection

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = timezone(timedelta(hours=-7))  # of the earlier ones
RIGHT = "def answer(n): return 42"


def at(hours: float) -> str:
    """A time so many hours before the submission, in another zone than its own."""
    return (NOW - timedelta(hours=hours)).astimezone(ZONE).isoformat()


def earlier(*hours: float, **more: Any) -> list[dict[str, Any]]:
    """Earlier submissions, the latest first, which alone has its results and what else is given."""
    found: list[dict[str, Any]] = [{"submission_time": at(h), "score": 1.0} for h in sorted(hours)]
    found[0] |= {"score": 5.0, "results": {"score": 5.0, "output": "first", "leaderboard": [{"name": "v", "value": 3}]}}
    found[0] |= more
    return found


class Platform:
    """A folder like /autograder, and the results of grading in it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.settings = Settings("toy", "salt", trust=True)
        (base / "source").mkdir()
        (base / "submission").mkdir()
        self.submit(RIGHT)
        self.tell({"id": 7, "created_at": NOW.isoformat()})

    def submit(self, source: str) -> None:
        (self.base / "submission/answer.py").write_text(source)

    def tell(self, known: dict[str, Any] | bytes | None) -> None:
        path = self.base / metadata.FILE
        path.unlink(missing_ok=True)
        if known is not None:
            path.write_bytes(known if isinstance(known, bytes) else json.dumps(known).encode())

    def grade(self, **settings: Any) -> dict[str, Any]:
        self.settings = dataclasses.replace(self.settings, **settings)
        (self.base / "source/settings.json").write_text(self.settings.text())
        assert platform.main([str(self.base)]) == 0
        return self.results()

    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.base / "results/results.json").read_text())
        return found


@pytest.fixture(scope="module")
def graded_once() -> Callable[..., Report]:
    """`grade.grade`, which grades the same files in the same way but once: most tests differ in what surrounds it."""
    known: dict[str, Report] = {}
    fresh = grade.grade

    def graded(folder: Path, *arguments: Any) -> Report:
        content = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        key = repr((content, arguments))
        if key not in known:
            known[key] = fresh(folder, *arguments)
        return known[key]

    return graded


@pytest.fixture
def here(tmp_path: Path, graded_once: Callable[..., Report], monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setattr(grade, "grade", graded_once)
    monkeypatch.setattr(registry, "load", lambda name: LAB)
    monkeypatch.setattr(grade, "best", best)
    return Platform(tmp_path)


def points(found: dict[str, Any]) -> float:
    return sum(test.get("score", 0) for test in found["tests"])


def test_a_submission_is_graded(here: Platform) -> None:
    found = here.grade()
    assert points(found) == 13 and "score" not in found
    assert found["leaderboard"] == [{"name": "value", "value": 42, "order": "desc"}]
    assert found["extra_data"]["audit"]["submission"] == "7" and found["extra_data"]["fault"] is False
    assert "24 hours" not in found["output"] and "deadline" not in found["output"]


def test_the_draw_is_the_submissions_own(here: Platform) -> None:
    def seed(known: dict[str, Any], salt: str = "salt") -> int:
        here.tell(known)
        return int(here.grade(salt=salt)["extra_data"]["audit"]["seed"])

    once = seed({"id": 7})
    assert seed({"id": 7, "created_at": NOW.isoformat()}) == once and 0 <= once < 2**31
    assert len({once, seed({"id": 8}), seed({"id": 7}, "another")}) == 3


def test_results_say_that_nothing_was_judged_until_it_is(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watching(*arguments: Any) -> Report:
        seen.append(here.results())
        return graded(*arguments)

    graded = grade.grade
    monkeypatch.setattr(grade, "grade", watching)
    assert points(here.grade()) == 13
    assert "did not finish" in seen[0]["output"] and seen[0]["extra_data"]["fault"] is True


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug at line 3"), MemoryError(), OSError("disk"), RecursionError()], ids=repr
)
def test_a_grader_that_fails_claims_no_score(
    error: Exception, here: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(grade, "grade", fail)
    found = here.grade()
    assert found["score"] == 0 and found["extra_data"]["fault"] is True and found["leaderboard"] == []
    assert f"stopped with {type(error).__name__}, and nothing was judged" in found["output"]
    assert "bug" not in json.dumps(found) and "Traceback" not in json.dumps(found)
    assert "Traceback" in capsys.readouterr().err  # for the staff


def test_without_a_safe_sandbox_nothing_is_judged(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    none = {Tier.FULL: "no bubblewrap", Tier.CONTAINER: "no Landlock", Tier.UNSAFE: ""}
    monkeypatch.setattr(grade, "best", lambda: Detection(Tier.UNSAFE, none))
    found = here.grade(trust=False)
    assert found["extra_data"]["fault"] is True and "nothing was judged" in found["output"]


def test_a_grading_without_end_is_ended(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "GRADER_ENDS", 119.8)
    monkeypatch.setattr(grade, "grade", lambda *_: threading.Event().wait())
    found = here.grade(minutes=2)
    assert found["extra_data"]["fault"] is True
    assert "not done in time, and nothing was judged: expected it to end within 0.2 s" in found["output"]


def test_steps_end_before_the_platform_would_end_them(here: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "STEPS_END", 119.0)
    here.submit("import time\ndef answer(n): time.sleep(60)")
    found = here.grade(minutes=2)
    assert found["extra_data"]["fault"] is False and points(found) == 0
    assert found["tests"][0]["extra_data"]["cause"] == "no time left"
    assert "The time for the whole grading was over" in found["tests"][0]["output"]


def test_what_cannot_be_taken_in_is_not_the_graders_fault(here: Platform) -> None:
    for k in range(3000):
        (here.base / f"submission/{k}").touch()
    found = here.grade()
    assert found["extra_data"]["fault"] is False and points(found) == 0
    assert found["output"].startswith("This cannot be graded: expected at most ")


@pytest.mark.parametrize(
    "known",
    [
        None, b"", b"\xff\xfe{", b"[" * 100_000, b"[]", b"3", b"{}", b'{"id": null, "created_at": 5, "users": 3}',
        b'{"created_at": "yesterday", "assignment": [], "users": [1], "previous_submissions": {"a": 1}}',
        b'{"created_at": "2026-03-01T12:00:00", "previous_submissions": [null, 3, {}, {"submission_time": "x"}]}',
        b'{"created_at": "2026-03-01T12:00:00", "previous_submissions": '
        b'[{"submission_time": "2026-03-01", "score": NaN, "results": [], "autograder_error": "no"}]}',
    ],
    ids=[
        "missing", "empty", "not UTF-8", "deep", "a list", "a number", "nothing in it", "other types",
        "a time in words", "damaged submissions", "a submission of other types",
    ],
)  # fmt: skip
def test_metadata_that_is_missing_or_damaged_costs_nothing(known: bytes | None, here: Platform) -> None:
    here.tell(known)
    assert points(here.grade(per_day=2)) == 13


@pytest.mark.parametrize(
    ("before", "graded"),
    [
        (earlier(1), True),
        (earlier(1, 2), False),
        (earlier(1, 24.1), True),
        (earlier(1, 23.9), False),
        (earlier(1, -2, -3), True),  # this one is graded again, after later ones
        (earlier(1, 2, autograder_error=True), True),
        (earlier(1, 2, results={"score": 0, "extra_data": {"fault": True}}), True),
        (earlier(1, 10, 23), False),
        (earlier(10, 23, 25), True),  # the last of them was not graded itself, so it counts for nothing
        (earlier(10, 24.5, 25), True),
        (list(reversed(earlier(1, 2))), False),  # the platform names no order
    ],
)
def test_so_many_are_graded_in_24_hours(before: list[dict[str, Any]], graded: bool, here: Platform) -> None:
    here.tell({"created_at": NOW.isoformat(), "previous_submissions": before})
    found = here.grade(per_day=2)
    assert ("This submission was not graded" not in found["output"]) is graded
    assert points(here.grade(per_day=None)) == 13


def test_beyond_the_quota_the_last_results_stay(here: Platform) -> None:
    last = here.grade(per_day=1)
    assert last["output"].startswith("submission 1 of 1 graded within 24 hours\n")
    for hours in (1, 0.5):  # and once more, on what was repeated already
        before = earlier(hours + 1, results=last, score=13.0)
        here.tell({"created_at": NOW.isoformat(), "previous_submissions": before})
        here.submit("def answer(n): return 0")
        found = here.grade()
        assert found["tests"] == last["tests"] and found["leaderboard"] == last["leaderboard"]
        message, below = found["output"].split("\n\n")
        assert "expected at most 1 within 24 hours, got one more" in message
        again = (NOW + timedelta(hours=23 - hours)).astimezone(ZONE)
        assert f"graded from {again:%Y-%m-%d %H:%M}" in message
        assert below.startswith("submission 1 of 1")
        last = found


def test_without_the_last_results_the_last_score_stays(here: Platform) -> None:
    before = earlier(1, 2, 3, autograder_error=True, results={}) + [{"submission_time": at(2.5), "score": 4.5}]
    here.tell({"created_at": NOW.isoformat(), "previous_submissions": before})
    found = here.grade(per_day=2)
    assert found["score"] == 1.0 and found["output"].startswith("This submission was not graded")
    validated(found)


def validated(found: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="the extra [dev] is not installed")
    jsonschema.validate(found, SCHEMA)


@pytest.mark.parametrize(
    ("due", "own", "late"),
    [
        (at(1), None, True),
        (at(-1), None, False),
        (None, None, False),
        (at(1), at(-1), False),  # an extension
        (at(-1), at(1), True),
    ],
)
def test_late_is_said_where_places_are_worth_points(
    due: str | None, own: str | None, late: bool, here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [{"id": 1, "assignment": {"due_date": own}}, {"id": 2}] if own else [{"id": 1}]
    here.tell({"created_at": NOW.isoformat(), "assignment": {"due_date": due}, "users": users})
    assert "deadline" not in here.grade()["output"]
    ranked = dataclasses.replace(LAB, ranking=Ranking("value", (12, 10), 6, 0.75))
    monkeypatch.setattr(registry, "load", lambda name: ranked)
    found = here.grade()
    words = "handed in after the deadline: its place on the scoreboard is worth 6 points at most"
    assert (words in found["output"]) is late
    assert found["extra_data"]["audit"]["late"] is late


def test_settings_come_back_from_their_file(tmp_path: Path) -> None:
    chosen = Settings("toy", "salt", 1536, 20, 5, True)
    (tmp_path / "settings.json").write_text(chosen.text())
    assert read(tmp_path / "settings.json") == chosen


def test_grader_and_job_share_the_containers_memory() -> None:
    step = dataclasses.replace(LAB.steps[0], limits=dataclasses.replace(LAB.limits, memory=2000 * MB))
    lab = dataclasses.replace(LAB, limits=dataclasses.replace(LAB.limits, memory=1536 * MB), steps=(step, LAB.steps[1]))

    def left(megabytes: int, of_container: int | None) -> list[int | None]:
        found = memory.within(lab, megabytes, of_container)
        return [found.limits.memory // MB, *(step.limits.memory // MB if step.limits else None for step in found.steps)]

    assert left(768, None) == [576, 576, None]
    assert left(1536, 768 * MB) == [576, 576, None]
    assert left(2048, 2**62) == [1536, 1856, None]
    with pytest.raises(ValueError, match="expected a container of at least 256 MB, got 200 MB"):
        memory.within(lab, 768, 200 * MB)


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/", {"memory.max": "805306368\n"}, 805306368),
        ("0::/", {"memory.max": "max\n"}, None),
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": "7", "memory.max": "9"}, 7),
        ("0::/of/the/host", {"memory.max": "5"}, 5),  # a container that sees its group as the root
        ("4:memory:/a\n0::/", {"memory/a/memory.limit_in_bytes": "3", "memory/memory.limit_in_bytes": str(2**62)}, 3),
        ("", {}, None),
    ],
)
def test_the_containers_memory_is_read_from_its_control_group(
    own: str, files: dict[str, str], limit: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    groups = dict(line.split(":", 2)[1:] for line in own.split("\n") if line)
    monkeypatch.setattr(memory, "own_paths", lambda: {name: path.lstrip("/") for name, path in groups.items()})
    assert memory.container(tmp_path) == limit


@pytest.mark.parametrize("name", registry.names())
def test_the_grader_itself_never_imports_torch(name: str) -> None:
    code = (
        "import sys; import autograder.gradescope.__main__; from autograder import registry;"
        "lab = registry.load(sys.argv[1]); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, name], cwd=ROOT, check=True)


def test_every_document_fits_the_schema(here: Platform) -> None:
    validated(here.grade())
    before = earlier(1, results=here.results())
    here.tell({"created_at": NOW.isoformat(), "previous_submissions": before})
    validated(here.grade(per_day=1))
    validated(gradescope_results.document(platform.words.failed(LAB, ValueError())))
    validated(gradescope_results.document(platform.words.refused(LAB, "expected a folder, got none")))
