"""MP6 graded for real: our own solution, three students' in other styles, and every wrong one."""

import functools
import itertools
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.grade import grade, only
from autograder.lab import Report
from autograder.labs.mp6 import LAB
from autograder.mutants.table import MUTANTS, Mutant, write
from autograder.sandbox.job import Tier
from autograder.sandbox.tiers import detect
from autograder.solutions import make
from autograder.solutions.make import STYLES

pytestmark = pytest.mark.slow
TAGS = {part: {check.tags[0] for check in LAB.checks if check.number[0] == part} for part in "123"}


@functools.cache
def tier() -> Tier:
    return detect().tier


def own(folder: Path) -> Path:
    folder.mkdir()
    for part in (1, 2, 3):
        for path in (ROOT / f"neuralnet_p{part}.py", ROOT / f"models/reference/net_p{part}.model"):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def lost(report: Report) -> dict[str, str]:
    """What was said of each check that has not all its points, by number."""
    return {test.number: test.output for test in report.tests if test.score != test.max_score}


def test_our_own_solution_gets_full_marks(tmp_path: Path) -> None:
    report = grade(own(tmp_path / "own"), LAB, tier(), seed=0, trust=True)
    assert lost(report) == {} and report.score == report.max_score == 110
    assert not report.fault
    values = {name: value for name, value, _ in report.columns}
    assert values["part 1 accuracy"] > 0.97 and values["part 2 accuracy"] > 0.8 and values["part 3 MSE"] < 0.005


@pytest.mark.parametrize("style", STYLES)
def test_a_solution_in_another_style_gets_what_it_deserves(style: str, tmp_path: Path) -> None:
    # in a process of its own, as whole pickled nets name the modules of their classes
    subprocess.run([sys.executable, "-m", make.__spec__.name, str(tmp_path)], cwd=ROOT, check=True)
    found = lost(grade(tmp_path / style, LAB, tier(), seed=0, trust=True))
    if style != "by_hand":
        assert found == {}
        return
    assert list(found) == ["3.1"]
    assert "expected xhats of shape [300, 784], got [300, 1, 28, 28]" in found["3.1"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Report]]]:
    """The grading of each mutant's own part, two at a time."""
    folder = tmp_path_factory.mktemp("mutants")
    for mutant in MUTANTS:
        write(mutant, ROOT, folder / mutant.name)
    with ThreadPoolExecutor(2) as pool:
        yield {
            mutant.name: pool.submit(
                grade, folder / mutant.name, only(LAB, f"{mutant.part}."), tier(), seed=0, trust=True
            )
            for mutant in MUTANTS
        }
        pool.shutdown(cancel_futures=True)


def tags(names: tuple[str, ...], part: int) -> set[str]:
    """The tags of the checks that a row of the table names; where fit fails, there is nothing to check."""
    return TAGS[str(part)] if "fit" in names else set(names)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_loses_the_points_of_the_checks_that_should_catch_it(
    mutant: Mutant, reports: dict[str, Future[Report]]
) -> None:
    report = reports[mutant.name].result()
    missed = {test.tags[0]: test.output for test in report.tests if test.score != test.max_score}
    must, may = tags(mutant.loses, mutant.part), tags(mutant.spoils, mutant.part)
    assert must <= set(missed) <= must | may, missed
    assert not report.fault and all(itertools.chain(missed.values()))
