"""What the README says can be forged is forged here, and what it says cannot be is tried."""

import random
from pathlib import Path

import pytest
from conftest import ROOT
from forged import judged, lies, made_up, message, names_of_problems
from test_forged_messages import every_lab, loaded

from autograder import __main__ as autograder
from autograder import registry
from autograder.attacks import forgeable
from autograder.lab import Lab, Made
from autograder.runner.protocol import Layout, pack, unpack


def test_the_readme_has_the_table_of_the_declarations(capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(["doctor", "--table"]) == 0
    printed = capsys.readouterr().out.splitlines()
    text = (ROOT / "autograder/README.md").read_text(encoding="utf-8")
    given = text[text.index(forgeable.HEAD) :].partition("\n\n")[0].splitlines()
    assert len(given) > 10 and [row for row in given if row not in printed] == []
    labs = {row.split("|")[1] for row in given}  # a course's own lab need not be among them
    assert [row for row in printed if row.split("|")[1] in labs and row not in given] == []


def test_each_check_has_one_row() -> None:
    lab = registry.load("mp6")
    checks = sorted(lab.checks, key=lambda check: [int(part) for part in check.number.split(".")])
    assert forgeable.ranges(["1.1", "1.2", "1.3", "1.12", "2.1", "2.2", "2.4"], checks) == (
        "1.1 to 1.3, 1.12, 2.1 to 2.2, 2.4"
    )
    for name in registry.names():
        total = sum(check.points for check in registry.load(name).checks)
        assert sum(float(row.split("|")[3]) for row in forgeable.rows(registry.load(name))) == pytest.approx(total)


def numbers(lab: Lab, made: Made) -> set[str]:
    return {check.number for check in lab.checks if lab.made(check) is made}


@every_lab
def test_a_process_that_lies_gets_all_points_of_its_own_checks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = registry.load(name)
    data, names = loaded(lab), names_of_problems(lab)
    files = made_up(lab, tmp_path, getattr(data[0], "n_given", 1))
    report = judged(lab, files, data, lambda _, layout: lies(layout, names), monkeypatch)
    own = numbers(lab, Made.OWN)
    assert {test.number: test.output for test in report.tests if test.number in own and test.cause != "ok"} == {}


@every_lab
@pytest.mark.parametrize("found", ["nothing", "something else"])
def test_no_claim_of_the_first_process_helps_where_a_second_one_finds(
    found: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = registry.load(name)
    data, names = loaded(lab), names_of_problems(lab)
    if not (apart := numbers(lab, Made.APART)):
        pytest.skip("all its values come from the student's own process or the grader")
    second = {step.name for step in lab.steps if step.apart}

    def write(step: str, layout: Layout) -> bytes:
        honest = unpack(layout, lies(layout, names))
        if step in second:
            other = {key: value[::-1, ::-1] for key, value in honest.items() if getattr(value, "ndim", 0) == 2}
            honest = {"problems": b"{}"} | (other if found == "something else" else {})
        return pack(layout, honest)

    tests = judged(lab, made_up(lab, tmp_path), data, write, monkeypatch).tests
    won = {tag for test in tests if test.number in apart and test.score for tag in test.tags}
    # of outputs that a second process gave, their form is judged, whatever the first one says
    assert won <= ({"raw_outputs"} if found == "something else" else set()), won


@every_lab
def test_no_process_that_knows_no_labels_gets_points_from_the_grader(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for anything that it may say; what the grader reads in files alone stays as it is."""
    lab, rng = registry.load(name), random.Random(2)
    data, names, files = loaded(lab), names_of_problems(lab), made_up(lab, tmp_path)
    by_grader, in_files = numbers(lab, Made.GRADER), {"small", "readme", "training", "classification"}
    for k in range(60):
        write = (lambda _, layout: lies(layout, names)) if k == 0 else (lambda _, layout: message(layout, rng, names))
        tests = judged(lab, files, data, write, monkeypatch).tests
        won = [test for test in tests if test.number in by_grader and test.score and not in_files & set(test.tags)]
        assert won == []
