"""The commands of the autograder's README, in their order, in a copy of the checkout."""

import json
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from graded import submission
from test_readme import run

from autograder import __main__ as autograder
from autograder import registry

README = (ROOT / "autograder/README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- runnable: slow -->\n```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
@pytest.mark.longest
def test_from_a_clone_to_handout_bundle_and_grades(checkout: Path) -> None:
    (checkout / "submissions").mkdir()
    submission(registry.load("mp6"), checkout / "submissions").rename(checkout / "submissions/ada.zip")
    before = {path.name for path in checkout.iterdir()}
    assert len(BLOCKS) == 3
    printed = ""
    for block in BLOCKS:
        # where no sandbox is safe, as in a container of a CI, the code is ours all the same
        done = run(block.replace("--staff staff", "--staff staff --i-trust-this"), checkout, Path(sys.executable))
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    assert "ada: 110 of 100, " in printed and "score: 100 of 100, extra credit 10 of 10" in printed
    assert {path.name for path in checkout.iterdir()} - before == {
        "handout", "secret", "staff", "grades", "ada.json", "autograder.zip", "results.json",
    }  # fmt: skip
    assert {"grades.csv", "summary.html", "reports"} <= {path.name for path in (checkout / "grades").iterdir()}
    found = json.loads((checkout / "results.json").read_text())
    assert sum(test["score"] for test in found["tests"]) == 110
    assert json.loads((checkout / "ada.json").read_text())["score"] == 110


def test_every_option_of_the_bundle_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        autograder.main(["bundle", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help", "--lab", "--staff", "--out"}
    table = README[README.index("| Gradescope | `bundle` |") :].split("\n\n")[0]
    assert options == set(re.findall(r"--[a-z][a-z-]+", table))


def test_every_command_is_in_the_readme() -> None:
    missing = [name for name in autograder.commands() if f"python -m autograder {name}" not in README]
    assert missing == []


def test_labs_md_has_the_points_of_each_lab_that_it_names() -> None:
    page = (ROOT / "autograder/LABS.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    described = {name: row for name, row in rows if name in registry.names()}
    assert len(described) >= 4
    for name, row in described.items():
        checks = registry.load(name).checks
        numbers = [int(number) for number in re.findall(r"\d+", row)]
        assert numbers[0] == sum(check.points for check in checks if not check.only_with)
