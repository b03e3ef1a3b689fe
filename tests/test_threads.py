"""One thread unless the user says otherwise, and nothing is changed for good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from threadpoolctl import threadpool_info

import mp6
from smallnets import cli, threads

FIT = "import sys, mp6; sys.exit(mp6.main(sys.argv[1:]))"


def blas() -> set[int]:
    """The numbers of threads of all of numpy's BLAS libraries."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in threads.CHOSEN_BY:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("asked", "inside"), [(None, 1), (1, 1), (2, 2)], ids=["left out", "one", "two"])
def test_the_number_holds_in_the_block_and_is_put_back(asked: int | None, inside: int, unset: None) -> None:
    before = torch.get_num_threads(), blas()
    try:
        torch.set_num_threads(3)
        with pytest.raises(ZeroDivisionError), threads.limited(asked):
            assert torch.get_num_threads() == inside and blas() == {inside}
            raise ZeroDivisionError
        assert torch.get_num_threads() == 3 and blas() == before[1]
    finally:
        torch.set_num_threads(before[0])


@pytest.mark.parametrize("name", threads.CHOSEN_BY)
def test_what_the_environment_has_chosen_stays(name: str, unset: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "2")
    before = torch.get_num_threads()
    with threads.limited(None):
        assert torch.get_num_threads() == before
    with threads.limited(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "5000"])
def test_a_number_that_is_none_is_named(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = cli.parser("")
    threads.add_option(parser)
    with pytest.raises(SystemExit) as error:
        parser.parse_args([f"--threads={text}"])
    assert error.value.code == 2 and "expected a whole number of at" in capsys.readouterr().err


def test_a_run_says_its_threads_and_changes_nothing_for_good(unset: None, dataset: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    for asked in (1, 2):
        card = tmp_path / "card.json"
        words = ["--part", 1, "--max_iter", 1, "--quiet", "--dataset", dataset, "--models", tmp_path, "--json", card]
        assert mp6.main([*map(str, words), "--threads", str(asked)]) == 0
        assert json.loads(card.read_text())[0]["threads"] == asked and torch.get_num_threads() == before


@pytest.mark.slow
def test_figures_do_not_depend_on_the_number_of_cores(tmp_path: Path) -> None:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("expected a system that can give a process one of two or more cores")
    environment = {name: value for name, value in os.environ.items() if name not in threads.CHOSEN_BY}
    words = ["--part", "2", "--max_iter", "10", "--quiet", "--models", str(tmp_path)]
    cores = sorted(os.sched_getaffinity(0))
    printed = [
        subprocess.run(
            [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {own}); {FIT}", *words],
            cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
        ).stdout
        for own in (cores[:1], cores)
    ]  # fmt: skip
    assert "Accuracy" in printed[0] and printed[0] == printed[1]
