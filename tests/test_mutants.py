"""The table of wrong submissions: each can still be made, and is said to lose checks that there are."""

from pathlib import Path

import pytest
from conftest import ROOT
from mutants.table import CHECKS, MUTANTS, Mutant, edited, write

from labs.mp6.grading.declaration import LAB

every_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@every_mutant
def test_a_mutant_is_our_solution_with_one_part_edited(mutant: Mutant, tmp_path: Path) -> None:
    write(mutant, ROOT, tmp_path)
    for part in (1, 2, 3):
        source, model = (tmp_path / f"neuralnet_p{part}.py").read_text(), tmp_path / f"net_p{part}.model"
        compile(source, mutant.name, "exec")
        assert (source == (ROOT / f"neuralnet_p{part}.py").read_text()) == (part != mutant.part)
        assert model.read_bytes() == (ROOT / "models/reference" / model.name).read_bytes()


@every_mutant
def test_a_mutant_names_checks_that_there_are(mutant: Mutant) -> None:
    assert mutant.loses and not set(mutant.loses) & set(mutant.spoils)
    assert set(mutant.loses) | set(mutant.spoils) <= set(CHECKS)


def test_names_are_unique_and_every_check_catches_something() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {name for mutant in MUTANTS for name in mutant.loses} == set(CHECKS)
    assert {tag for check in LAB.checks for tag in check.tags} == set(CHECKS) - {"fit"}


@pytest.mark.parametrize("old", ["no such text", "self"])
def test_an_edit_that_does_not_fit_is_refused(old: str) -> None:
    mutant = Mutant("stale", 1, "", ((old, "new"),), ())
    with pytest.raises(ValueError, match=f"expected '{old}' once for mutant stale, got it \\d+ times"):
        edited((ROOT / "neuralnet_p1.py").read_text(), mutant)
