"""One thread unless the user says otherwise, and nothing is changed for good."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, repository_files
from programs import lab_at
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


DATA = ["--dataDir", "nowhere", "--mode", "train", "--LR", ".1", "--bs", "1", "--epochs", "1"]
# a lab's program, the module and the function that computes, and a command line
PROGRAMS = {
    "numpy_nn": ("numpy_to_cnn/numpy_nn", "numpy_nn", "train", ["--data", "any.npz"]),
    "pytorch_cnn": ("numpy_to_cnn/pytorch_cnn", "pytorch_cnn", "train", ["--out", "net.pt"]),
    "robustness": ("numpy_to_cnn/robustness", "robustness", "run", []),
    "assignment": ("beras/assignment", "assignment", "train", ["--data", "nowhere"]),
    "run_mlp": ("batchnorm/run_mlp", "experiment", "run", []),
    "run_resnet": ("batchnorm/run_resnet", "experiment", "run", []),
    "main_convnet": ("quickdraw/main_convnet", "utils.session", "train_mode", DATA),
    "failures": ("quickdraw/failures", "failures", "run", []),
    "search": ("quickdraw/search", "search", "run", ["--model", "convnet"]),
}


@pytest.mark.parametrize("more", [[], ["--threads", "2"]], ids=["left out", "two"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_labs_compute_on_one_thread_or_as_many_as_asked_for_and_put_it_back(
    program: str, more: list[str], unset: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, module, function, words = PROGRAMS[program]
    folder, name = (ROOT / "labs" / path).parent, Path(path).name
    seen: list[tuple[int, set[int]]] = []

    def look(*args: object, **kwargs: object) -> int:
        seen.append((torch.get_num_threads(), blas()))
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *words, *more])
    before = torch.get_num_threads(), blas()
    try:
        torch.set_num_threads(3)
        with lab_at(folder) as load:
            main = load(name).main
            assert torch.get_num_threads() == 3 and blas() == before[1]  # an import changes nothing
            monkeypatch.setattr(load(module), function, look)
            assert main() == 0
        number = 2 if more else 1
        assert seen == [(number, {number})]
        assert torch.get_num_threads() == 3 and blas() == before[1]
    finally:
        torch.set_num_threads(before[0])


def test_no_program_that_computes_does_without_the_option() -> None:
    # these read, draw, write or start other programs alone
    without = {"curves.py", "prepare.py", "make.py", "class_speed.py", "board_speed.py", "grading_speed.py"}
    found = {}
    for path in repository_files():
        if path.endswith(".py") and not path.startswith(("tests/", "autograder/", "smallnets/")):
            source = (ROOT / path).read_text(encoding="utf-8")
            if "cli.parser(" in source and Path(path).name not in without:
                found[path] = "threads.add_option(" in source
    assert len(found) >= 12 and all(found.values()), found


def test_the_benchmark_pairs_idle_and_busy_and_says_what_others_took(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from records import threads as benchmark

    busy = []

    @contextmanager
    def busy_core() -> Iterator[None]:
        busy.append(True)
        yield
        busy.pop()

    def turn(piece: str, number: int) -> benchmark.Turn:
        return benchmark.Turn(1.0 / number if not busy else 2.0 * number**3, 0.25)

    monkeypatch.setattr(benchmark, "busy_core", busy_core)
    monkeypatch.setattr(benchmark, "turn", turn)
    assert benchmark.main(["part2", "--rounds", "3", "--numbers", "1", "2"]) == 0
    one, two = (line.split() for line in capsys.readouterr().out.splitlines()[2:])
    assert one == "part2, 1 1.00 s (1.00-1.00) 1.00 2.00 s (2.00-2.00) 1.00 0.25, 0.25".split()
    assert two == "part2, 2 0.50 s (0.50-0.50) 0.50 16.00 s (16.00-16.00) 8.00 0.25, 0.25".split()
    assert benchmark.main(["part9"]) == 2


def test_what_others_take_leaves_out_the_program_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from records import threads as benchmark

    # in two seconds cores were busy for 3.5, 0.5 of them with this program
    ticks = iter([100.0, 102.0]), iter([50.0, 53.5]), iter([7.0, 7.5])
    for name, values in zip(("perf_counter", "busy_seconds", "own_seconds"), ticks, strict=True):
        place = benchmark.time if name == "perf_counter" else benchmark
        monkeypatch.setattr(place, name, values.__next__)
    with benchmark.taken() as others:
        pass
    assert others() == 1.5


@pytest.mark.slow
def test_the_benchmark_runs_a_piece_of_each_long_training() -> None:
    from records import threads as benchmark

    assert benchmark.turn("part2", 1).seconds > 0
    for piece in benchmark.PIECES:  # two steps, as how long thirty take tells nothing about the program
        source = f"from records import threads; threads.STEPS = 2; threads.work({piece!r})"
        done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True, capture_output=True, text=True)
        assert float(done.stdout) > 0


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
