"""Bounds on what a submission can carry: each file, a student's own modules together, and what is said of more."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from submissions import CODE, LAB, MODEL, Files, make_folder, make_zip, taken
from test_grade import LAB as ANSWER
from test_grade import best

from autograder import registry
from autograder.board import uploads
from autograder.grading import grade
from autograder.intake import helpers, own_folder
from autograder.lab import MOST_SOURCE, HandIn

Make = Callable[[Path, Files], Path]
SOURCE = dataclasses.replace(LAB, hand_in=(HandIn(CODE),))
FULL = b"# sixteen bytes\n" * (MOST_SOURCE // 16)
forms = pytest.mark.parametrize("make", [make_folder, make_zip], ids=["folder", "zip"])


@forms
def test_a_file_of_source_has_at_most_64_kb(make: Make, tmp_path: Path) -> None:
    assert list(taken(make(tmp_path / "most", {CODE: FULL}), SOURCE).files) == [CODE]
    submission = taken(make(tmp_path / "more", {CODE: FULL + b"\n"}), SOURCE)
    words = f"expected at most 64 KB of source, got 65,537 bytes in {CODE}"
    assert submission.files == {} and submission.refused == {CODE: words}
    assert submission.notes[0] == f"{CODE} was refused: {words}"


@forms
def test_ones_own_modules_have_a_limit_together(make: Make, tmp_path: Path) -> None:
    files = {f"m{k}.py": FULL for k in range(5)}
    files[CODE] = "".join(f"import m{k}\n" for k in range(5)).encode()
    submission = taken(make(tmp_path / "work", files), SOURCE)
    assert sorted(submission.files) == ["m0.py", "m1.py", "m2.py", "m3.py", CODE]
    reason = "was left out: expected at most 256 KB in all modules of your own together"
    assert f"m4.py, which {CODE} imports, {reason}" in submission.notes


def test_pack_says_the_same_in_advance(tmp_path: Path) -> None:
    work = make_folder(tmp_path, {CODE: b"import big, m0, m1, m2, m3, m4", "big.py": FULL + b"\n"}
                       | {f"m{k}.py": FULL for k in range(5)})  # fmt: skip
    found = own_folder.gather(SOURCE, work)
    assert sorted(found.files) == ["m0.py", "m1.py", "m2.py", "m3.py", CODE]
    assert found.faults == [
        f"{work / 'big.py'} is too large: expected at most 64 KB of source, got 65,537 bytes in big.py"
    ]
    assert any(note.startswith("m4.py, ") and "256 KB" in note for note in found.notes)


def test_a_model_file_has_room_for_its_parameters_and_the_moments_of_adam() -> None:
    most = {hand_in.name: hand_in.most_bytes for hand_in in registry.load("mp6").hand_in}
    assert most["net_p1.model"] == 12 * 100_867 + 2**16 and most["net_p2.model"] == 12 * 500_000 + 2**16
    assert most["net_p3.model"] == most["net_p2.model"]


def test_a_model_that_is_too_large_says_how_to_save_less(tmp_path: Path) -> None:
    lab = dataclasses.replace(LAB, hand_in=(HandIn(CODE), HandIn(MODEL, 100, opened_by=CODE)))
    submission = taken(make_folder(tmp_path, {CODE: b"", MODEL: bytes(101)}), lab)
    words = f"expected at most 100 bytes, got 101 bytes in {MODEL}; save the net's state_dict() alone"
    assert submission.refused == {MODEL: words}


@pytest.mark.parametrize("name", registry.names())
def test_every_source_of_ours_and_of_the_example_solutions_fits(name: str) -> None:
    lab = registry.load(name)
    folders = [ROOT / (lab.handout.folder if lab.handout else ""), *(ROOT / "tests/solutions").rglob("*/")]
    sizes = {path: path.stat().st_size for hand_in in lab.hand_in for folder in folders
             if (path := folder / hand_in.name).suffix == ".py" and path.is_file()}  # fmt: skip
    assert sizes and max(sizes.values()) <= MOST_SOURCE / 3


def test_a_file_that_was_refused_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_bytes(b"def answer(n): return 42\n" + FULL)
    report = grade.grade(tmp_path, ANSWER, best().tier, trust=True)
    assert "answer.py was refused: expected at most 64 KB of source" in report.tests[0].output


def test_an_upload_has_room_for_all_files_and_for_ones_own_modules() -> None:
    lab = registry.load("mp6")
    together = sum(hand_in.most_bytes for hand_in in lab.hand_in) + helpers.MOST_TOGETHER
    assert uploads.rules_of(lab).most_bytes == together + uploads.AROUND
