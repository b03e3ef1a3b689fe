"""Labs are found by their folders, in the checkout and wherever a course keeps its own."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from test_adding_a_lab import FILES

from autograder import __main__ as autograder
from autograder import registry
from autograder.packaging import checkout_files

LABS = sorted(path.name for path in (ROOT / "labs").iterdir() if (path / "grading/declaration.py").is_file())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A course's own folder with one lab, the first of the page on adding a lab under another name."""
    folder = tmp_path / "our course"
    for name, content in FILES:
        if name.startswith("labs/softmax/"):
            path = folder / name.removeprefix("labs/").replace("softmax", "ours")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content.replace("softmax", "ours"), encoding="utf-8")
    yield folder
    for module in [module for module in sys.modules if module.startswith("labs.ours")]:
        del sys.modules[module]


def test_the_labs_of_the_checkout_are_its_folders() -> None:
    assert registry.names() == LABS
    for name in LABS:
        assert registry.load(name).module == f"labs.{name}.grading.declaration"


@pytest.mark.parametrize("name", [name for name in LABS if registry.load(name).hidden])
def test_hidden_data_that_are_missing_are_named_with_the_command_that_makes_them(name: str, tmp_path: Path) -> None:
    lab, folder = registry.load(name), tmp_path / "staff"
    command = f"make the hidden data with `python -m autograder hidden --lab {name} --secret FILE --out {folder}`"
    with pytest.raises(FileNotFoundError, match=rf"^expected .*{re.escape(str(folder))}.*; {re.escape(command)}$"):
        lab.loaded(folder, 0)


def test_a_lab_of_the_courses_own_is_graded_and_handed_out_like_any_other(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert autograder.main(["--labs", str(own), "check", "--lab", "ours"]) == 0
    assert "score: 10 of 10" in capsys.readouterr().out
    assert autograder.main(["--labs", str(own), "handout", "--lab", "ours", "--out", "handout"]) == 0
    given = (tmp_path / "handout/labs/ours/ours.py").read_text()
    assert "def ours(x: np.ndarray)" in given and "np.exp" not in given
    assert (tmp_path / "handout/labs/ours/grading/checks.py").is_file()
    assert registry.names() == LABS, "known while that command ran, no longer"


def test_its_grades_depend_on_its_own_files(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(registry.VARIABLE, str(own))
    lab = registry.load("ours")
    before, others = checkout_files.grader_hash(lab), checkout_files.grader_hash(registry.load("beras"))
    with open(own / "ours/grading/checks.py", "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert checkout_files.grader_hash(lab) != before and checkout_files.grader_hash(registry.load("beras")) == others


def test_two_labs_of_one_name_are_named(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(own, tmp_path / "again")
    monkeypatch.setenv(registry.VARIABLE, os.pathsep.join([str(own), str(tmp_path / "again")]))
    with pytest.raises(ValueError, match="expected one lab named ours, got .*our course.* and .*again"):
        registry.names()


@pytest.mark.parametrize("arguments", [["--labs", "nowhere", "check"], ["--labs=nowhere", "pack"]], ids=" ".join)
def test_a_folder_that_is_not_there_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(arguments) == 2
    err = capsys.readouterr().err
    assert "expected SMALLNETS_LABS or --labs to name folders with labs, got" in err and err.count("\n") == 1
