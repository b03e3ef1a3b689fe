"""A job has all files of ours that a student's program imports, also as it starts."""

import importlib

import pytest
from conftest import ROOT

from autograder import registry
from autograder.intake import own_folder
from autograder.packaging import imports

RUNS_PROGRAMS = [
    "labs.quickdraw.grading.inside.predict",
    "labs.batchnorm.grading.inside.learn",
    "labs.batchnorm.grading.checks.nets",
]


@pytest.mark.parametrize("module", RUNS_PROGRAMS)
def test_a_job_that_runs_a_handed_in_program_has_all_of_ours_that_it_imports(module: str) -> None:
    name = module.split(".")[1]
    handout_files = importlib.import_module(f"labs.{name}.grading.jobs").HANDOUT_FILES
    found = own_folder.gather(registry.load(name), ROOT / "labs" / name).files.values()
    handed_in = [path.relative_to(ROOT).as_posix() for path in found if path.suffix == ".py"]
    there = {*imports.needed([module, *handout_files], started=False), *handed_in}
    assert [path for path in imports.needed(handed_in, started=False) if path not in there] == []
