"""Modules of a student's own: found by the imports of the files handed in, taken along, and run in the grading."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import graded
import pytest
from conftest import Once
from submissions import CODE, LAB, MODEL, Files, contents, make_folder, make_zip, taken

from autograder import registry
from autograder.intake import helpers, take_in
from autograder.lab import MOST_SOURCE, HandIn, Handout, Submission
from autograder.lint.files import lint_files
from autograder.sandbox.run import Launch
from smallnets import zipping


@pytest.fixture(params=[make_folder, make_zip], ids=["folder", "zip"])
def submit(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Files], Submission]:
    """Hand files in, as a folder or as a zip."""
    return lambda files: taken(request.param(tmp_path / "submission", files))


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import a", ["a"]),
        ("import a, b.c as d  # and e", ["a", "b.c"]),
        ("from a import b, c as d", ["a", "a.b", "a.c"]),
        ("from a import (  # of mine\n    b,\n    c as d,\n)", ["a", "a.b", "a.c"]),
        ("from a import b, \\\n    c", ["a", "a.b", "a.c"]),
        ("from a.b import *", ["a.b", "a.b.*"]),
        ("from . import a\nfrom .b import c\nfrom ..d import e", [".", ".a", ".b", ".b.c", "..d", "..d.e"]),
        ("def f():\n\timport a; import b", ["a", "b"]),
        ("try: import a\nexcept ImportError: import b", ["a", "b"]),
        ("x = 1  # import a\nimportant = 2\nfromage = 3", []),
        ("import a\nimport a", ["a"]),
        ("import", []),
        ("import ,", []),
        ("from import a", []),
    ],
    ids=[
        "one", "two", "names", "in brackets", "over lines", "all names", "relative", "in a function", "tried",
        "other words", "twice", "nothing", "a comma", "no module",
    ],
)  # fmt: skip
def test_imports_are_found_in_the_text(source: str, modules: list[str]) -> None:
    assert helpers.imported(source) == modules


def test_a_hostile_source_takes_no_time() -> None:
    for line in (
        "import (" * 25_000,
        "from " * 40_000,
        ";import a," * 20_000,
        "from " + "a." * 90_000,
        "\\\n" * 90_000,
    ):
        helpers.imported(line)  # in seconds, not hours


@pytest.mark.parametrize("around", ["", "my work/"])
def test_modules_come_along_with_the_file_that_imports_them(submit: Callable[[Files], Submission], around: str) -> None:
    own = {
        "myresnet.py": b"from blocks.conv import Block\nimport missing",
        "blocks/__init__.py": b"from . import norm",
        "blocks/conv.py": b"",
        "blocks/norm.py": b"import neuralnet_p1",
    }
    other = {"unused.py": b"", "blocks/old.py": b""}
    files = {CODE: b"import myresnet", MODEL: b"m"} | own
    submission = submit({around + name: data for name, data in (files | other).items()})
    assert contents(submission) == files
    note = "your own modules were taken along: blocks/__init__.py, blocks/conv.py, blocks/norm.py and 1 more"
    assert note in submission.notes
    assert submission.notes[-1] == f"ignored: {around}blocks/old.py, {around}unused.py"


def test_modules_change_the_hash_and_the_rest_does_not(tmp_path: Path) -> None:
    files = {CODE: b"import mine", "mine.py": b"x = 1"}
    some = [files, files | {"other.py": b""}, files | {"mine.py": b"x = 2"}]
    one, same, another = [taken(make_zip(tmp_path / f"{i}", each)).sha256 for i, each in enumerate(some)]
    assert one == same != another


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("random.py", "Python has a module of that name; rename yours"),
        ("statistics/__init__.py", "Python has a module of that name; rename yours"),
        ("torch.py", "torch has a module of that name; rename yours"),
        ("numpy/linalg.py", "numpy has a module of that name; rename yours"),
        ("smallnets/metrics.py", "the course has a module of that name; rename yours"),
        ("autograder/runner/protocol.py", "the course has a module of that name; rename yours"),
        ("labs/mp6/grading/verdicts.py", "the course has a module of that name; rename yours"),
    ],
)
def test_no_module_takes_the_place_of_anothers(submit: Callable[[Files], Submission], name: str, reason: str) -> None:
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    submission = submit({CODE: f"import {module}".encode(), name: b"evil"})
    if name.count("/") <= 2:  # deeper folders are not looked into
        assert f"{name}, which {CODE} imports, was left out: {reason}" in submission.notes
    assert list(submission.files) == [CODE]


def test_a_module_that_only_looks_like_ours_comes_along(submit: Callable[[Files], Submission]) -> None:
    assert set(submit({CODE: b"import data, my_random", "data.py": b"", "my_random.py": b""}).files) == {
        CODE, "data.py", "my_random.py",
    }  # fmt: skip


def test_a_module_that_is_too_large_or_a_link_is_named(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", {CODE: b"import big, link", "big.py": bytes(MOST_SOURCE + 1)})
    (path / "link.py").symlink_to("/etc/passwd")
    submission = taken(path)
    assert list(submission.files) == [CODE]
    assert [note.split(":")[0] for note in submission.notes[:2]] == ["big.py was refused", "link.py was refused"]


def test_there_is_a_limit_to_modules(submit: Callable[[Files], Submission]) -> None:
    names = [f"m{i}" for i in range(helpers.MOST + 2)]
    submission = submit(
        {CODE: "\n".join(f"import {name}" for name in names).encode()} | {f"{n}.py": b"" for n in names}
    )
    assert len(submission.files) == 1 + helpers.MOST
    assert submission.notes[-1].endswith(f"was left out: expected at most {helpers.MOST} modules of your own")


def test_two_modules_of_one_name_are_not_confused(submit: Callable[[Files], Submission]) -> None:
    submission = submit({
        f"part 1/{CODE}": b"import mine", "part 1/mine.py": b"1",
        "part 2/neuralnet_p2.py": b"import mine", "part 2/mine.py": b"2",
    })  # fmt: skip
    assert contents(submission)["mine.py"] == b"1"
    expected = "part 2/mine.py, which neuralnet_p2.py imports, was left out: another file is called mine.py, too"
    assert any(note.startswith(expected) for note in submission.notes)


def test_the_courses_own_modules_are_not_taken(tmp_path: Path) -> None:
    handout = Handout("", {}, ("driver.py", "utils/session.py"), "README.md")
    lab = dataclasses.replace(LAB, hand_in=(HandIn(CODE, modules=("smallnets", "utils")),), handout=handout)
    source = b"import driver, smallnets.metrics, utils.mine\nfrom utils import session"
    names = ("driver.py", "smallnets/metrics.py", "utils/mine.py", "utils/session.py")
    path = make_folder(tmp_path / "a", {CODE: source} | dict.fromkeys(names, b""))
    submission = take_in.take_in(path, lab, tmp_path / "into")
    assert set(submission.files) == {CODE, "utils/mine.py"}
    assert not any("left out" in note for note in submission.notes)


def test_lint_looks_at_modules_too(submit: Callable[[Files], Submission]) -> None:
    submission = submit({CODE: b"import mine, absent", "mine.py": b"import pandas\nx = np.int(1)\n"})
    notes = lint_files(submission.files, LAB.hand_in)
    assert f"{CODE}, line 1: the module absent may be missing when this is graded" in notes
    assert "mine.py, line 1: the module pandas may be missing when this is graded" in notes
    assert any(note.startswith("mine.py, line 2: np.int was removed") for note in notes)
    assert not any("module mine" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module"),
    [*((name, "my_net") for name in registry.names()), ("quickdraw", "utils.my_net"), ("beras", "Beras.my_net")],
)
def test_modules_are_there_in_the_grading(name: str, module: str, tmp_path: Path, once: Once, forked: Launch) -> None:
    lab = registry.load(name)
    files = graded.own(lab, once)
    for file in [file for file in files if file.endswith(".py")]:
        head, future, tail = files[file].read_text().rpartition("from __future__ import annotations\n")
        source = f"{head}{future}import {module}\nassert {module}.x == 1\n{tail}"
        files[file] = make_folder(tmp_path / "edited", {file: source.encode()}) / file
    helper = f"{module.replace('.', '/')}.py"
    files[helper] = make_folder(tmp_path / "edited", {helper: b"x = 1\n"}) / helper
    zipping.write(tmp_path / "work.zip", files, lab.root)
    report = graded.graded(lab, tmp_path / "work.zip", "1", forked=forked)
    assert graded.lost(report) == {}
    assert f"your own modules were taken along: {helper}" in report.output
