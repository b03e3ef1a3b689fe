"""labs/HANDOUTS.md: it has every item of the five handouts, each link leads somewhere, and each quick command runs."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, copy_checkout, repository_files
from programs import as_script, lab_at

PAGE = ROOT / "labs/HANDOUTS.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| item ")
]
# what the handouts number, by the start of the item's name here
NUMBERED = {
    "MP6": ["Part 1", *(f"Part 2.{k}" for k in range(1, 6)), "Extra credit"],
    "Beras": [f"{k}. " for k in range(1, 12)],
    "BatchNorm": [*(f"Report {k}" for k in range(1, 4)), "Bonus"],
    "QuickDraw": [
        "1.3.1 ",
        *(f"1.3.2.{k} " for k in range(1, 9)),
        *(f"1.{section}.{k} " for section, last in ((5, 12), (6, 7), (7, 4), (8, 11)) for k in range(1, last + 1)),
        *(f"2.{k} " for k in range(1, 4)),
    ],
    "From NumPy": ["`Linear`", "`ReLU`", "`Sigmoid`", "`SE`", "`numpy_nn.ipynb`", "`FCNet`", "`SimpleCNN`", "`MyNet`"],
}
STARRED = "1.5.8 1.5.9 1.5.10 1.5.11 1.5.12 1.6.2 1.6.5 1.6.6 1.6.7 1.8.4 1.8.6 1.8.7 1.8.10 1.8.11".split()
QUICK = list(dict.fromkeys(command.strip("`") for _, _, command, time in ROWS if time == "quick"))
PACKAGES = {"smallnets.notebooks": ("jupytext", "notebooks"), "smallnets.pdf": ("typst", "pdf")}
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#]*)#?([^)]*)\)")


def section(title: str) -> str:
    """The part of the page below a heading that starts with `title`."""
    (found,) = re.findall(rf"^## {title}.*?(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found


def anchors(path: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("title", NUMBERED)
def test_every_numbered_item_has_a_row(title: str) -> None:
    text = section(title)
    assert [item for item in NUMBERED[title] if f"\n| {item}" not in text] == []


def test_every_row_says_where_and_how() -> None:
    assert len(ROWS) > 100
    for item, where, command, time in ROWS:
        assert item and where and (time in ("quick", "slow")) == bool(command), item


@pytest.mark.parametrize("page", ["labs/HANDOUTS.md", "labs/quickdraw/WRITEUP.md", "labs/beras/CONCEPTUAL.md"])
def test_every_link_leads_to_a_file_of_the_checkout(page: str) -> None:
    tracked, path = set(repository_files()), ROOT / page
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert links
    for target, anchor in links:
        name = os.path.relpath((path.parent / target).resolve(), ROOT)
        assert name in tracked, target
        assert not anchor or anchor in anchors(ROOT / name), f"{target}#{anchor}"


def test_every_question_of_quickdraw_has_its_answer_and_its_figures() -> None:
    folder = ROOT / "labs/quickdraw"
    text = (folder / "WRITEUP.md").read_text(encoding="utf-8")
    assert [number for number in STARRED if not re.search(rf"\*\*{re.escape(number)}a?[ *]", text)] == []
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert {"writeup/right.png", "writeup/wrong.png", "writeup/noisy.png", "writeup/flipped.png"} <= set(pictures)
    assert set(pictures) <= {name.removeprefix("labs/quickdraw/") for name in repository_files()}


def test_the_writeups_figures_are_those_of_the_runs() -> None:
    folder = ROOT / "labs/quickdraw"
    text = (folder / "WRITEUP.md").read_text(encoding="utf-8")
    answers = json.loads((folder / "writeup/answers.json").read_text(encoding="utf-8"))
    shares = answers["whole development set"]
    said = {
        "1.5.8a": f"{answers['1.5.8a']} %",
        "1.5.8b": f"{answers['1.5.8b']} %",
        "1.5.9a": f"{answers['1.5.9a']:,} weights",
        "1.5.9b": f"{answers['1.5.9b']} biases",
        "1.8.7": f"{answers['1.8.7']['still_right']} of the 10 are still right",
        "1.8.10": f"{answers['1.8.10']['still_right']} of the 10 are still right, and {shares['flipped']:.3f}",
    }
    for number, words in said.items():
        (answer,) = re.findall(rf"\*\*{re.escape(number)}\*\*(.*?)(?=\*\*|\n\n)", text, re.DOTALL)
        assert words in answer, number
    assert f"{shares['noisy']:.3f} are right instead of {answers['dev accuracy']:.3f}" in text
    assert f"Its accuracy on the development set is {answers['dev accuracy']:.4f}" in text
    grid = (folder / "writeup/convnet_grid.md").read_text(encoding="utf-8").splitlines()
    assert len(grid) == 9 and "\n".join(grid[2:]) in text  # five learning rates below two lines of headings


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout for all commands, so that each stand-in is made once."""
    return copy_checkout(tmp_path_factory.mktemp("items") / "checkout")


@pytest.mark.slow
@pytest.mark.parametrize("command", QUICK, ids=lambda command: command.removeprefix("cd labs/").replace("python ", ""))
def test_a_quick_command_runs(command: str, copy: Path) -> None:
    folder, _, line = command.rpartition(" && ")
    cwd = copy / folder.removeprefix("cd ")
    python, program, *args = shlex.split(line)
    assert python in ("python", "python3") and (not folder or folder.startswith("cd labs/"))
    if program == "-m":
        package, extra = PACKAGES.get(args[0], ("numpy", ""))
        pytest.importorskip(package, reason=f"the extra [{extra}] is not installed")
        environment = os.environ | {"PYTHONPATH": str(copy)}
        done = subprocess.run([sys.executable, "-m", *args], cwd=cwd, env=environment, capture_output=True, text=True)
    else:
        with lab_at(copy):  # the copy's own smallnets
            done = as_script(cwd / program, *args, cwd=cwd)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
