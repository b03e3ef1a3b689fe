"""Every command block of the README that is marked as runnable runs, in a copy of the checkout."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from conftest import ROOT

import mp6

README = (ROOT / "README.md").read_text(encoding="utf-8")
# <!-- runnable --> or <!-- runnable: slow -->, then a ```sh block
BLOCKS = re.findall(r"<!-- runnable(: slow)? -->\n```sh\n(.*?)```", README, re.DOTALL)
QUICK = [block for slow, block in BLOCKS if not slow]
SLOW = [block for slow, block in BLOCKS if slow]


def run(block: str, checkout: Path, python: Path) -> subprocess.CompletedProcess:
    """Run a block in a shell that finds `python` and its tools first."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=checkout,
        env=os.environ | {"PATH": path, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )


def test_the_readme_has_blocks_to_run() -> None:
    assert len(QUICK) >= 2 and len(SLOW) >= 1
    assert "pip install -r requirements.txt && python mp6.py --part 2 --max_iter 50\n" in SLOW[0]
    assert "\npip install -r requirements.txt && pytest\n" in README


def test_the_transcript_shows_what_the_reference_net_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (transcript,) = re.findall(r"```text\n( #####.*?)```", README, re.DOTALL)
    assert mp6.main(["--load", str(ROOT / "models/reference/net_p2.model")]) == 0
    measured = ("time:", "written:")
    lines = [line for line in transcript.splitlines() if not line.startswith(measured)]
    assert [line for line in capsys.readouterr().out.splitlines() if not line.startswith(measured)] == lines


def test_every_option_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mp6.main(["--help"])
    options = set(re.findall(r"--[a-z_]+", capsys.readouterr().out)) - {"--help"}
    assert options == set(re.findall(r"^\| `(--[a-z_]+)", README, re.MULTILINE))


@pytest.mark.parametrize("block", QUICK)
def test_a_quick_block_runs(block: str, checkout: Path) -> None:
    done = run(block, checkout, Path(sys.executable))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in SLOW if "pip install" in block])
def test_a_block_that_installs_runs_in_an_empty_environment(block: str, checkout: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "environment", with_pip=True)
    done = run(block, checkout, tmp_path / "environment/bin/python")
    assert done.returncode == 0, done.stderr
    assert " ##### Part 2 results #####\nAccuracy: 0." in done.stdout


@pytest.mark.slow
def test_what_is_packed_is_graded_as_the_readme_says(checkout: Path) -> None:
    (block,) = [block for block in SLOW if "pip install" not in block]
    done = run(block, checkout, Path(sys.executable))
    assert done.returncode == 0, done.stderr
    assert "written: mp6.zip" in done.stdout and "score: 110 of 110" in done.stdout
