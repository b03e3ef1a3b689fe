"""A job has all files of ours that a student's program imports, also as it starts."""

import importlib
from pathlib import Path

import pytest
from conftest import ROOT

from autograder import registry
from autograder.intake import own_folder
from autograder.lab import Run, Submission
from autograder.packaging import imports
from autograder.runner import job_files
from autograder.runner.protocol import Blob

SLOW = {
    "labs.mp6.grading.inside.fit": ("numpy", "torch"),
    "labs.beras.grading.checks.core": ("numpy",),
    "labs.numpy_to_cnn.grading.checks.numpy_nn": ("numpy",),
    "labs.numpy_to_cnn.grading.checks.pytorch_cnn": ("numpy", "torch"),
}
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


@pytest.mark.parametrize("optimises", [False, True], ids=["no optimiser", "an optimiser"])
@pytest.mark.parametrize("module", SLOW)
def test_a_job_names_the_slow_libraries_that_it_imports_and_no_others(
    module: str, optimises: bool, tmp_path: Path
) -> None:
    (tmp_path / "net.py").write_text("import torch.optim\n" if optimises else "import torch\n")
    run = Run(Submission({"net.py": tmp_path / "net.py"}, (), ""), None, 0)
    more = (job_files.OPTIMISING,) if optimises and "torch" in SLOW[module] else ()
    assert job_files.job(run, [module], {}, [Blob("problems", 100)]).imports == (*SLOW[module], *more)
