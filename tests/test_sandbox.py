"""The sandbox: its limits, filters and causes in every tier that this machine has, and every known attack on it."""

import contextlib
import dataclasses
import errno
import functools
import io
import marshal
import os
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from autograder import __main__ as autograder
from autograder.attacks import leftovers
from autograder.attacks.replay import replay
from autograder.attacks.table import ATTACKS, LIMITED, PAYLOADS, Attack
from autograder.explanations import TEXTS, Reason, explain
from autograder.sandbox import cgroup, container, copy_in, landlock, outcome, run, seccomp, tiers, usage, workspace
from autograder.sandbox.job import MB, Cause, Job, Limits, Outcome, Tier, Usage
from autograder.sandbox.launch_spec import LaunchSpec

QUICK = Limits(cpu_seconds=5, wall_seconds=60, memory=256 * MB, address_space=1024 * MB)
every_tier = pytest.mark.parametrize("tier", list(Tier))
every_safe_tier = pytest.mark.parametrize("tier", tiers.SAFE)


@functools.cache
def detection() -> tiers.Detection:
    return tiers.detect()


def need(tier: Tier) -> None:
    """Skip the test where a tier is not to be had, and say why."""
    if reason := detection().reasons[tier]:
        pytest.skip(f"no {tier} tier: {reason}")


def python(source: str, tier: Tier, **options: object) -> Outcome:
    """Run a program in a tier."""
    need(tier)
    return run.run(Job(["-c", source], **{"limits": QUICK} | options), tier, trust=True)  # type: ignore[arg-type]


@contextlib.contextmanager
def no_group(*_: object) -> Iterator[None]:
    """Stands for `cgroup.group` where there are no control groups."""
    yield None


def test_limits_become_the_kernels() -> None:
    limits = Limits(cpu_seconds=1.5, address_space=10, processes=20, file_size=30, open_files=40).rlimits()
    assert limits["RLIMIT_CPU"] == (2, 3)
    assert limits["RLIMIT_CORE"] == (1, 1)
    assert [limits[f"RLIMIT_{name}"][0] for name in ("AS", "NPROC", "FSIZE", "NOFILE")] == [10, 20, 30, 40]


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="wall_seconds"):
        Limits(wall_seconds=value)


def decide(code: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What a seccomp filter returns for a call: classic BPF, as far as the filter uses it."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *words)
    program = list(struct.iter_unpack("<HBBI", code))
    accumulator, at = 0, 0
    while True:
        operation, yes, no, k = program[at]
        at += 1
        if operation == seccomp.RETURN:
            return k
        if operation == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif operation == seccomp.AND:
            accumulator &= k
        else:
            tests = {seccomp.EQUAL: accumulator == k, seccomp.AT_LEAST: accumulator >= k}
            at += yes if tests.get(operation, bool(accumulator & k)) else no


REFUSED = seccomp.ERROR | errno.EPERM


@pytest.mark.parametrize("machine", list(seccomp.MACHINES))
@pytest.mark.parametrize("strict", [False, True])
def test_the_filter_refuses_what_it_names_and_nothing_else(machine: str, strict: bool) -> None:
    column, architecture = seccomp.MACHINES[machine]
    code = seccomp.program(machine, strict)
    refused = {numbers[column] for numbers in seccomp.FORBIDDEN.values()}
    some = {seccomp.SOCKETPAIR[column]}  # with no arguments given, this one is refused, too
    for number in range(600):
        expected = REFUSED if number in refused | some else seccomp.ALLOW
        older = number in (seccomp.CLONE3, seccomp.PREADV2[column])
        expected = seccomp.ERROR | errno.ENOSYS if older else expected
        assert decide(code, architecture, number) == expected, number
    assert len(code) // 8 < 4096  # the kernel's limit, BPF_MAXINSNS


@pytest.mark.parametrize("machine", list(seccomp.MACHINES))
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("CLONE", (0x3D0F00,), seccomp.ALLOW),  # a thread
        ("CLONE", (signal.SIGCHLD,), seccomp.ALLOW),  # a fork
        ("CLONE", (0x10000000,), REFUSED),  # CLONE_NEWUSER
        ("CLONE", (0x00020000,), REFUSED),  # CLONE_NEWNS
        ("SOCKETPAIR", (1, 1 | 0x80000), seccomp.ALLOW),  # AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC
        ("SOCKETPAIR", (1, 2), REFUSED),  # SOCK_DGRAM may be sent anywhere
        ("SOCKETPAIR", (2, 1), REFUSED),
        ("IOCTL", (0, 0x5401), seccomp.ALLOW),  # TCGETS, which isatty asks for
        ("IOCTL", (0, seccomp.TIOCSTI), REFUSED),
        ("IOCTL", (0, 1 << 32 | seccomp.TIOCSTI), REFUSED),  # the kernel looks at the lower half only
        ("IOCTL", (0, seccomp.TIOCLINUX), REFUSED),
        ("CLONE", (0x3D0F00 & ~seccomp.CLONE_FILES,), REFUSED),  # a thread with open files of its own
        ("CLOSE_RANGE", (3, 9, 4), seccomp.ALLOW),  # CLOSE_RANGE_CLOEXEC
        ("CLOSE_RANGE", (3, 9, 6), REFUSED),
        ("FCNTL", (3, 1), seccomp.ALLOW),  # F_GETFD
        ("FCNTL", (3, seccomp.F_SETPIPE_SZ), REFUSED),
        ("prlimit64", (0, 7), seccomp.ALLOW),
        ("prlimit64", (1, 7), REFUSED),
        ("setpriority", (0, 0, 5), seccomp.ALLOW),  # as os.nice
        ("setpriority", (0, 1, 5), REFUSED),
        ("sched_setscheduler", (1, 5), REFUSED),
        ("sched_setattr", (1,), REFUSED),
        ("ioprio_set", (1, 1), REFUSED),
        ("MMAP", (0, 4096, 3, 0x22), seccomp.ALLOW),  # private, anonymous
        ("MMAP", (0, 4096, 3, 0x01), seccomp.ALLOW),  # shared, a file
        ("MMAP", (0, 4096, 3, 0x21), REFUSED),
    ],
)
def test_the_filter_looks_at_arguments(machine: str, name: str, arguments: tuple[int, ...], expected: int) -> None:
    column, architecture = seccomp.MACHINES[machine]
    number = (seccomp.ON_PROCESSES.get(name) or getattr(seccomp, name))[column]
    assert decide(seccomp.program(machine, True), architecture, number, *arguments) == expected
    if name == "MMAP":
        assert decide(seccomp.program(machine, False), architecture, number, *arguments) == seccomp.ALLOW


def test_the_filter_knows_its_architecture() -> None:
    code, (_, architecture) = seccomp.program("x86_64", False), seccomp.MACHINES["x86_64"]
    assert decide(code, 0x40000003, 1) == seccomp.KILL  # i386, whose call 1 is exit
    assert decide(code, architecture, seccomp.X32 | 1) == REFUSED
    with pytest.raises(ValueError, match="riscv64"):
        seccomp.program("riscv64", False)


def test_a_machine_without_the_tools_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(landlock, "version", lambda: 0)
    found = tiers.detect()
    assert found.tier is Tier.UNSAFE and not found.safe
    assert "bubblewrap is not installed" in found.reasons[Tier.FULL]
    assert ("Landlock" if os.geteuid() == 0 else "only root") in found.reasons[Tier.CONTAINER]


def test_a_tool_that_does_not_work_is_no_tier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "no namespaces here" in tiers.unavailable(Tier.FULL)


def test_a_tier_that_lets_rights_through_is_none() -> None:
    good = {"uid": 58000, "parent": 1, "rights": "0", "seccomp": 2, "privileges": 1, "network": 1}
    assert tiers._weakness(Tier.FULL, good) == ""
    for key, value in {"seccomp": 0, "privileges": 0, "rights": "1ff", "parent": 7, "network": 2}.items():
        assert tiers._weakness(Tier.FULL, good | {key: value}) != ""


def test_nothing_untrusted_runs_in_the_unsafe_tier() -> None:
    with pytest.raises(ValueError, match="not safe"):
        run.run(Job(["-c", "print('ran')"]), Tier.UNSAFE)


def test_a_tier_that_is_missing_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    outcome = run.run(Job(["-c", "print('ran')"]), Tier.FULL)
    assert outcome.cause is Cause.GRADER_FAULT and outcome.stdout == ""


@every_tier
def test_arrays_go_in_and_predictions_come_out(tier: Tier) -> None:
    x, file = np.arange(12, dtype=np.float32).reshape(4, 3), io.BytesIO()
    np.savez(file, x=x)
    source = "import numpy as np, os\nx = np.load(open(3, 'rb'))['x']\nos.write(4, x.argmax(1).astype('<i8').tobytes())"
    outcome = python(source, tier, input=file.getvalue(), result_bytes=8 * 4)
    assert outcome.cause is Cause.OK, outcome
    assert np.frombuffer(outcome.result, "<i8").tolist() == [2, 2, 2, 2]
    assert outcome.tier is tier and outcome.usage.wall_seconds > 0 and outcome.usage.maxrss > MB


CAUSES = {
    "print('before', flush=True); raise SystemExit(3)": Cause.EXIT_CODE,
    "import os; os.write(4, b'123')": Cause.PROTOCOL,
    "import os, time; os.write(4, b'12345'); time.sleep(9)": Cause.PROTOCOL,
    "while True: print('x' * 999)": Cause.OUTPUT_FLOOD,
    "x = bytearray(2**31)": Cause.OUT_OF_MEMORY,
    "import os; os.abort()": Cause.CRASH,
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": Cause.CRASH,
    "import os, signal; x = bytearray(b'x' * (245 * 2**20)); os.kill(os.getpid(), signal.SIGKILL)": Cause.OUT_OF_MEMORY,
    "import time; time.sleep(60)": Cause.WALL_TIME,
    "while True: pass": Cause.CPU_TIME,
}


@every_tier
@pytest.mark.parametrize("source", CAUSES)
def test_the_cause_of_an_end_is_named(tier: Tier, source: str) -> None:
    limits = dataclasses.replace(QUICK, wall_seconds=0.3) if "sleep(60)" in source else QUICK
    limits = dataclasses.replace(limits, cpu_seconds=0.5) if source == "while True: pass" else limits
    outcome = python(source, tier, result_bytes=4, limits=limits)
    assert outcome.cause is CAUSES[source], outcome
    assert outcome.result == b"" and len(outcome.stdout) <= limits.output
    if outcome.cause is Cause.EXIT_CODE:
        assert outcome.exit_code == 3 and outcome.stdout == "before\n"


@pytest.mark.parametrize("out_of_memory", [False, True], ids=["group", "machine"])
def test_a_job_that_the_kernel_killed_for_memory_is_told_so(out_of_memory: bool) -> None:
    streams = outcome.Streams(dict.fromkeys(("result", "stdout", "stderr"), b"") | {"status": b"ended - -9 1 1 1000"})
    found = outcome.judge(Job([]), Tier.FULL, streams, out_of_memory, not out_of_memory)
    assert found.cause is Cause.OUT_OF_MEMORY
    assert outcome.judge(Job([]), Tier.FULL, streams, False, False).cause is Cause.CRASH


def test_a_supervisor_that_was_killed_is_a_fault_only_where_no_job_can_do_it() -> None:
    streams = outcome.Streams(dict.fromkeys(("result", "stdout", "stderr", "status"), b""))
    causes = {tier: outcome.judge(Job([]), tier, streams, False, False).cause for tier in Tier}
    assert causes == {tier: Cause.GRADER_FAULT for tier in tiers.SAFE} | {Tier.UNSAFE: Cause.CRASH}


@every_tier
def test_a_job_can_be_ended_before_it_has_begun(tier: Tier) -> None:
    outcome = python("import time; time.sleep(60)", tier, limits=dataclasses.replace(QUICK, wall_seconds=1e-6))
    assert outcome.cause is Cause.WALL_TIME, outcome


@every_safe_tier
def test_memory_of_the_whole_job_is_counted(tier: Tier) -> None:
    source = "x = [bytearray(b'x' * 2**20) for _ in range(300)]\nimport time\ntime.sleep(1)"
    assert python(source, tier, limits=dataclasses.replace(QUICK, memory=64 * MB)).cause is Cause.OUT_OF_MEMORY


@every_safe_tier
def test_pages_shared_by_forks_are_counted_once(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "group", no_group)
    source = "import os, time\nx = bytearray(b'x' * (30 * 2**20))\nif os.fork():\n os.fork()\ntime.sleep(0.4)"
    outcome = python(source, tier, limits=dataclasses.replace(QUICK, memory=100 * MB))
    assert outcome.cause is Cause.OK, outcome


@every_tier
def test_a_job_sees_its_files_and_no_variable_of_ours(tier: Tier, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = 1\n")
    (tmp_path / "net.py").chmod(0o600)
    source = "import os, submission.net\nprint(sorted(os.environ), open(os.environ['TMPDIR'] + '/a', 'w').write('b'))"
    os.environ["KEY_OF_THE_GRADER"] = "1"
    try:
        outcome = python(source, tier, files={"submission": tmp_path}, env={"GIVEN": "1"})
    finally:
        del os.environ["KEY_OF_THE_GRADER"]
    assert outcome.cause is Cause.OK, outcome
    assert "GIVEN" in outcome.stdout and "KEY_OF_THE_GRADER" not in outcome.stdout


def test_the_supervisor_is_told_all_of_the_spec_but_the_command_that_starts_it() -> None:
    limits = Limits(cpu_seconds=7)
    spec = LaunchSpec(["bwrap", "/home/staff"], "/root", ["python"], {}, "/job", limits, readable=("/usr",))
    told = marshal.loads(spec.message())
    names = {field.name for field in dataclasses.fields(LaunchSpec)} - {"command"}
    assert set(told) == names | {"rlimits"} and told["limits"] == dataclasses.asdict(limits)
    assert told["rlimits"] == limits.rlimits() and b"staff" not in spec.message()


@every_safe_tier
def test_what_fails_on_our_side_is_not_the_students_fault(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    module = run.TIERS[tier]
    spec = module.launch_spec
    monkeypatch.setattr(module, "launch_spec", lambda *args: dataclasses.replace(spec(*args), argv=["/no/python"]))
    outcome = python("pass", tier)
    assert outcome.cause is Cause.GRADER_FAULT and "/no/python" in outcome.detail


@every_safe_tier
def test_a_job_runs_on_the_graders_own_python(tier: Tier) -> None:
    need(tier)
    outcome = python("import sys, sysconfig; print(sys.version, sysconfig.get_config_var('LDLIBRARY'))", tier)
    assert outcome.stdout.strip() == f"{sys.version} {sysconfig.get_config_var('LDLIBRARY')}", outcome


@every_safe_tier
def test_jobs_at_the_same_time_have_users_of_their_own(tier: Tier) -> None:
    need(tier)
    with ThreadPoolExecutor(4) as pool:
        source = "import os, time\nprint(open('/proc/self/status').read().split('Uid:')[1].split()[0])\ntime.sleep(0.3)"
        outcomes = list(pool.map(lambda _: python(source, tier), range(4)))
    assert {outcome.cause for outcome in outcomes} == {Cause.OK}
    assert len({outcome.stdout for outcome in outcomes}) == (4 if os.geteuid() == 0 else 1)


@every_safe_tier
def test_a_job_ends_with_its_grader(tier: Tier, own_temporary_folder: Path) -> None:
    need(tier)
    token = f"orphan{os.getpid()}{tier}"
    job = f"Job(['-c', 'import time; time.sleep(60) # {token}'])"
    source = f"from autograder.sandbox.run import *\nrun({job}, Tier('{tier}'))"
    grader = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stderr=subprocess.DEVNULL)
    with grader:
        while not any(pid != grader.pid for pid in leftovers.processes(token)):
            assert grader.poll() is None, "the grader has ended before its job"
            time.sleep(0.05)
        grader.kill()
    deadline = time.monotonic() + 60
    while leftovers.processes(token) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert leftovers.processes(token) == []
    above = workspace.parent()
    assert above is not None and above.parent == own_temporary_folder
    (folder,) = (path for path in above.glob("job-*") if path.is_dir())  # who is killed cannot tidy up
    groups = (folder / "groups").read_text().splitlines()
    workspace.clear_stale()
    assert not any(Path(path).exists() for path in [str(folder), *groups])
    assert sorted(path.name for path in above.iterdir()) == [workspace.TOKEN]


def test_links_pipes_and_names_outside_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_text("x")
    (tmp_path / "to").mkdir()
    for files in (
        {"a": tmp_path / "source"},
        {"a": tmp_path / "source/link"},
        {"a": tmp_path / "pipe"},
        {"../a": tmp_path / "plain"},
        {"/a": tmp_path / "plain"},
        {"": tmp_path / "plain"},
    ):
        with pytest.raises(ValueError, match="expected"):
            copy_in.copy_job_files(files, tmp_path / "to")
    copy_in.copy_job_files({"deep/er/a": tmp_path / "plain"}, tmp_path / "to")
    assert (tmp_path / "to/deep/er/a").read_text() == "x"


def test_too_much_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big").write_bytes(bytes(100))
    monkeypatch.setattr(copy_in, "MOST_BYTES", 99)
    with pytest.raises(ValueError, match="at most 99 bytes"):
        copy_in.copy_job_files({"a": tmp_path / "big"}, tmp_path)


def test_a_folder_is_removed_however_deep(tmp_path: Path) -> None:
    source = "import os\nfor _ in range(1500):\n os.mkdir('d')\n os.chdir('d')"
    subprocess.run([sys.executable, "-c", source], cwd=tmp_path, check=True)
    copy_in.remove(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_files_are_counted_however_they_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(b"x" * 10_000)
    (tmp_path / "link").symlink_to("/usr")
    size, count = usage.folder(str(tmp_path))
    assert 10_000 <= size < 100_000 and count == 3
    folder = tmp_path
    for _ in range(usage.DEEPEST + 1):
        folder /= "d"
        folder.mkdir()
    assert usage.folder(str(tmp_path))[1] > usage.MOST_FILES


@given(st.binary())
def test_output_is_safe_to_show(data: bytes) -> None:
    text = outcome.printable(data)
    assert not set(text) & {chr(i) for i in [*range(9), *range(11, 32), *range(127, 160), 0x202E]}
    assert outcome.printable(b"\x1b[31mred\x1b[0m\r\nline\tend") == "red\nline\tend"


@pytest.mark.parametrize("cause", [*Cause, *Reason])
def test_every_cause_is_explained(cause: str) -> None:
    text = explain(cause, Limits(cpu_seconds=7, wall_seconds=77, memory=777 * MB), exit_code=-signal.SIGSEGV)
    assert "{" not in text.title + text.paragraph and len(text.paragraph) > 100
    assert set(TEXTS) == {*Cause, *Reason}
    if cause in (Cause.CPU_TIME, Cause.WALL_TIME, Cause.OUT_OF_MEMORY):
        assert "7" in text.title
    if cause is Cause.CRASH:
        assert "segmentation fault" in text.title


SPENT = {
    "a loop that never ends": (Usage(118, 120), "busy all the time"),
    "two cores": (Usage(230, 120), "busy all the time"),
    "a wait": (Usage(2.5, 120), "probably waiting"),
    "a busy machine": (Usage(30, 120), "the machine was busy"),
    "not counted": (Usage(), "Either it never ends"),
}


@pytest.mark.parametrize(("usage", "words"), SPENT.values(), ids=list(SPENT))
def test_the_words_on_a_time_limit_fit_the_processor_time(usage: Usage, words: str) -> None:
    text = explain(Cause.WALL_TIME, Limits(), usage=usage).paragraph
    assert [said for _, said in SPENT.values() if said in text and said != words] == []
    assert words in text
    assert ("keyboard" in text) == (words in ("probably waiting", "Either it never ends"))
    assert ("endless loop" in text) == (words in ("busy all the time", "Either it never ends"))


def test_too_much_processor_time_is_first_of_all_an_endless_loop() -> None:
    text = explain(Cause.CPU_TIME, Limits(), usage=Usage(60, 61)).paragraph
    assert "endless loop" in text.split(";")[0] and "keyboard" not in text


def test_the_grader_is_small() -> None:
    source = (
        "import autograder.__main__, sys\nassert 'torch' not in sys.modules\nprint(open('/proc/self/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout.split("VmHWM:")[1].split()[0]) < 120 * 1024


def test_every_attack_has_its_payload() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.py")} == {*ATTACKS, "aims"}
    assert all(attack.tries.endswith(".") for attack in ATTACKS.values())


def test_doctor_prints_tiers_and_attacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(["doctor", "--attack", "flood", "link"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"tier: {detection().tier}\n") and "2 of 2 caught" in text
    assert f"\njobs: {'forked' if detection().safe else 'started as programs, which takes longer'}\n" in text


def test_doctor_fails_when_an_attack_comes_out_otherwise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ATTACKS, "flood", dataclasses.replace(ATTACKS["flood"], cause=Cause.WALL_TIME))
    assert autograder.main(["doctor", "--tier", "unsafe", "--attack", "flood"]) == 1
    assert "NOT AS EXPECTED: output flood" in capsys.readouterr().out


def test_doctor_names_a_mistake(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert autograder.main(["doctor", "--attack", "nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert autograder.main(["doctor", "--tier", "full"]) == 1
    assert "bubblewrap is not installed" in capsys.readouterr().out


@pytest.mark.slow
@every_tier
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_comes_out_as_expected(attack: Attack, tier: Tier) -> None:
    need(tier)
    done = replay(attack, tier)
    assert done.as_expected, (done.how, done.outcome)


@pytest.mark.slow
@every_safe_tier
@pytest.mark.parametrize("attack", LIMITED, ids=lambda attack: attack.name)
def test_limits_hold_without_control_groups(attack: Attack, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    need(tier)
    monkeypatch.setattr(cgroup, "group", no_group)
    done = replay(attack, tier)
    assert done.as_expected, (done.how, done.outcome)


@pytest.mark.slow
@every_safe_tier
@pytest.mark.parametrize("name", ["socket_memory", "hidden_sockets", "first_thread"])
def test_memory_that_is_in_no_resident_set_is_the_jobs(name: str, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    need(tier)
    monkeypatch.setattr(cgroup, "group", no_group)
    outcome = replay(ATTACKS[name], tier).outcome
    assert outcome is not None and outcome.cause is Cause.OUT_OF_MEMORY, outcome


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv to give up what a container does not have")
def test_the_container_tier_works_with_a_containers_rights() -> None:
    need(Tier.CONTAINER)
    kept = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+sys_chroot,+mknod"
    command = ["setpriv", f"--bounding-set={kept}", "--inh-caps=-all", sys.executable, "-m", "autograder", "doctor"]
    done = subprocess.run([*command, "--tier", "container"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("tier: container\n")


@pytest.mark.slow
@every_tier
def test_torch_trains_within_the_limits(tier: Tier) -> None:
    source = """
import torch
net = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(5408, 10))
optimizer = torch.optim.Adam(net.parameters())
for _ in range(5):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(torch.randn(50, 1, 28, 28)), torch.zeros(50).long()).backward()
    optimizer.step()
print(torch.get_num_threads())
"""
    outcome = python(source, tier, limits=Limits(threads=2, address_space=2500 * MB))
    assert outcome.cause is Cause.OK, outcome
    assert outcome.stdout == "2\n"


def test_the_container_tier_reaches_an_interpreter_in_a_closed_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert container._is_private(str(tmp_path)) and not container._is_private("/usr")
