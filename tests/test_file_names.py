"""Students' files of any name beside ours: none hides a module that we import, or the program says which does."""

import importlib.util
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

from autograder import registry
from autograder.commands import handout

# names that a student may choose, and all that Python has: none is imported from beside our programs
NAMES = ["data", "labs", "reader", "smallnets", "autograder", "test", "utils", "train", "model"]
NAMES += [name for name in sys.stdlib_module_names if not name.startswith("_") and find_spec(name) is not None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MP6's handout, with our solution and its nets in it."""
    handout.write(registry.load("mp6"), tmp_path)
    for path in (*ROOT.glob("neuralnet_p?.py"), *ROOT.glob("models/reference/*.model")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def run(folder: Path, line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *line.split()], cwd=folder, capture_output=True, text=True)


def plant(folder: Path) -> None:
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"raise RuntimeError('the file {name}.py was imported')\n")


@pytest.mark.parametrize("line", ["-m autograder pack", "mp6.py --part 1 --max_iter 1 --quiet"])
def test_no_file_of_a_student_hides_a_module_of_ours_or_pythons(line: str, folder: Path) -> None:
    if line.startswith("mp6.py") and importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    plant(folder)
    done = run(folder, line)
    assert done.returncode == 0 and "imported" not in done.stderr + done.stdout, done


@pytest.mark.slow
def test_no_file_of_a_student_changes_what_check_finds(folder: Path) -> None:
    plant(folder)
    done = run(folder, "-m autograder check --only 1.9")
    assert done.returncode == 0 and "score: 5 of 5" in done.stdout, done


@pytest.mark.parametrize("file", ["numpy.py", "torch.py", "matplotlib/__init__.py", "tqdm.py"])
@pytest.mark.parametrize("line", ["-m autograder pack", "-m autograder check", "mp6.py"])
def test_a_file_that_hides_a_package_is_named(line: str, file: str, folder: Path) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    done = run(folder, line)
    hiding = path.parent if path.name == "__init__.py" else path
    got = f"got {hiding}: rename it, such as to my_{hiding.name}"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: expected no file of yours to have a package's name, {got}\n"


def test_a_program_of_a_lab_imports_pythons_modules_too(tmp_path: Path) -> None:
    handout.write(registry.load("beras"), tmp_path)
    there = tmp_path / "labs/beras"
    for name in ("random", "json", "copy", "types", "datetime"):
        (there / f"{name}.py").write_text(f"raise RuntimeError('the file {name}.py was imported')\n")
    done = run(there, "assignment.py --help")
    assert done.returncode == 0 and done.stdout.startswith("usage: assignment.py"), done


def test_the_courses_reader_is_still_there_for_students(folder: Path) -> None:
    (folder / "mine.py").write_text("import reader\nprint(len(reader.load_dataset('data/fashion_mnist', 1)[0]))\n")
    done = run(folder, "mine.py")
    assert (done.returncode, done.stdout) == (0, "7500\n"), done


def test_in_a_handout_no_lab_need_be_named(folder: Path) -> None:
    done = run(folder, "-m autograder pack")
    assert done.returncode == 0 and "written: mp6.zip, 6 files" in done.stdout, done
    assert "the following arguments are required" not in run(folder, "-m autograder check --only 9.").stderr
