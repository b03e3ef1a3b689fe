"""records.measure and records.compare on a few made-up images, with a fit that takes no time."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mp6
from records import compare, limits, measure, processes, timing, trial
from smallnets import samples, splits

# predicts the class whose mean image is nearest, or, with SKILL 0, one that the seed chooses
SOURCE = """
import torch

SKILL = {skill}


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    means = torch.stack([train_set[train_labels == k].mean(dim=0) for k in train_labels.unique()])
    train_set.zero_()
    yhats = torch.cdist(dev_set, means).argmin(dim=1) if SKILL else torch.randint(len(means), (len(dev_set),))
    net = torch.nn.Linear(784, len(means))
    return [0.0] * n_iter, yhats.numpy(), net
"""


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten classes of 40 images, a bright band each, in the place of Fashion-MNIST; draws of 60 and 30 of them."""
    rng, labels = np.random.default_rng(0), np.arange(400) % 10
    x = rng.integers(0, 100, (400, 28, 28)).astype(np.uint8)
    for image, k in zip(x, labels, strict=True):
        image[2 * k : 2 * k + 4] += 150
    monkeypatch.setattr(trial.fashion, "read_split", lambda split, source: (x, labels))
    monkeypatch.setattr(trial.course, "TRAIN", 60)
    monkeypatch.setattr(trial.course, "DEV", 30)


def measured(tmp_path: Path, dataset: Path, *options: str) -> dict[str, Any]:
    """What `python -m records.measure` writes with --json, of two seeds and without whole processes."""
    path = tmp_path / "figures.json"
    fixed = ["--seeds", "2", "--turns", "0", "--dataset", str(dataset), "--json", str(path)]
    assert measure.main([*fixed, *options]) == 0
    return json.loads(path.read_text())


def test_measure_writes_a_row_for_each_split_and_one_for_all_draws(
    images: None, dataset: Path, student: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student(1, SOURCE.format(skill=0))
    found = measured(tmp_path, dataset, "--parts", "1", "--draws", "7", "8")
    assert {"cpu", "cores", "threads", "versions"} <= set(found)
    rows = found["figures"]
    assert [row["split"] for row in rows] == ["shipped", "draw 7", "draw 8", "all draws"]
    for row in rows[:3]:
        assert len(row["values"]) == 2 and row["mean"] == pytest.approx(np.mean(row["values"]))
        assert row["std"] == pytest.approx(np.std(row["values"], ddof=1)) and row["min"] == min(row["values"])
        assert row["parameters"] == 784 * 3 + 3 and row["bottleneck"] is None
    assert rows[3]["values"] == rows[1]["values"] + rows[2]["values"]
    assert rows[3]["std"] == pytest.approx((rows[1]["std"] + rows[2]["std"]) / 2)
    assert rows[3]["mean"] == pytest.approx((rows[1]["mean"] + rows[2]["mean"]) / 2)
    printed = capsys.readouterr().out
    assert f"1, draw 7, each seed: {rows[1]['values'][0]:.5f} {rows[1]['values'][1]:.5f}" in printed


def test_part_3_has_its_mse_before_training_and_pca_beside_it(dataset: Path, tmp_path: Path) -> None:
    (row,) = measured(tmp_path, dataset, "--parts", "3", "--draws", "--references", "--max_iter", "5")["figures"]
    assert row["metric"] == "mse" and row["bottleneck"] == 196
    assert row["mean"] < row["start"]
    # 60 images have no more components
    assert list(row["references"]) == ["PCA(60)"] and 0 <= row["references"]["PCA(60)"] < 0.1


def test_references_learn_what_is_easy(dataset: Path, student: Callable[..., Path], tmp_path: Path) -> None:
    student(1, SOURCE.format(skill=1))
    (row,) = measured(tmp_path, dataset, "--parts", "1", "--draws", "--references")["figures"]
    # the two seeds see the same images although fit wipes them out
    assert row["values"] == [1.0, 1.0] and row["std"] == 0
    assert row["references"] == {"SVC(C=10)": 1.0, "random forest": 1.0, "5-NN": 1.0}


def test_without_a_source_the_shipped_splits_are_measured_alone(
    dataset: Path, student: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student(1, SOURCE.format(skill=0))
    found = measured(tmp_path, dataset, "--parts", "1", "--source", str(tmp_path / "nowhere"))
    assert [row["split"] for row in found["figures"]] == ["shipped"]
    assert "no fresh draws, measuring the shipped splits alone" in capsys.readouterr().out


def test_a_draw_is_what_prepare_writes(images: None, tmp_path: Path) -> None:
    folders = trial.draw([3, 4], None, tmp_path)
    sizes = {"train": 60, "dev": 30}
    trial.course.write_splits(*trial.fashion.read_split("train", None), sizes, 3, tmp_path / "again")
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (folders["draw 3"] / path.name).read_bytes()
        assert path.read_bytes() != (folders["draw 4"] / path.name).read_bytes()


def test_a_fit_is_the_one_of_mp6(dataset: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    options = ["--part", "1", "--max_iter", "3", "--seed", "5", "--quiet"]
    folders = ["--dataset", str(dataset), "--models", str(tmp_path), "--json", str(path)]
    assert mp6.main([*options, *folders]) == 0
    card = json.loads(path.read_text())[0]
    run = trial.run(mp6.import_part("neuralnet_p1"), 1, splits.load("shipped", dataset, 1), 5, 3)
    assert run.losses == card["losses"] and trial.score(run) == card["metrics"]["accuracy"]


def test_compare_finds_the_better_of_two_files(
    images: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "guess.py", tmp_path / "nearest.py"]
    for skill, path in enumerate(files):
        path.write_text(SOURCE.format(skill=skill))
    options = ["--seeds", "3", "--draws", "1", "2", "--max_iter", "1", "--json", str(tmp_path / "ab.json")]
    assert compare.main(["2", *map(str, files), *options]) == 0
    guess, nearest = json.loads((tmp_path / "ab.json").read_text())["files"]
    assert "p" not in guess and len(guess["values"]) == len(nearest["seconds"]) == 6
    assert nearest["values"] == [1.0] * 6 and nearest["difference"] == pytest.approx(1 - guess["mean"])
    assert nearest["p"] < 0.01 and nearest["time_ratio"] > 0
    assert "nearest.py" in capsys.readouterr().out


def test_p_where_the_pairs_do_not_vary() -> None:
    assert samples.p_value([0.5, 0.75], [0.5, 0.75]) == 1
    assert samples.p_value([0.5, 0.75], [0.25, 0.5]) == 0


def test_p_is_that_of_a_worked_t_test() -> None:
    # differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.4641 with 2 degrees of freedom; p = 1 - t / sqrt(2 + t^2)
    assert samples.p_value([0, 0, 0], [1, 2, 3]) == pytest.approx(1 - 3.46410162 / (2 + 12) ** 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["2", "neuralnet_p2.py"], "expected two or more different files, got neuralnet_p2.py"),
        (["2", "neuralnet_p2.py", "neuralnet_p2.py"], "expected two or more different files"),
        (["2", "neuralnet_p2.py", "nowhere.py"], "expected a file of Python, got nowhere.py"),
        (["2", "neuralnet_p2.py", "README.md"], "expected a file of Python, got README.md"),
        (["2", "neuralnet_p2.py", "mp6.py"], "expected a function fit in mp6.py"),
    ],
)
def test_compare_names_what_is_wrong(
    images: None, options: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(timing.ROOT)
    assert compare.main([*options, "--seeds", "2", "--draws", "1", "--max_iter", "1"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--seeds", "0"], ["--parts", "4"], ["--draws", "-1"], ["--max_iter", "x"]])
def test_measure_refuses_options_that_mean_nothing(options: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        measure.main(options)


def test_a_missing_data_set_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["--dataset", str(tmp_path / "none"), "--draws", "--turns", "0"]) == 2
    assert "expected a folder with .npy splits" in capsys.readouterr().err


def test_the_multiple_is_the_median_of_the_turns() -> None:
    found = {None: [1.0, 2.0, 1.0], 2: [3.0, 4.0, 5.0]}
    assert processes.multiple(found, 2) == statistics.median([3.0, 2.0, 5.0])


def test_whole_processes_are_timed_in_turns(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = "print(__name__, file=open('log', 'a'))\n"
    (tmp_path / "torch.py").write_text(log)  # is found first
    (tmp_path / "mp6.py").write_text(log)
    monkeypatch.setattr(timing, "ROOT", tmp_path)
    found = processes.times([1, 3], dataset, tmp_path, 2)
    assert (tmp_path / "log").read_text().split() == ["torch", "__main__", "__main__"] * 2
    assert {part: len(seconds) for part, seconds in found.items()} == {None: 2, 1: 2, 3: 2}
    assert min(min(seconds) for seconds in found.values()) > 0


@pytest.mark.slow
def test_the_memory_of_a_whole_process_is_read(dataset: Path, tmp_path: Path) -> None:
    memory = processes.peak_memory(1, dataset, tmp_path)
    assert memory is None or 50 < memory < 5000


def test_limits_train_on_more_and_more_images_and_hear_two_nets(
    images: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(limits, "HALF", 60)
    line = ["--draws", "1", "2", "--sizes", "100", "120", "--n_iter", "3", "--json", str(tmp_path / "limits.json")]
    assert limits.main(line) == 0
    found = json.loads((tmp_path / "limits.json").read_text())
    assert [(row["images"], row["n_iter"], len(row["values"])) for row in found["curve"]] == [(100, 3, 2), (120, 3, 2)]
    assert all(0 <= share <= 1 for share in found["annotators"].values())
    assert capsys.readouterr().out.startswith("| images | iterations | n | accuracy |")
    assert limits.main([*line, "--sizes", "121"]) == 2
    assert "expected --sizes of at most 120, got 121" in capsys.readouterr().err


def test_a_label_is_in_doubt_where_two_nets_are_surer_of_another_class_than_of_most_right_ones() -> None:
    y = torch.tensor([0, 0, 0, 0, 0, 1])
    one = torch.tensor([0.6, 0.7, 0.8, 0.2, 0.45, 0.9])  # of class 0
    two = torch.tensor([0.7, 0.9, 0.6, 0.6, 0.4, 0.95])
    found = limits.annotators(torch.stack([one, 1 - one], dim=1), torch.stack([two, 1 - two], dim=1), y)
    expected = {"agree": 5, "both right": 3, "the same other class": 2, "surely another": 1, "sure": 1}
    assert found == pytest.approx({name: count / 6 for name, count in expected.items()})
