"""The record of a class: each job once, even after kills, and one writer at a time."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.store import MOST_ATTEMPTS, Store, key_of, opened

WHAT = ("sha", "mp6", "1.", "grader", 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "class.sqlite") as made:
        yield made


def test_the_same_submission_is_known_once(store: Store, tmp_path: Path) -> None:
    first = store.add("ada", 1.5, "sha", path=tmp_path / "ada")
    assert store.add("ada", 1.5, "sha", path=tmp_path / "elsewhere") == first
    assert store.add("ada", 2.5, "sha") != first and store.add("bob", 1.5, "sha") != first
    assert store.content("sha") == tmp_path / "ada"
    store.store_archive("sha", b"zip")
    store.store_archive("sha", b"another with this hash cannot be")
    assert store.content("sha") == b"zip"
    with pytest.raises(KeyError):
        store.content("other")


@given(st.lists(st.sampled_from([("a", "1."), ("a", "2."), ("b", "1.")])))
def test_what_was_done_is_not_done_again(wanted: list[tuple[str, str]]) -> None:
    done = []
    with opened(Path(":memory:")) as store:
        for sha256, part in wanted:
            store.enqueue(sha256, "mp6", part, "grader", 0, again=True)
            while job := store.claim():
                done.append(job.key)
                assert store.finish(job.key, {"score": 1}, 0) and not store.finish(job.key, {"score": 2}, 0)
        assert len(done) == len(set(done)) == len(set(wanted)) == store.counts()["done"]


def test_every_part_of_a_key_counts() -> None:
    keys = {key_of(*WHAT)}
    for k, other in enumerate(("x", "beras", "2.", "another", 1)):
        keys.add(key_of(*WHAT[:k], other, *WHAT[k + 1 :]))  # type: ignore[arg-type, call-arg]
    assert len(keys) == 6


def test_jobs_are_taken_in_their_order_by_one_alone(store: Store) -> None:
    keys = [store.enqueue(sha256, *WHAT[1:]) for sha256 in "cab"]
    with opened(store.path) as other:
        taken = [each.claim() for each in (store, other, store, other)]
    assert [job.key if job else None for job in taken] == [*keys, None]
    assert store.counts() == {"waiting": 0, "running": 3, "done": 0, "fault": 0}


def test_a_fault_is_tried_again_and_in_the_end_set_apart(store: Store) -> None:
    key = store.enqueue(*WHAT)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert store.claim() is not None
        assert store.record_fault(key, "no room", 1.0) == (attempt < MOST_ATTEMPTS)
    assert store.claim() is None and store.counts()["fault"] == 1
    assert store.enqueue(*WHAT) == key and store.claim() is None
    store.enqueue(*WHAT, again=True)
    assert store.claim() is not None and store.finish(key, {}, 2.0)
    assert store.connection.execute("SELECT fault FROM job").fetchone()[0] is None


def test_what_a_killed_run_had_begun_waits_again_and_nothing_is_lost(store: Store) -> None:
    keys = {store.enqueue(sha256, *WHAT[1:]) for sha256 in "abcd"}
    script = (
        "import sys; from pathlib import Path; from autograder.classroom.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.grading():\n"
        "    store.finish(store.claim().key, {'by': 'the first'}, 0); store.claim(); store.claim()\n"
        "    print('taken', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(store.path)]
    first = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None and first.stdin is not None
    assert first.stdout.readline() == "taken\n"
    with pytest.raises(ValueError, match="expected no other process to grade into .*class.sqlite"), store.grading():
        pass
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stdin.close()
    first.stdout.close()
    for _ in range(MOST_ATTEMPTS + 1):  # to be killed is no attempt
        with store.grading():
            store.claim()
    with store.grading():
        found = set()
        while job := store.claim():
            found.add(job.key)
            assert store.finish(job.key, {"by": "the second"}, 0)
    assert len(found) == 3 and found < keys and store.counts()["done"] == 4


def test_another_connection_sees_that_something_was_written(store: Store) -> None:
    with opened(store.path) as reader:
        before = reader.version()
        assert reader.version() == before
        store.enqueue(*WHAT)
        assert reader.version() != before


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database at all" * 100)
    with pytest.raises(ValueError, match="expected a record that can be read and written in .*x, got: "):
        Store(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"no database at all" * 100


def test_a_report_with_numbers_that_json_has_not_is_refused(store: Store) -> None:
    key = store.enqueue(*WHAT)
    store.claim()
    with pytest.raises(ValueError):
        store.finish(key, {"score": float("nan")}, 0)
    assert store.counts()["running"] == 1
    with pytest.raises(sqlite3.IntegrityError):
        store.connection.execute("UPDATE job SET state = 'lost'")
