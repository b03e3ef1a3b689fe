"""Every lab, graded: the handout untouched, and our solution put back into the handout.

Our solution by itself, with staff's data, is graded in test_bundle.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Once
from graded import graded, own

from autograder import registry
from autograder.commands import handout
from autograder.sandbox.run import Launch

pytestmark = pytest.mark.slow
every_lab = pytest.mark.parametrize("name", registry.names())


@every_lab
def test_the_untouched_handout_gets_nothing(name: str, tmp_path: Path, forked: Launch) -> None:
    lab = registry.load(name)
    assert lab.handout is not None
    handout.write(lab, tmp_path / "handout")
    report = graded(lab, tmp_path / "handout" / lab.handout.folder, forked=forked)
    assert report.score == 0, [test for test in report.tests if test.score]


@every_lab
def test_our_solution_put_back_into_the_handout_gets_full_marks(name: str, tmp_path: Path, once: Once) -> None:
    lab = registry.load(name)
    assert lab.handout is not None
    handout.write(lab, tmp_path)
    for path, source in own(lab, once).items():
        (tmp_path / lab.handout.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / lab.handout.folder / path).write_bytes(source.read_bytes())
    # with nothing of this checkout: another folder, and no path but its own
    command = [sys.executable, "-m", "autograder", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^score: (\d+) of \1(, extra credit (\d+) of \3)?$", done.stdout, re.MULTILINE), done.stdout
    assert name != "beras" or "score: 120 of 120" in done.stdout  # with 2470student
    assert str(ROOT) not in done.stdout + done.stderr
