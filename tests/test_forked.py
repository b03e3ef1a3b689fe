"""Jobs that are forked from a process with torch are as confined as those that are started, and cannot tell."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.attacks.replay import replay
from autograder.attacks.table import ATTACKS, Attack
from autograder.sandbox import container, tiers
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import MB, Cause, Job, Limits, Outcome, Tier
from autograder.sandbox.launch_spec import LaunchSpec
from autograder.sandbox.run import Launch, Process, run
from autograder.sandbox.usage import of_user

LIMITS = Limits(cpu_seconds=5, wall_seconds=60, memory=512 * MB, processes=32)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    if reason := tiers.unavailable(Tier.CONTAINER):
        pytest.skip(f"no container tier: {reason}")
    with launcher() as found:
        yield found


def both(job: Job, launch: Launch) -> tuple[Outcome, Outcome]:
    """What comes of a job that is forked, and of one that is started."""
    return run(job, Tier.CONTAINER, launch=launch), run(job, Tier.CONTAINER)


PROGRAM = """
import atexit, os, sys, tempfile, threading, time
import helper
print(__name__, sys.argv[1:], os.path.basename(os.getcwd()), [path for path in sys.path if "autograder" in path])
print(sorted(name for name in os.environ), sorted(sys.modules.get("autograder", "")), helper.__file__[-9:])
print(tempfile.gettempdir() == os.environ["TMPDIR"], sys.stdin.read(), sys.path[0] == os.getcwd())
print(len(os.listdir("/proc/self/fd")), open(3).read())
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
atexit.register(print, "at exit")
"""
ENDS = {
    "returns": "os.write(4, b'12')",
    "raises": "[][0]",
    "exits with a number": "sys.exit(3)",
    "exits with a text": "sys.exit('no more')",
    "is killed": "os.kill(os.getpid(), 9)",
    "writes too much": "print('x' * 10**6)",
    "uses too much": "x = bytearray(2**32)",
}


@pytest.mark.parametrize("how", ["-c", "-m", "file"])
@pytest.mark.parametrize("end", list(ENDS))
def test_a_forked_program_is_what_a_started_one_is(how: str, end: str, launch: Launch, tmp_path: Path) -> None:
    source = PROGRAM + ENDS[end]
    (tmp_path / "program.py").write_text(source)
    (tmp_path / "helper.py").write_text("")
    argv = {"-c": ["-c", source, "a"], "-m": ["-m", "program", "a"], "file": ["program.py", "a"]}[how]
    files = {f"{name}.py": tmp_path / f"{name}.py" for name in ("program", "helper")}
    forked, started = both(Job(argv, files, b"given", 2, LIMITS), launch)
    for field in ("cause", "result", "exit_code", "stdout"):
        assert getattr(forked, field) == getattr(started, field), (forked, started)
    # where the traceback leads through the module runner, its frames have other names
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_what_is_not_seeded_differs_and_what_is_imported_is_there_at_once(launch: Launch) -> None:
    source = "import numpy, random, torch; print(numpy.random.rand(), random.random(), torch.rand(1).item())"
    job = Job(["-c", source], limits=LIMITS)
    started = run(job, Tier.CONTAINER)
    outcomes = [run(job, Tier.CONTAINER, launch=launch) for _ in range(5)]
    assert all(outcome.cause is Cause.OK for outcome in outcomes), outcomes
    assert len({word for outcome in outcomes for word in outcome.stdout.split()}) == 15
    assert max(outcome.usage.cpu_seconds for outcome in outcomes) < started.usage.cpu_seconds / 2  # torch's import


def test_a_job_with_no_room_for_torch_or_more_threads_is_started(launch: Launch) -> None:
    source = "import sys; print('torch' in sys.modules)"
    small, threads = dataclasses.replace(LIMITS, address_space=512 * MB), dataclasses.replace(LIMITS, threads=2)
    for limits, forked in ((LIMITS, "True\n"), (small, "False\n"), (threads, "False\n")):
        assert run(Job(["-c", source], limits=limits), Tier.CONTAINER, launch=launch).stdout == forked


def test_a_job_cannot_speak_for_its_supervisor_nor_write_to_what_others_read(launch: Launch) -> None:
    source = """
import os
for number in range(5, 1000):
    try: os.write(number, b"fault the grader\\nended - 0 0 0 0\\n"); print("written", number)
    except OSError: pass
print([line for line in open("/proc/self/maps") if line.split()[1][1:4:2] == "ws"])
os._exit(7)
"""
    outcome = run(Job(["-c", source], limits=LIMITS), Tier.CONTAINER, launch=launch)
    assert (outcome.cause, outcome.exit_code, outcome.stdout) == (Cause.EXIT_CODE, 7, "[]\n"), outcome


def test_only_a_job_of_the_container_tier_can_be_forked(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    for tier in (Tier.FULL, Tier.UNSAFE):
        outcome = run(Job(["-c", "print('ran')"], limits=LIMITS), tier, trust=True, launch=launch)
        assert outcome.cause is Cause.GRADER_FAULT and outcome.stdout == ""
    monkeypatch.setattr(container, "missing", lambda: "no Landlock")
    with pytest.raises(OSError, match="no Landlock"), launcher():
        pass


def test_a_zygote_that_was_killed_is_a_fault_of_the_grader() -> None:
    if reason := tiers.unavailable(Tier.CONTAINER):
        pytest.skip(f"no container tier: {reason}")
    with launcher() as launch:
        source = "import os; print(os.getppid(), open('/proc/self/status').read())"
        assert run(Job(["-c", source], limits=LIMITS), Tier.CONTAINER, launch=launch).cause is Cause.OK
    outcome = run(Job(["-c", source], limits=LIMITS), Tier.CONTAINER, launch=launch)
    assert outcome.cause is Cause.GRADER_FAULT


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_attacks_are_caught_in_a_forked_job(attack: Attack, launch: Launch) -> None:
    uids: list[int | None] = []

    def noted(spec: LaunchSpec, *more: object) -> Process:
        uids.append(spec.uid)
        return launch(spec, *more)  # type: ignore[arg-type]

    # room for torch, so that it is forked
    limits = dataclasses.replace(attack.limits, address_space=LIMITS.address_space, memory=LIMITS.memory)
    found = replay(dataclasses.replace(attack, limits=limits), Tier.CONTAINER, noted)
    assert found.as_expected, found.how
    assert attack.hands_in or len(uids) == 1
    # a forked process does not show the attack's arguments, by which others that are left are known
    assert [pid for uid in uids if uid is not None for pid in of_user(uid)] == []
