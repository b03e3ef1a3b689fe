"""The bundle of a small lab, made in a copy of the checkout and run as the platform would run it."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Once, copy_checkout
from graded import graded, lost, submission

from autograder import registry
from autograder.commands import bundle, emulate
from autograder.gradescope import memory
from autograder.packaging import checkout_files, imports
from autograder.sandbox.job import MB
from smallnets import zipping

TINY = """
from pathlib import Path

from autograder.lab import Check, HandIn, Lab, Run, Step, Verdict
from autograder.sandbox.job import Job

RUN = "import os, sys; sys.path.insert(0, 'submission'); import answer; os.write(4, answer.answer(20).to_bytes(2))"


def load(staff, seed):
    if staff is not None and not (staff / "right").is_file():
        raise FileNotFoundError(f"expected right in {staff}, got no such file")
    return int((staff / "right").read_text()) if staff else 41, f"data of seed {seed}"


def job(run):
    return Job(["-c", RUN], {"submission/answer.py": run.submission.files["answer.py"]}, result_bytes=2)


def judge(run: Run) -> Verdict:
    return Verdict(float(run.results["run"].value == run.data), f"expected {run.data}")


LAB = Lab(
    name="tiny",
    title="Tiny",
    hand_in=(HandIn("answer.py"),),
    load=load,
    steps=(Step("run", ("answer.py",), job, lambda run, result: int.from_bytes(result)),),
    checks=(Check("1", "the answer", 7, ("run",), judge),),
    needs=("data/tiny/*.txt",),
)
"""
OTHERS = "from labs.tiny.grading.declaration import LAB\n"
RIGHT, WRONG = "def answer(n): return 42\n", "def answer(n): return 41\n"


sets_up = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="a bundle sets PyTorch up")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with two more labs, their data, hidden data of one, and submissions."""
    folder = copy_checkout(tmp_path_factory.mktemp("course") / "checkout")
    files = {
        "labs/tiny/grading/declaration.py": TINY,
        "labs/tiny/grading/hidden.py": "",
        "labs/other/grading/declaration.py": OTHERS,
        "labs/other/grading/verdicts.py": "hidden = 1\n",
        "data/tiny/public.txt": "for all\n",
        "data/tiny/x_test_part1.txt": "hidden\n",
        "data/other/other.txt": "for others\n",
        "staff/right": "42",
        "right/answer.py": RIGHT,
        "wrong/answer.py": WRONG,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    made(folder, "--staff", "staff")
    return folder


def command(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)} | (env or {}),
        capture_output=True,
        text=True,
    )


BUNDLE_MISTAKES = [
    ([], "tiny has hidden data: pass --staff DIR"),
    (["--staff", "nowhere"], "expected --staff to be a folder, got nowhere"),
    (["--staff", "wrong"], "expected right in wrong, got no such file"),
    (["--staff", "leaky"], "expected nothing but hidden data in leaky, got my_secret.txt: keep it elsewhere"),
    (["--staff", "staff", "--out", "bundle.tar"], "expected --out to end in .zip, got bundle.tar"),
    (["--staff", "staff", "--out", "notes.zip"], "expected notes.zip to be an archive that can be replaced"),
    (["--staff", "staff", "--lab", "nosuch"], "expected a lab among "),
    (["--staff", "staff", "--memory", "100"], "expected a whole number of at least 256, got 100"),
    (["--staff", "staff", "--minutes", "41"], "expected a whole number of at most 40, got 41"),
    (["--staff", "staff", "--per-day", "0"], "expected a whole number of at least 1, got 0"),
]
EMULATE_MISTAKES = [
    (["staff/right", "right"], "expected a bundle, written by `bundle`, got staff/right"),
    (["nowhere.zip", "right"], "expected a bundle, written by `bundle`, got nowhere.zip"),
    (["right.zip", "right"], "expected setup.sh of the bundle to end with 0, got 127"),
    (["autograder.zip", "nowhere"], "expected a folder or a zip archive, got nowhere"),
    (["autograder.zip", "staff/right"], "expected a folder or a zip archive, got staff/right"),
    (["autograder.zip", "right", "--metadata", "nowhere"], "expected nowhere, got no such file"),
]
EACH = """
import contextlib, json, sys, tempfile
from autograder.__main__ import main
done = []
for words in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile("w+") as told, contextlib.redirect_stderr(told):
        try:
            code = main(words)
        except SystemExit as error:
            code = error.code
        told.seek(0)
        done.append((code, told.read()))
print(json.dumps(done))
"""
Refused = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def before_mistakes(course: Path) -> bytes:
    return (course / "autograder.zip").read_bytes()


@pytest.fixture(scope="module")
def refused(course: Path, before_mistakes: bytes) -> Refused:
    """(exit code, stderr) of a command line that makes a mistake. One process is asked all, as its start takes long."""
    shutil.copytree(course / "staff", course / "leaky", dirs_exist_ok=True)
    (course / "leaky/my_secret.txt").write_text("0123456789abcdef")
    (course / "notes.zip").write_text("mine")
    zipping.write(course / "right.zip", {"answer.py": course / "right/answer.py"})
    lines = [["bundle", "--lab", "tiny", *arguments] for arguments, _ in BUNDLE_MISTAKES]
    lines += [["emulate", *arguments] for arguments, _ in EMULATE_MISTAKES]
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(lines)],
        cwd=course, env=os.environ | {"PYTHONPATH": str(course)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [(code, told) for code, told in json.loads(done.stdout.splitlines()[-1])]
    return lambda *words: answers[lines.index(list(words))]


def made(folder: Path, *arguments: str) -> str:
    """What `bundle` prints, which must succeed."""
    done = command(folder, "bundle", "--lab", "tiny", "--i-trust-this", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def emulated(course: Path, submission: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = command(course, "emulate", "autograder.zip", submission, *arguments)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names(course: Path) -> list[str]:
    with zipfile.ZipFile(course / "autograder.zip") as archive:
        return archive.namelist()


def test_the_programs_lie_at_the_root_and_can_be_run(course: Path) -> None:
    with zipfile.ZipFile(course / "autograder.zip") as archive:
        for name in ("setup.sh", "run_autograder"):
            info = archive.getinfo(name)
            assert info.external_attr >> 16 & 0o777 == 0o755
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n") and b"\r" not in archive.read(name)
        assert archive.testzip() is None


def test_it_holds_what_the_lab_needs_and_no_secret(course: Path) -> None:
    found = names(course)
    assert {
        "staff/right",
        "data/tiny/public.txt",
        "labs/tiny/grading/declaration.py",
        "autograder/grading/grade.py",
    } <= set(found)
    kept_back = r"attacks|mutants|solutions|handouts|models/|tests/|records/|other|neuralnet|mp6|secret|_test_part"
    assert [name for name in found if re.search(kept_back, name)] == []
    assert {name.split("/")[0] for name in found} == {
        "autograder", "smallnets", "labs", "data", "staff", "pyproject.toml", "requirements.txt", "settings.json",
        "setup.sh", "run_autograder",
    }  # fmt: skip


@pytest.mark.parametrize("name", registry.names())
def test_all_that_its_modules_import_is_in_it(name: str) -> None:
    """Also those that the handout gives, and students' programs import in a job."""
    files = set(checkout_files.grader(registry.load(name), ("gradescope.__main__",)))
    assert set(imports.needed(path for path in files if path.endswith(".py"))) <= files


def test_the_packages_are_pinned_as_in_the_checkout(course: Path) -> None:
    with zipfile.ZipFile(course / "autograder.zip") as archive:
        lines = archive.read("requirements.txt").decode().splitlines()
    assert {line.split("==")[0] for line in lines} == set(bundle.PACKAGES)
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert all(re.search(f"^{re.escape(line)} ", wanted, re.MULTILINE) for line in lines)


def test_the_same_files_give_the_same_bytes(course: Path) -> None:
    before = (course / "autograder.zip").read_bytes()
    for path in (
        course / "autograder/grading/grade.py",
        course / "staff/right",
        course / "autograder/gradescope/setup.sh",
    ):
        os.utime(path, (10**9, 10**9))
        path.chmod(0o600)
    made(course, "--staff", "staff", "--out", "again.zip")
    assert (course / "again.zip").read_bytes() == before
    (course / "staff/right").write_text("43")
    made(course, "--staff", "staff", "--out", "again.zip")
    with zipfile.ZipFile(course / "again.zip") as archive, zipfile.ZipFile(course / "autograder.zip") as first:
        salts = [json.loads(file.read("settings.json"))["salt"] for file in (archive, first)]
    (course / "staff/right").write_text("42")
    assert salts[0] != salts[1]


def test_line_ends_of_another_system_are_mended(course: Path) -> None:
    path = course / "autograder/gradescope/run_autograder"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\n", b"\r\n"))
    made(course, "--staff", "staff", "--out", "again.zip")
    path.write_bytes(before)
    assert (course / "again.zip").read_bytes() == (course / "autograder.zip").read_bytes()


def test_what_is_to_be_set_on_the_platform_is_said(course: Path) -> None:
    options = ("--memory", "1536", "--minutes", "20", "--per-day", "5", "--out", "again.zip")
    out = made(course, "--staff", "staff", *options)
    assert "set in Gradescope: 1536 MB of memory or more, a time limit of 20 minutes\n" in out
    assert f"a student's program gets {1536 - memory.GRADER // MB} MB\n" in out
    with zipfile.ZipFile(course / "again.zip") as archive:
        chosen = json.loads(archive.read("settings.json"))
    assert (chosen["memory"], chosen["minutes"], chosen["per_day"], chosen["trust"]) == (1536, 20, 5, True)


@pytest.mark.parametrize(("arguments", "words"), BUNDLE_MISTAKES)
def test_a_mistake_is_named_in_one_line(arguments: list[str], words: str, refused: Refused) -> None:
    code, told = refused("bundle", "--lab", "tiny", *arguments)
    assert code == 2 and words in told and told.count("\n") == 1, told


def test_a_mistake_costs_no_file(course: Path, before_mistakes: bytes, refused: Refused) -> None:
    assert (course / "notes.zip").read_text() == "mine" and (course / "autograder.zip").read_bytes() == before_mistakes


@sets_up
def test_the_emulated_platform_grades(course: Path) -> None:
    found = emulated(course, "right")
    assert [test["score"] for test in found["tests"]] == [7] and found["extra_data"]["fault"] is False


@sets_up
def test_the_emulated_platform_tells_what_it_is_to_tell(course: Path) -> None:
    (course / "known.json").write_text('{"id": "abc"}')
    found = emulated(course, "wrong", "--metadata", "known.json")
    assert [test["score"] for test in found["tests"]] == [0]
    assert found["extra_data"]["audit"]["submission"] == "abc"


@sets_up
def test_a_zip_is_unpacked_as_the_platform_does(course: Path) -> None:
    zipping.write(course / "right.zip", {"answer.py": course / "right/answer.py"})
    assert [test["score"] for test in emulated(course, "right.zip")["tests"]] == [7]


@pytest.mark.parametrize(("arguments", "words"), EMULATE_MISTAKES)
def test_what_cannot_be_emulated_is_named(arguments: list[str], words: str, refused: Refused) -> None:
    code, told = refused("emulate", *arguments)
    assert code == 2 and words in told, told


def laid_out(course: Path, base: Path) -> Path:
    """A folder like /autograder, before setup.sh has run."""
    emulate.unpack(course / "autograder.zip", base / "source")
    shutil.copytree(course / "right", base / "submission")
    shutil.copy(base / "source/run_autograder", base)
    return base


def test_a_grader_that_cannot_start_claims_no_score(course: Path, tmp_path: Path) -> None:
    base = laid_out(course, tmp_path / "autograder")
    for interpreter in (None, "/no/such/python", "/bin/false"):
        if interpreter:
            (base / "source/interpreter").write_text(interpreter)
        shutil.rmtree(base / "results", ignore_errors=True)
        assert subprocess.run([base / "run_autograder"], capture_output=True).returncode == 0
        found = json.loads((base / "results/results.json").read_text())
        assert found["score"] == 0 and "nothing was judged" in found["output"]
        assert '"not graded"' in found["output"] and found["extra_data"]["fault"] is True


def test_a_grader_that_is_killed_leaves_word(course: Path, tmp_path: Path) -> None:
    base = laid_out(course, tmp_path / "autograder")
    (base / "source/autograder/grading/grade.py").write_text(
        "import os\ngrade = None\ndef chosen_tier(*_): os.kill(os.getpid(), 9)\n"
    )
    (base / "source/interpreter").write_text(sys.executable)
    assert subprocess.run([base / "run_autograder"], capture_output=True).returncode == 0
    found = json.loads((base / "results/results.json").read_text())
    assert "did not finish" in found["output"] and found["extra_data"]["audit"] == {"provisional": True}


def test_an_interpreter_without_the_packages_fails_the_setup(course: Path, tmp_path: Path) -> None:
    base = laid_out(course, tmp_path / "autograder")
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -I "$@"\n')
    (tmp_path / "python").chmod(0o755)
    env = os.environ | {"SMALLNETS_PYTHON": str(tmp_path / "python")}
    done = subprocess.run(["bash", base / "source/setup.sh"], env=env, capture_output=True, text=True)
    assert done.returncode and "PackageNotFoundError: " in done.stderr.splitlines()[-1]
    assert not (base / "source/interpreter").exists()


PROGRAMS = [ROOT / "autograder/gradescope" / name for name in bundle.PROGRAMS]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_the_shell_understands_the_programs(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", path], check=True)


def test_the_setup_installs_beside_the_systems_python(tmp_path: Path) -> None:
    """With programs that only say that they were called: 3.11, torch from the CPU index, the rest pinned."""
    for name in ("apt-get", "python3.11", "python3", "pip"):
        (tmp_path / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(tmp_path / "called"))}\n'
            '[ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python"\nexit 0\n'
        )
        (tmp_path / name).chmod(0o755)
    source = tmp_path / "autograder/source"
    source.mkdir(parents=True)
    shutil.copy(PROGRAMS[0], source)
    (source / "requirements.txt").write_text("torch==2.13.0\nnumpy==2.4.6\n")
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["bash", source / "setup.sh"], env=env, check=True)
    called = (tmp_path / "called").read_text().splitlines()
    of_the_system = r"^(python3|pip) |install.* python3( |$)"
    assert not [line for line in called if re.search(of_the_system, line)]
    assert [line for line in called if line.endswith("python3.11 python3.11-venv")]
    (torch,) = [line for line in called if "https://download.pytorch.org/whl/cpu" in line]
    assert torch.endswith(f"-r {source}/torch.txt") and (source / "torch.txt").read_text() == "torch==2.13.0\n"
    assert called.index(torch) < next(k for k, line in enumerate(called) if line.endswith("requirements.txt"))
    assert (source / "interpreter").read_text() == f"{tmp_path}/autograder/venv/bin/python\n"


# what a lab needs that the platform does not give unasked, as the README says
SETTINGS: dict[str, dict[str, Any]] = {}


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names())
@pytest.mark.longest
def test_the_emulated_platform_gives_the_score_that_grade_gives(name: str, tmp_path: Path, once: Once) -> None:
    lab = registry.load(name)
    staff = tmp_path / "staff" if lab.hidden else None
    if lab.hidden and staff:
        staff.mkdir()
        lab.hidden(b"a secret of the tests", staff)
    files = bundle.staff_files(lab, staff)
    zipping.write(
        tmp_path / "autograder.zip",
        bundle.contents(lab, files, bundle.Settings(name, bundle.salt(files), trust=True, **SETTINGS.get(name, {}))),
        programs=bundle.PROGRAMS,
    )
    work = submission(lab, tmp_path, once=once)
    found = emulate.emulate(
        tmp_path / "autograder.zip", work, json.dumps(emulate.MADE_UP).encode(), tmp_path / "platform"
    )
    audit = found["extra_data"]["audit"]
    report = graded(lab, work, staff=staff, seed=audit["seed"])
    assert {test["number"]: test.get("score", 0) for test in found["tests"]} == {
        test.number: test.score for test in report.tests
    }
    assert found["leaderboard"] == [
        {"name": name, "value": pytest.approx(value, rel=1e-3), "order": "desc" if better == "high" else "asc"}
        for name, value, better in report.columns
    ]
    assert lost(report) == {} and report.score >= report.max_score > 0 and found["extra_data"]["fault"] is False
    # the grader keeps to its own part of the container
    assert audit["grader_maxrss"] < memory.GRADER - 48 * MB
    limits, lab_limits = audit["limits"], audit["limits"]["lab"]
    for step, used in audit["steps"].items():
        assert used.get("maxrss", 0) <= limits.get(step, lab_limits)["memory"]
