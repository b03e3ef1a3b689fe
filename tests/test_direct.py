"""Jobs that run as plain programs: their environment, the cause of their end, and no leftovers."""

import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.attacks.leftovers import processes
from autograder.sandbox import direct
from autograder.sandbox.fds import INPUT_FD, RESULT_FD
from autograder.sandbox.job import MB, Cause, Job, Limits

QUICK = Limits(cpu_seconds=5, wall_seconds=60, file_size=MB, output=1000)
HAND_BACK = f"import os; os.write({RESULT_FD}, b'12345678')"


def run(source: str, **more: object) -> direct.Outcome:
    return direct.run(Job(["-c", source], **{"limits": QUICK, "result_bytes": 8} | more))  # type: ignore[arg-type]


@settings(max_examples=5)
@given(data=st.binary(max_size=300_000))
def test_a_job_finds_its_input_and_hands_back_its_result(data: bytes) -> None:
    source = f"import os; data = open({INPUT_FD}, 'rb').read(); os.write({RESULT_FD}, data[::-1])"
    outcome = run(source, input=data, result_bytes=len(data))
    assert (outcome.cause, outcome.result) == (Cause.OK, data[::-1]), outcome


@pytest.mark.parametrize(
    "argv", [["runner.py", "a"], ["-m", "runner", "a"], ["-S", "-c", "import runner; runner.main('a')", "a"]],
    ids=["a file", "a module", "a text"],
)  # fmt: skip
def test_a_program_is_started_as_python_starts_it(argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "runner.py").write_text(
        "import os, sys\n"
        "def main(word): os.write(4, f'{word} {__name__} {sys.argv[1:]}'.encode().ljust(40))\n"
        "if __name__ == '__main__': main(sys.argv[1])\n"
    )
    outcome = direct.run(Job(argv, {"runner.py": tmp_path / "runner.py"}, result_bytes=40))
    name = "runner" if "-c" in argv else "__main__"
    assert outcome.result.decode().strip() == f"a {name} ['a']", outcome


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (HAND_BACK, Cause.OK),
        ("pass", Cause.PROTOCOL),
        (HAND_BACK + "; os.write(4, b'9')", Cause.PROTOCOL),
        ("1 / 0", Cause.EXIT_CODE),
        ("import sys; sys.exit(3)", Cause.EXIT_CODE),
        ("raise MemoryError", Cause.OUT_OF_MEMORY),
        ("print('x' * 2000)", Cause.OUTPUT_FLOOD),
    ],
    ids=["right", "no result", "too long a result", "an exception", "an exit code", "no memory", "much output"],
)
def test_the_cause_of_an_end_is_named(source: str, cause: Cause) -> None:
    outcome = run(source)
    assert outcome.cause is cause, outcome
    assert (outcome.result == b"12345678") == (cause is Cause.OK)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits and signals")
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import os; os.kill(os.getpid(), 11)", Cause.CRASH),
        ("open(os.environ['TMPDIR'] + '/x', 'wb').write(bytes(2**21))", Cause.EXIT_CODE),
        ("while True: pass", Cause.CPU_TIME),
    ],
    ids=["a crash", "a large file", "an endless loop"],
)
def test_limits_that_unix_keeps_hold(source: str, cause: Cause) -> None:
    outcome = run(f"import os\n{source}", limits=Limits(cpu_seconds=1, wall_seconds=60, file_size=MB))
    assert outcome.cause is cause, outcome


def test_a_program_that_never_ends_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    source = "import os, subprocess, sys, time\n"
    source += f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)  # {tmp_path}']); time.sleep(60)"
    outcome = run(source, limits=Limits(wall_seconds=0.5))
    assert outcome.cause is Cause.WALL_TIME
    ends = time.monotonic() + 60
    while processes(str(tmp_path)):  # which have been killed, and need not have gone yet
        assert time.monotonic() < ends, processes(str(tmp_path))
        time.sleep(0.01)


def test_nothing_is_left_and_nothing_of_the_submission_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "mine.py").write_text("x = 1")
    outcome = run(
        f"import os, mine; open('mine.py', 'a') if os.geteuid() else None; open('new', 'w'); {HAND_BACK}",
        files={"mine.py": tmp_path / "mine.py"},
    )
    assert outcome.cause in (Cause.OK, Cause.EXIT_CODE)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"] and (tmp_path / "mine.py").read_text() == "x = 1"
