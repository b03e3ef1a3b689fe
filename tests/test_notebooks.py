"""The labs' notebooks, written from their sources and run on the stand-ins of an empty checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from autograder import registry
from autograder.commands import handout
from smallnets import notebooks

SOURCES = notebooks.sources(ROOT / "labs")
every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


@pytest.fixture
def extra() -> None:
    """Skips without the packages of the extra."""
    for package in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(package, reason="the extra [notebooks] is not installed")


def command(checkout: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """What `python -m smallnets.notebooks` does in a checkout."""
    return subprocess.run(
        [sys.executable, "-m", "smallnets.notebooks", *args],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )


def test_the_notebooks_of_the_handouts_are_there() -> None:
    assert {f"{source.parents[1].name}/{source.stem}" for source in SOURCES} == {
        "beras/HW2_Beras_Intro",
        "beras/HW2_Exploration",
        "numpy_to_cnn/numpy_nn",
        "quickdraw/data",
    }


@every_source
def test_a_notebook_starts_with_its_title_and_says_what_each_cell_does(source: Path, extra: None) -> None:
    made = notebooks.notebook(source)
    kinds = [cell.cell_type for cell in made.cells]
    assert made.cells[0].source.startswith("# ") and kinds[:2] == ["markdown", "code"]
    assert kinds.count("markdown") >= kinds.count("code") / 2
    assert json.dumps(made) == json.dumps(notebooks.notebook(source))


def test_a_notebook_is_written_beside_the_labs_modules(checkout: Path, extra: None) -> None:
    done = command(checkout, "--lab", "quickdraw")
    path = checkout / "labs/quickdraw/data.ipynb"
    assert done.returncode == 0 and done.stdout == f"written: {path}\n", done.stderr
    first = path.read_bytes()
    path.write_text(json.dumps({"cells": ["a student's own"]}))
    assert command(checkout, "--lab", "quickdraw").returncode == 0 and path.read_bytes() == first
    assert "a student's own" in path.with_name("data.previous1.ipynb").read_text()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--lab", "nosuch"], "expected sources of notebooks in "),
        (["--lab", "quickdraw", "--out", "README.md"], "expected README.md to be a folder or not to be there"),
    ],
    ids=["no such lab", "a file as folder"],
)
def test_a_mistake_is_told_in_one_line(args: list[str], message: str, checkout: Path, extra: None) -> None:
    done = command(checkout, *args)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {message}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", registry.names())
def test_no_handout_holds_a_notebook_or_a_report_of_ours(name: str, tmp_path: Path) -> None:
    names = handout.write(registry.load(name), tmp_path)
    ours = ("notebooks/", "report", "writeup", ".ipynb", "2470student")
    assert not [file for file in names if file.startswith("labs/") and any(word in file for word in ours)]


@pytest.mark.slow
@every_source
def test_a_notebook_runs_in_an_empty_checkout(source: Path, checkout: Path, extra: None) -> None:
    done = command(checkout, "--lab", source.parents[1].name, "--execute")
    assert done.returncode == 0, done.stderr
    path = checkout / source.relative_to(ROOT).parents[1] / f"{source.stem}.ipynb"
    cells = [cell for cell in json.loads(path.read_bytes())["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert all(cell["execution_count"] for cell in cells)
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 2


@pytest.mark.slow
def test_a_cell_that_fails_is_shown_and_writes_nothing(checkout: Path, extra: None) -> None:
    source = checkout / "labs/quickdraw/notebooks/data.py"
    source.write_text("# %% [markdown]\n# # Title\n\n# %%\n1 / 0\n")
    done = command(checkout, "--lab", "quickdraw", "--execute")
    assert done.returncode == 2 and "expected every cell to run, got ZeroDivisionError" in done.stderr
    assert not (checkout / "labs/quickdraw/data.ipynb").exists()


@pytest.mark.slow
def test_the_drawings_notebook_finds_the_project_in_a_drive_on_colab(
    checkout: Path, tmp_path: Path, extra: None
) -> None:
    colab = tmp_path / "colab"
    (colab / "google/colab").mkdir(parents=True)
    (colab / "google/colab/__init__.py").touch()
    (colab / "google/colab/drive.py").write_text("def mount(path):\n    print('mounted', path)\n")
    (colab / "sitecustomize.py").write_text("import google.colab\n")  # as in Colab's kernels from the start
    source = checkout / "labs/quickdraw/notebooks/data.py"
    text = source.read_text(encoding="utf-8")
    assert "/content/drive/MyDrive/smallnets/labs" in text
    text = text.replace("/content/drive/MyDrive/smallnets", str(checkout))
    source.write_text(text + "\n# %%\nimport smallnets\n\nprint(smallnets.__file__)\n", encoding="utf-8")
    made = notebooks.notebook(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(colab))
        notebooks.execute(made, tmp_path)
    printed = "".join(output.get("text", "") for cell in made.cells for output in cell.get("outputs", []))
    assert "mounted /content/drive" in printed and str(checkout / "smallnets/__init__.py") in printed
