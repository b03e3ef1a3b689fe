"""A whole class from the command line: changed submissions are graded, even after kills, and no code stops it."""

import contextlib
import dataclasses
import os
import re
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import toy
from conftest import ROOT, interruptible
from course import TOY, command, course, environment, grade_class, grades, hand_in
from graded import tier

from autograder import __main__ as autograder
from autograder.classroom import jobs, scheduler
from autograder.classroom.store import Store, opened
from autograder.grading import grade
from autograder.sandbox import tiers

RIGHT = "def answer(n): return 42"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if tier() not in tiers.SAFE:
        pytest.skip("no safe tier of the sandbox on this machine")
    return course(tmp_path / "course")


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it does not come to that"
        time.sleep(0.02)


def counts(folder: Path) -> dict[str, int]:
    """How many jobs of the record are in which state."""
    path = folder / "grades/class.sqlite"
    if not path.exists():
        return {"done": 0, "running": 0, "waiting": 0, "fault": 0}
    with opened(path) as store:
        return store.counts()


def start(folder: Path, *arguments: object) -> "subprocess.Popen[bytes]":
    """The command, to be killed."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        command(folder, *arguments), cwd=folder, env=environment(folder), stdout=nothing, stderr=nothing,
        preexec_fn=interruptible,
    )  # fmt: skip


def children(pid: int) -> list[int]:
    """The processes that one has started."""
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def test_only_what_changed_is_graded_again_and_a_bad_submission_is_its_students_zero(folder: Path) -> None:
    for student, source in {"ada": RIGHT, "bob": "def answer(n): return 41", "cyd": RIGHT}.items():
        hand_in(folder, student, source)
    (folder / "all/empty").mkdir()
    (folder / "all/only").mkdir()
    (folder / "all/only/essay.docx").write_bytes(b"PK")
    for name in ("page.pdf", "none.zip", "noise.zip"):
        (folder / "all" / name).write_bytes({"page.pdf": b"%PDF-1.7", "none.zip": b""}.get(name, b"\x80\x81" * 300))
    (folder / "all/link").symlink_to(folder / "all/ada")
    (folder / "all/torn.zip").write_bytes(b"PK\x03\x04 and then nothing")
    out = grade_class(folder)
    found = grades(folder)
    assert {student: row["score"] for student, row in found.items()} == {
        "ada": "12.1", "bob": "3.63", "cyd": "12.1", "empty": "0.0", "link": "0.0",
        "noise": "0.0", "none": "0.0", "only": "0.0", "page": "0.0", "torn": "0.0",
    }  # fmt: skip
    assert "2 jobs graded now" in out
    words = {
        "empty": "got none of the lab's files; no file", "link": "got a link: link",
        "noise": "got a file that is no archive: noise.zip", "none": "got an empty file: none.zip",
        "only": "expected answer.py, got none of the lab's files; ignored: essay.docx",
        "page": "got a PDF document: page.pdf", "torn": "got damage in its table of contents: torn.zip",
    }  # fmt: skip
    for student, why in words.items():
        assert why in found[student]["refused"]
        report = (folder / f"grades/reports/{student}.txt").read_text()
        assert why in " ".join(report.split()) and "no submission" in report and str(folder) not in report
    assert "job/s" not in out  # the bar is for terminals
    first = {path.name: path.read_bytes() for path in (folder / "grades/reports").iterdir()}
    hand_in(folder, "bob", RIGHT + "  # at last")
    assert "1 jobs graded now, seed 3" in grade_class(folder) and grades(folder)["bob"]["score"] == "12.1"
    again = {path.name: path.read_bytes() for path in (folder / "grades/reports").iterdir()}
    assert {name for name in first if first[name] != again[name]} == {"bob.txt", "bob.html"}


@pytest.mark.slow
def test_ctrl_c_ends_it_and_the_same_line_goes_on(folder: Path) -> None:
    for number in range(4):
        hand_in(folder, f"s{number}", f"import time\ndef answer(n): time.sleep({number * 0.7}); return 42")
    started = start(folder)
    until(lambda: counts(folder)["done"] >= 1)
    started.send_signal(signal.SIGINT)
    assert started.wait(60) == 130
    before = counts(folder)
    assert before["done"] < 4
    assert f"{4 - before['done']} jobs graded now" in grade_class(folder)
    assert {row["score"] for row in grades(folder).values()} == {"12.1"}


def test_a_watch_grades_what_comes(folder: Path) -> None:
    with opened(folder / "board.sqlite") as store:
        watched(folder, folder / "board.sqlite", store)


def watched(folder: Path, record: Path, store: Store) -> None:
    words = command(folder)
    watch = [*words[:4], "--watch", "--db", str(record), "--lab", "toy"]
    watching = subprocess.Popen(watch, cwd=folder, env=environment(folder), preexec_fn=interruptible)
    script = "from autograder import registry; from autograder.packaging import checkout_files; "
    script += "print(checkout_files.grader_hash(registry.load('toy')))"
    done = subprocess.run(
        [words[0], "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    )
    grader = done.stdout.strip()
    for number in range(2):
        hand_in(folder, "ada", f"{RIGHT}  # {number}")
        archive, sha256, _ = scheduler.pack(folder / "all/ada", toy.LAB)
        store.store_archive(sha256, archive)
        jobs.enqueue_all(store, toy.LAB, sha256, 5, grader)
        until(lambda: jobs.total(store, toy.LAB, sha256, 5, grader) is not None)  # noqa: B023
    watching.send_signal(signal.SIGINT)
    assert watching.wait(60) == 130 and store.counts()["done"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lab", "mp6"], "expected SUBMISSIONS and --out FOLDER"),
        (["--lab", "mp6", "--watch"], "expected --db FILE"),
        (["nowhere", "--lab", "mp6", "--out", "out"], "expected a folder of submissions, got nowhere"),
        (["all", "--lab", "mp6", "--out", "out", "--due", "soon"], "expected a time such as"),
        (["all", "--lab", "mp6", "--out", "out", "--scheduler", "tcp://x:1"], "a scheduler with TLS, such as"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all/ada").mkdir(parents=True)
    try:
        code = autograder.main(["class", *arguments])
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    printed = capsys.readouterr().err
    assert code == 2 and words in printed and printed.count("\n") == 1


def test_every_option_of_class_is_on_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        autograder.main(["class", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    page = (ROOT / "autograder/CLASS.md").read_text(encoding="utf-8")
    rows = "".join(re.findall(r"^\| (`--.*?)\|$", page, re.MULTILINE))
    assert options == set(re.findall(r"--[a-z][a-z-]+", rows))


# whole sources, or bodies of answer; {token} is known again wherever it turns up, {folder} is the course's own
KINDS = {
    "right": "return 42  # {k}",
    "wrong": "return 4{d}  # {k}",
    "raises": "return [][{k}]",
    "exits": "os._exit({k} % 3)",
    "crashes": "os.kill(os.getpid(), 11)  # {k}",
    "too much memory": "return len(bytearray(2**33 + {k}))",
    "floods": "print('x' * (2000 + {k}), flush=True); return 42",
    "kills all": "os.kill(-1, 9); return {k}",
    "kills parents": "os.kill(os.getppid(), 9); time.sleep(0.1); return {k}",
    "writes grades": "open('{folder}/grades/grades.csv', 'w').write('{token}{k}'); return 42",
    "deletes the record": "os.unlink('{folder}/grades/class.sqlite'); return {k}",
    "reads the record": "print(open('{folder}/grades/class.sqlite', 'rb').read()[:100], '{token}'); return {k}",
    "leaves a daemon": "os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, '-c', "
    "'import time; time.sleep(600)  # {token}']); return {k}",
    "goes to the network": "import socket; socket.create_connection(('127.0.0.1', 1 + {k})); return 42",
    "loops": "[k for k in iter(int, {k} + 1)]",
    "sleeps": "time.sleep(600 + {k})",
    "many processes": "[os.fork() for _ in range(9)]; time.sleep(600 + {k})",
}
FEW = {"loops": 3, "sleeps": 2, "many processes": 2}
BRIEF = dataclasses.replace(toy.LAB, limits=dataclasses.replace(toy.LAB.limits, wall_seconds=4))
TOKEN = "token7f3a91"
CLASS, SAME = 124, 11  # submissions in all; those at the end with one number, of which ten are the same
NONE = {"bomb", "empty", "link", "torn"}  # those without an answer.py that can be taken
LAST = CLASS - len(NONE) - SAME  # the number of the same ones


def everyone(folder: Path) -> None:
    """Submissions of all kinds, of which some are the same, and some are none."""
    (folder / "all/empty").mkdir()
    (folder / "all/link").symlink_to("/etc/passwd")
    with zipfile.ZipFile(folder / "all/bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("answer.py", b"#" * 10**8)
    (folder / "all/torn.zip").write_bytes((folder / "all/bomb.zip").read_bytes()[:5000])
    often = [kind for kind in KINDS if kind not in FEW]
    kinds = [kind for kind, count in FEW.items() for _ in range(count)]
    kinds += [("right", "wrong", *often)[k % (len(often) + 2)] for k in range(LAST + 1 - len(kinds))]
    kinds += ["right"] * (SAME - 1)
    for k, kind in enumerate(kinds):
        number = min(k, LAST)  # the last ones have all handed in the same
        body = KINDS[kind].format(k=number, d=number % 4, folder=folder, token=TOKEN)
        hand_in(folder, f"s{k:03d} {kind}", f"import os, sys, time\ndef answer(n):\n    {body}\n")


@pytest.mark.slow
@pytest.mark.longest
def test_a_class_is_graded_once_each_whatever_is_killed(folder: Path) -> None:
    everyone(folder)
    path = folder / TOY
    path.write_text(path.read_text().replace(f"wall_seconds={toy.LAB.limits.wall_seconds}", "wall_seconds=4"))
    (folder / "grades").mkdir()
    # whatever is written down as done is noted
    with opened(folder / "grades/class.sqlite") as store:
        notes = sqlite3.connect(store.path)
    notes.execute("CREATE TABLE ended (key TEXT)")
    notes.execute("CREATE TRIGGER note AFTER UPDATE OF state ON job WHEN new.state = 'done' "
                  "BEGIN INSERT INTO ended VALUES (new.key); END")  # fmt: skip
    notes.commit()
    killed = {"runs": 0, "workers": 0}
    for enough in (20, 40, 60, 10**9):
        started = start(folder, "--workers", 2)
        while started.poll() is None and counts(folder)["done"] < enough:
            time.sleep(1.0)
            if killed["runs"] == 3:
                continue  # the last run is left in peace
            for pid in children(started.pid)[:1]:
                with contextlib.suppress(ProcessLookupError):  # it had just ended
                    os.kill(pid, signal.SIGKILL)
                    killed["workers"] += 1
        if started.poll() is None:
            started.kill()
            killed["runs"] += 1
            until(lambda: not children(started.pid))  # noqa: B023
        assert started.wait() in (0, 1, -signal.SIGKILL)
    grade_class(folder)  # what the killing has made a fault is tried again
    assert killed["runs"] == 3 and killed["workers"] >= 3
    ended = [key for (key,) in notes.execute("SELECT key FROM ended")]
    notes.close()
    rows = grades(folder)
    assert {student for student, row in rows.items() if row["refused"]} == NONE
    jobs = CLASS - len(NONE) - (SAME - 2)  # ten are the same, and one has their number
    assert len(rows) == CLASS and len(ended) == len(set(ended)) == jobs
    assert counts(folder) == {"waiting": 0, "running": 0, "done": jobs, "fault": 0}
    # by itself, one of those that differ in nothing but their number
    first = {same_but_for_its_number(folder, student): student for student in reversed(rows)}
    alone = {source: one_at_a_time(folder, student) for source, student in first.items()}
    expected = {student: alone[same_but_for_its_number(folder, student)] for student in rows}
    assert {student: float(row["score"]) for student, row in rows.items()} == expected
    assert {student.split(" ", 1)[-1] for student, score in expected.items() if score} == {"right", "wrong"}
    assert TOKEN not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert TOKEN not in "".join(path.read_text() for path in (folder / "grades").rglob("*.csv"))


def same_but_for_its_number(folder: Path, student: str) -> str:
    """A submission's source without the number by which each kind is handed in many times; else who handed it in."""
    path = folder / f"all/{student}/answer.py"
    if not path.is_file() or not (found := re.fullmatch("s([0-9]{3}) (.*)", student)):
        return student
    number = min(int(found[1]), LAST)
    assert KINDS[found[2]].format(k=number, d=number % 4, folder=folder, token=TOKEN) in path.read_text()
    return KINDS[found[2]].format(k=number % 3, d=number % 4, folder=folder, token=TOKEN)  # as exit codes are cut


def one_at_a_time(folder: Path, student: str) -> float:
    """The score by `grade.grade` itself."""
    path = next(path for path in (folder / f"all/{student}", folder / f"all/{student}.zip") if os.path.lexists(path))
    try:
        report = grade.grade(path, BRIEF, tier(), seed=3)
    except ValueError:
        return 0.0
    assert not report.fault
    return round(report.score, 2)
