"""Every command block of the README that is marked as runnable runs, in a copy of the checkout."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from programs import as_script, lab_at

import mp6

README = (ROOT / "README.md").read_text(encoding="utf-8")
# <!-- runnable --> or <!-- runnable: slow -->, then a ```sh block
BLOCKS = re.findall(r"<!-- runnable(: slow)? -->\n```sh\n(.*?)```", README, re.DOTALL)
QUICK = [block for slow, block in BLOCKS if not slow]
SLOW = [block for slow, block in BLOCKS if slow]
# what a new user pastes, in this order
LINES = [
    "python3 -m venv .venv && . .venv/bin/activate",
    "pip install -r requirements.txt && python mp6.py --part 2 --max_iter 50",
    "pip install -r requirements.txt && pytest",
]


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
    assert len(QUICK) >= 2 and SLOW[0] == LINES[1] + "\n"
    starts = [README.index(f"```sh\n{line}\n```") for line in LINES]
    assert starts == sorted(starts)


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
    python, program, *args = shlex.split(block)
    with lab_at(checkout):  # the copy's own smallnets
        done = as_script(checkout / program, *args, cwd=checkout)
    assert python == "python" and done.returncode == 0, done.stderr


def bare_environment() -> dict[str, str]:
    """HOME, a PATH with a Python that can make environments, and what pip needs to reach its index."""
    env = {name: value for name, value in os.environ.items() if re.match("HOME$|PIP_|SSL_|https?_proxy$", name, re.I)}
    ours = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.defpath}"
    code = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    for path in (os.defpath, ours):
        if subprocess.run(["bash", "-c", f"python3 -c '{code}'"], env=env | {"PATH": path}).returncode == 0:
            return env | {"PATH": path}
    raise AssertionError(f"expected a python3 of 3.11 or newer that has ensurepip in {ours}")


@pytest.mark.slow
@pytest.mark.longest
def test_the_first_three_lines_run_in_a_bare_shell(checkout: Path) -> None:
    # pytest collects all tests there and runs a few: whoever runs this one has run them all
    env = bare_environment() | {"PYTEST_ADDOPTS": "-k 'test_metrics or test_reader'"}
    done = subprocess.run(
        ["bash", "-e"], input="\n".join(LINES) + "\n", cwd=checkout, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert (checkout / ".venv/bin/pytest").exists()
    assert " ##### Part 2 results #####\nAccuracy: 0." in done.stdout
    assert re.search(r"\d\d passed, .* in \d", done.stdout)


@pytest.mark.slow
def test_what_is_packed_is_graded_as_the_readme_says(checkout: Path) -> None:
    (block,) = [block for block in SLOW if "pip install" not in block]
    done = run(block, checkout, Path(sys.executable))
    assert done.returncode == 0, done.stderr
    assert "written: mp6.zip" in done.stdout and "score: 100 of 100, extra credit 10 of 10" in done.stdout
