"""Jobs that are forked from a process with torch are as confined as those that are started, and cannot tell."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.attacks.replay import replay
from autograder.attacks.table import ATTACKS, Attack
from autograder.sandbox import supervisor, tiers
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import MB, Cause, Job, Limits, Outcome, Tier
from autograder.sandbox.launch_spec import LaunchSpec
from autograder.sandbox.run import Launch, Process, run
from autograder.sandbox.usage import of_user

LIMITS = Limits(cpu_seconds=5, wall_seconds=60, memory=512 * MB, processes=32)
IMPORTS = ("numpy", "torch")
pytestmark = pytest.mark.slow
in_safe_tiers = pytest.mark.parametrize("tier", tiers.SAFE, indirect=True)


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    with launcher() as found:
        yield found


@pytest.fixture
def tier(request: pytest.FixtureRequest) -> Tier:
    found: Tier = request.param
    if reason := tiers.unavailable(found):
        pytest.skip(f"no {found} tier: {reason}")
    return found


def job(source: str, **options: object) -> Job:
    return Job(["-c", source], **{"limits": LIMITS, "imports": IMPORTS} | options)  # type: ignore[arg-type]


def both(job: Job, tier: Tier, launch: Launch) -> tuple[Outcome, Outcome]:
    """What comes of a job that is forked, and of one that is started."""
    return run(job, tier, launch=launch), run(job, tier)


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


@in_safe_tiers
@pytest.mark.parametrize("how", ["-c", "-m", "file"])
@pytest.mark.parametrize("end", list(ENDS))
def test_a_forked_program_is_what_a_started_one_is(
    how: str, end: str, tier: Tier, launch: Launch, tmp_path: Path
) -> None:
    source = PROGRAM + ENDS[end]
    (tmp_path / "program.py").write_text(source)
    (tmp_path / "helper.py").write_text("")
    argv = {"-c": ["-c", source, "a"], "-m": ["-m", "program", "a"], "file": ["program.py", "a"]}[how]
    files = {f"{name}.py": tmp_path / f"{name}.py" for name in ("program", "helper")}
    forked, started = both(Job(argv, files, b"given", 2, LIMITS, imports=IMPORTS), tier, launch)
    for field in ("cause", "result", "exit_code", "stdout"):
        assert getattr(forked, field) == getattr(started, field), (forked, started)
    # where the traceback leads through the module runner, its frames have other names
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


RIGHTS = """
import os, resource
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status"))
print({name: status[name] for name in status if name[:3] == "Cap" or name in ("Seccomp", "NoNewPrivs", "Groups")})
print({name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT")})
print(sorted(os.listdir("/proc/self/fd")), os.getcwd().split("/")[-1], os.umask(0), os.getpid() == os.getsid(0))
"""
ALONE = """
import os
print([name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())], os.getppid())
print(os.listdir("/sys/class/net") if os.path.exists("/sys/class/net") else [], open("/proc/net/dev").read().count(":"))
print(os.getcwd(), sorted(os.listdir("/")), os.readlink("/proc/self/root"))
print(*(os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net", "ipc", "uts")))
for change in (os.utime, lambda path: os.chmod(path, 0o755)):
    try:
        print("changed", change("/proc/self/exe"))
    except OSError as error:
        print(error.strerror)
"""


@in_safe_tiers
def test_a_forked_job_has_no_more_rights_than_a_started_one(tier: Tier, launch: Launch) -> None:
    forked, started = both(job(RIGHTS), tier, launch)
    assert forked.stdout == started.stdout and forked.cause is Cause.OK, (forked, started)
    assert forked.stdout.count("'0000000000000000\\n'") == 5  # sets of capabilities


@pytest.mark.parametrize("tier", [Tier.FULL], indirect=True)
def test_a_forked_job_is_alone_in_namespaces_of_its_own_where_all_programs_are_read_only(
    tier: Tier, launch: Launch
) -> None:
    outcomes = [*both(job(ALONE), tier, launch), run(job(ALONE), tier, launch=launch)]
    assert all(outcome.cause is Cause.OK for outcome in outcomes), outcomes
    found = [outcome.stdout.splitlines() for outcome in outcomes]
    assert {lines[0] for lines in found} == {"[] 1"}
    assert [lines[:3] + lines[4:] for lines in found] == 3 * [found[0][:3] + found[0][4:]]
    assert found[0][4:] == 2 * ["Read-only file system"]
    ours = {os.readlink(f"/proc/self/ns/{name}") for name in supervisor.NAMESPACES}
    assert not ours & {word for lines in found for word in lines[3].split()}


@in_safe_tiers
def test_what_is_not_seeded_differs_and_what_is_imported_is_there_at_once(tier: Tier, launch: Launch) -> None:
    found = job("import numpy, random, torch; print(numpy.random.rand(), random.random(), torch.rand(1).item())")
    started = run(found, tier)
    outcomes = [run(found, tier, launch=launch) for _ in range(5)]
    assert all(outcome.cause is Cause.OK for outcome in outcomes), outcomes
    assert len({word for outcome in outcomes for word in outcome.stdout.split()}) == 15
    assert max(outcome.usage.cpu_seconds for outcome in outcomes) < started.usage.cpu_seconds / 2  # torch's import


STARTED: dict[str, tuple[dict[str, object], str]] = {
    "forked": ({}, "True\n"),
    "no room": ({"limits": dataclasses.replace(LIMITS, address_space=512 * MB)}, "False\n"),
    "more threads": ({"limits": dataclasses.replace(LIMITS, threads=2)}, "False\n"),
    "no imports": ({"imports": ()}, "False\n"),
    "an import that fails": ({"imports": ("no_such_library", "torch")}, "False\n"),
}


@in_safe_tiers
@pytest.mark.parametrize("why", STARTED)
def test_a_job_that_cannot_be_forked_is_started(why: str, tier: Tier, launch: Launch) -> None:
    options, forked = STARTED[why]
    outcome = run(job("import sys; print('torch' in sys.modules)", **options), tier, launch=launch)
    assert (outcome.cause, outcome.stdout) == (Cause.OK, forked), outcome


def test_trusted_code_is_started_where_no_tier_is_safe(launch: Launch) -> None:
    outcome = run(job("import sys; print('torch' in sys.modules)"), Tier.UNSAFE, trust=True, launch=launch)
    assert (outcome.cause, outcome.stdout) == (Cause.OK, "False\n"), outcome


@in_safe_tiers
def test_a_job_cannot_speak_for_its_supervisor_nor_write_to_what_others_read(tier: Tier, launch: Launch) -> None:
    source = """
import os
for number in range(5, 1000):
    try: os.write(number, b"fault the grader\\nended - 0 0 0 0\\n"); print("written", number)
    except OSError: pass
print([line for line in open("/proc/self/maps") if line.split()[1][1:4:2] == "ws"])
os._exit(7)
"""
    outcome = run(job(source), tier, launch=launch)
    assert (outcome.cause, outcome.exit_code, outcome.stdout) == (Cause.EXIT_CODE, 7, "[]\n"), outcome


@in_safe_tiers
def test_a_job_leaves_no_flags_on_the_files_of_the_next_one(tier: Tier, launch: Launch) -> None:
    source = """
import fcntl, os
for number in (0, 1, 2, 3, 4):
    flags = fcntl.fcntl(number, fcntl.F_GETFL)
    print(number, flags)
    fcntl.fcntl(number, fcntl.F_SETFL, flags ^ os.O_NONBLOCK ^ os.O_APPEND)
"""
    first, second = (run(job(source), tier, launch=launch).stdout for _ in range(2))
    assert first == second and first.count("\n") == 5


@in_safe_tiers
def test_a_process_to_fork_from_that_was_killed_costs_only_time(tier: Tier) -> None:
    with launcher() as launch:
        for _ in range(2):
            outcome = run(job("import sys; print('torch' in sys.modules)"), tier, launch=launch)
            assert (outcome.cause, outcome.stdout) == (Cause.OK, "True\n"), outcome
            for pid in descendants(os.getpid(), "zygote"):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.5)


@in_safe_tiers
def test_a_process_to_fork_from_that_hangs_is_a_fault_of_the_grader(tier: Tier) -> None:
    with launcher() as launch:
        assert run(job("pass"), tier, launch=launch).cause is Cause.OK
        hanging = descendants(os.getpid(), "zygote")
        for pid in hanging:
            os.kill(pid, signal.SIGSTOP)
        assert run(job("pass"), tier, launch=launch).cause is Cause.GRADER_FAULT
        for pid in hanging:
            os.kill(pid, signal.SIGKILL)


GRADER = """
import sys, time
from test_forked import *
with launcher() as launch:
    print(run(job("pass"), Tier(sys.argv[1]), launch=launch).cause, flush=True)
    if sys.argv[2] == "ends": sys.exit(sys.stdin.readline())
    run(job("import time; time.sleep(100)"), Tier(sys.argv[1]), launch=launch)
"""


@in_safe_tiers
@pytest.mark.parametrize("end", ["ends", "is killed in a job"])
def test_no_process_is_left_when_the_grader(end: str, tier: Tier) -> None:
    command = [sys.executable, "-c", GRADER, tier, end]
    env = os.environ | {"PYTHONPATH": f"{ROOT}/tests:{ROOT}"}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None and grader.stdout.readline() == b"ok\n"
        started: set[int] = set()
        while len(started) < (1 if end == "ends" else 3):  # the zygote; its job with a supervisor
            started |= set(descendants(grader.pid))
            time.sleep(0.2)
        if end == "ends":
            assert grader.communicate(timeout=60) and not any(map(running, started))
        grader.kill()
    deadline = time.monotonic() + 30
    while left := [pid for pid in started if running(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def descendants(pid: int, word: str = "") -> list[int]:
    """The processes below one, with a word in their command lines."""
    found: list[int] = []
    above, parents = {pid}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            parents[int(entry)] = int(status[1])
    while below := {child for child, parent in parents.items() if parent in above} - set(found):
        found += sorted(below)
        above = below
    return [pid for pid in found if running(pid, word)]


def running(pid: int, word: str = "") -> bool:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text()
        return bool(words) and word in words  # a zombie has none
    return False


@in_safe_tiers
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_attacks_are_caught_in_a_forked_job(attack: Attack, tier: Tier, launch: Launch) -> None:
    uids: list[int | None] = []

    def noted(spec: LaunchSpec, *more: object) -> Process:
        uids.append(spec.uid)
        return launch(spec, *more)  # type: ignore[arg-type]

    # room for torch, so that it is forked
    limits = dataclasses.replace(attack.limits, address_space=LIMITS.address_space, memory=LIMITS.memory)
    found = replay(dataclasses.replace(attack, limits=limits, imports=IMPORTS), tier, noted)
    assert found.as_expected, found.how
    assert attack.hands_in or len(uids) == 1
    assert [pid for uid in uids if uid is not None for pid in of_user(uid)] == []
