"""What works on macOS and on Windows, on this machine made to look like them: modules, calls and /proc are missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

LOOK_ALIKE = ROOT / "tests/other_system.py"
COURSE = (
    '"""A lab of one function."""\n'
    "from autograder.runner.check_step import check_step, module_checks\n"
    "from autograder.lab import HandIn, Handout, Lab\n"
    'ROWS = (("right", 2.0, ("check_right",)), ("also right", 3.0, ("check_also",)))\n'
    "LAB = Lab(\n"
    '    name="tiny", title="Tiny", hand_in=(HandIn("answer.py", functions={"answer": ("n",)}),),\n'
    '    load=lambda staff, seed: (None, f"inputs of seed {seed}"),\n'
    '    steps=(check_step("tiny", "labs.tiny.grading.checks", [row[2][0] for row in ROWS], ("answer.py",)),),\n'
    '    checks=tuple(module_checks("tiny", "1", ROWS)),\n'
    '    handout=Handout("labs/tiny", {"answer.py": ("answer",)}, (), "LICENSE"),\n'
    ")\n"
)
CHECKS = (
    '"""Checks."""\n'
    "import importlib\n"
    "from autograder.runner.assertions import equal\n"
    'def load(): return importlib.import_module("answer")\n'
    'def check_right(module, rng): equal(module.answer(2), 4, "answer to 2")\n'
    'def check_also(module, rng): equal(module.answer(3), 6, "answer to 3")\n'
)
systems = pytest.mark.parametrize("system", ["darwin", "win32"])


def run(system: str, *words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program of the checkout in `cwd` as on another system."""
    command = [sys.executable, str(LOOK_ALIKE), system, *map(str, words)]
    env = os.environ | {"PYTHONPATH": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


@pytest.mark.slow
@systems
def test_check_and_pack_work_from_a_handout(system: str, checkout: Path, tmp_path: Path) -> None:
    for name, text in {
        "labs/tiny/grading/declaration.py": COURSE,
        "labs/tiny/grading/checks.py": CHECKS,
        "labs/tiny/answer.py": 'def answer(n: int) -> int:\n    """Twice n."""\n    return 2 * n\n',
    }.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
    made = run(system, "-m", "autograder", "handout", "--lab", "tiny", "--out", tmp_path / "handout", cwd=checkout)
    assert made.returncode == 0, made.stderr
    there = tmp_path / "handout"
    untouched = run(system, "-m", "autograder", "check", cwd=there)
    assert untouched.returncode == 1 and "score: 0 of 5" in untouched.stdout, untouched.stderr
    (there / "labs/tiny/answer.py").write_bytes((checkout / "labs/tiny/answer.py").read_bytes())
    done = run(system, "-m", "autograder", "check", cwd=there)
    assert done.returncode == 0 and "score: 5 of 5" in done.stdout, done.stdout + done.stderr
    packed = run(system, "-m", "autograder", "pack", "labs/tiny", "--lab", "tiny", cwd=there)
    assert packed.returncode == 0 and "written: tiny.zip" in packed.stdout, packed.stdout + packed.stderr


@pytest.mark.slow
@systems
def test_mp6_and_a_lab_run(system: str, tmp_path: Path) -> None:
    done = run(system, "mp6.py", "--part", "1", "--max_iter", "1", "--models", tmp_path)
    assert done.returncode == 0 and "threshold" not in done.stderr, done.stderr
    assert (tmp_path / "net_p1.model").is_file() and "num_parameters: 100867" in done.stdout
    lab = ROOT / "labs/beras/assignment.py"
    simple = run(system, lab, "--simple", "--epochs", "1", "--data", tmp_path)
    assert simple.returncode == 2 and simple.stderr.count("\n") == 1, simple.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "options", "line"),
    [
        ("batchnorm/run_mlp.py", "--epochs 1", "Test set: Average loss: "),
        ("numpy_to_cnn/numpy_nn.py", "--epochs 1 --out nn", "written: numpy_nn_training.png, "),
        ("quickdraw/search.py", "--model densenet --trials 1 --epochs 1 --jobs 1", "best: "),
    ],
    ids=["batchnorm", "numpy_to_cnn", "quickdraw"],
)
def test_a_lab_trains_on_windows(program: str, options: str, line: str, checkout: Path) -> None:
    done = run("win32", checkout / "labs" / program, *options.split(), cwd=checkout)
    assert done.returncode == 0 and line in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_what_windows_cannot_do_is_said_in_one_line() -> None:
    helped = run("win32", "-m", "autograder", "--help")
    assert helped.returncode == 0 and "check" in helped.stdout and "class" in helped.stdout, helped.stderr
    for name in ("grade", "class", "serve"):
        done = run("win32", "-m", "autograder", name, "x", "--lab", "mp6")
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(f"error: expected Linux or macOS for `{name}`, got win32, which has no "), (
            done.stderr
        )


@pytest.mark.slow
def test_without_proc_the_tiers_name_their_reasons() -> None:
    done = run("darwin", "-m", "autograder", "doctor", "--tier", "full")
    assert done.returncode == 1 and "needs Linux" in done.stdout, done.stdout + done.stderr
