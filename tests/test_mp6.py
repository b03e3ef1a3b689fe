"""The driver: its printed lines, files, options and exit codes."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, interruptible

import mp6
from smallnets.data import quickdraw
from smallnets.files import sha256

PNG = b"\x89PNG\r\n\x1a\n"
Student = Callable[..., Path]


def run(*args: object) -> int:
    return mp6.main([str(arg) for arg in args])


@pytest.fixture
def options(dataset: Path, tmp_path: Path) -> list[object]:
    """Options that keep a run small and inside tmp_path."""
    return ["--dataset", dataset, "--models", tmp_path / "models", "--max_iter", 3]


def flat(metrics: dict) -> dict[str, float]:
    """Every figure of a result under a name of its own."""
    return {f"{name} {k}": value for name, values in metrics.items() for k, value in enumerate(np.ravel(values))}


def figures(text: str) -> list[str]:
    """The printed lines without those that name times."""
    return [line for line in text.splitlines() if not line.startswith("time:")]


def test_all_parts_print_the_lines_other_tools_read(options: list, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*options, "--quiet") == 0
    out, err = capsys.readouterr()
    number, numbers = r"\d\.\d+", r"\[(\d\.\d+, )*\d\.\d+\]"
    labels = rf"Accuracy: {number}\nF1-Score: {numbers}\nPrecision: {numbers}\nRecall: {numbers}\n"
    parts = [rf" ##### Part {k} results #####\n{labels}num_parameters: \d+\n" for k in (1, 2)]
    assert re.fullmatch("".join(parts) + rf" ##### Part 3 results #####\nMSE: {number}\nnum_parameters: \d+\n", out)
    assert err == ""


def test_the_report_for_people_fits_80_columns(options: list, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*options) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines() if not line.startswith("written:")) <= 80
    for piece in (
        "class  precision  recall      F1  images",
        "confusion matrix (rows: truth, columns: prediction)",
        "parameters: 100,867 of exactly 100,867: ok",
        "threshold: accuracy at least 0.73: ",
        "threshold: mse at most 0.03: ",
        "numbers an image of at most 196: ok",
    ):
        assert piece in out
    assert re.search(r"time: loading \d+\.\d\d s, training \d+\.\d\d s, prediction \d+\.\d\d s", out)


def test_one_seed_gives_one_result_and_another_seed_another(
    options: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, losses = [], []
    for seed in (5, 5, 6):
        run(*options, "--seed", seed, "--json", tmp_path / "r.json")
        printed.append(figures(capsys.readouterr().out))
        losses.append([result["losses"] for result in json.loads((tmp_path / "r.json").read_text())])
    assert printed[0] == printed[1] and losses[0] == losses[1]
    assert all(a != b for a, b in zip(losses[1], losses[2], strict=True))


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_saved_net_scores_as_it_did_when_trained(part: int, options: list, tmp_path: Path, dataset: Path) -> None:
    assert run(*options, "--part", part, "--json", tmp_path / "a.json") == 0
    model = tmp_path / f"models/net_p{part}.model"
    assert run("--load", model, "--dataset", dataset, "--json", tmp_path / "b.json") == 0
    trained, loaded = (json.loads((tmp_path / name).read_text())[0] for name in ("a.json", "b.json"))
    assert flat(loaded["metrics"]) == pytest.approx(flat(trained["metrics"]), abs=1e-6)
    assert loaded["part"] == part and loaded["num_parameters"] == trained["num_parameters"]


def test_the_json_and_the_run_card_tell_the_whole_run(options: list, tmp_path: Path) -> None:
    assert run(*options, "--part", 2, "--seed", 4, "--json", tmp_path / "results/r.json") == 0
    (result,) = json.loads((tmp_path / "results/r.json").read_text())
    card = json.loads((tmp_path / "models/net_p2.json").read_text())
    assert result["seed"] == 4 and result["arguments"]["max_iter"] == 3 and len(result["losses"]) == 6
    assert set(result["metrics"]) == {"accuracy", "f1", "precision", "recall"} and result["passed"] in (True, False)
    assert result["versions"]["torch"] == torch.__version__ and result["threads"] == torch.get_num_threads()
    checksums = card.pop("sha256")
    assert checksums.pop("data") == result.pop("sha256")["data"]
    assert list(checksums) == ["net_p2.model"] and card == result


def test_iterations_are_max_iter_for_part_1_and_twice_that_for_the_others(options: list, tmp_path: Path) -> None:
    assert run(*options, "--json", tmp_path / "r.json") == 0
    results = json.loads((tmp_path / "r.json").read_text())
    assert [(result["part"], len(result["losses"])) for result in results] == [(1, 3), (2, 6), (3, 6)]


def test_a_score_on_its_bound_reaches_it() -> None:
    for part, metric, worse in ((1, "accuracy", 0.4999), (3, "mse", 0.5001)):
        net = torch.nn.Linear(1, 1)
        assert mp6.Run(part, net, np.zeros(1), [], {}, {metric: 0.5}).reaches(0.5)
        assert not mp6.Run(part, net, np.zeros(1), [], {}, {metric: worse}).reaches(0.5)


@pytest.mark.parametrize(
    ("part", "target", "code"),
    [(1, 0, 0), (1, 1.1, 1), (3, 1, 0), (3, 0, 1)],
    ids=["met", "missed", "mse met", "mse missed"],
)
def test_a_missed_target_is_exit_code_1(
    part: int, target: float, code: int, options: list, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options, "--part", part, "--target", target) == code
    err = capsys.readouterr().err
    assert err == (f"error: part {part} missed its target of {float(target)}\n" if code else "")


def test_pictures_of_every_part_are_drawn(options: list, tmp_path: Path) -> None:
    assert run(*options, "--plots", tmp_path / "plots") == 0
    of_labels = ("confusion", "development", "f1", "filters", "loss", "right", "wrong")
    names = [f"part{k}_{name}.png" for k in (1, 2) for name in of_labels]
    names += [f"part3_{name}.png" for name in ("bottleneck", "development", "filters", "loss", "reconstructions")]
    assert sorted(os.listdir(tmp_path / "plots")) == names
    assert all((tmp_path / "plots" / name).read_bytes().startswith(PNG) for name in names)


def test_pictures_change_no_figure_of_a_run(options: list, tmp_path: Path) -> None:
    found = []
    for plots in ([], ["--plots", tmp_path / "plots"]):
        assert run(*options, "--json", tmp_path / "r.json", *plots) == 0
        found.append([(card["losses"], card["metrics"]) for card in json.loads((tmp_path / "r.json").read_text())])
    assert found[0] == found[1]


STUBBORN = """
import threading
import torch
from torch import nn


class NeuralNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(784, 3)
        {extra}

    def forward(self, x):
        {forward}
        return self.layer(x)

    def step(self, x, y):
        return nn.functional.cross_entropy(self.layer(x), y).item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    losses = [net.step(train_set[:10], train_labels[:10]) for _ in range(n_iter)]
    net.ready = True
    return losses, net.layer(dev_set).argmax(dim=1), net
"""


@pytest.mark.parametrize(
    ("extra", "forward"),
    [
        pytest.param("self.lock = threading.Lock()", "", id="cannot be copied"),
        pytest.param("", "assert self.ready", id="not ready before fit ends"),
        pytest.param("", "if not hasattr(self, 'ready'): raise SystemExit", id="ends the program"),
    ],
)
def test_a_net_whose_copies_cannot_be_scored_has_no_curve(
    extra: str, forward: str, options: list, student: Student, tmp_path: Path
) -> None:
    student(1, STUBBORN.format(extra=extra, forward=forward))
    assert run(*options, "--part", 1, "--plots", tmp_path / "plots") == 0
    drawn = os.listdir(tmp_path / "plots")
    assert "part1_loss.png" in drawn and "part1_development.png" not in drawn


def test_no_iterations_are_a_run_like_any_other(options: list, tmp_path: Path) -> None:
    assert run(*options, "--max_iter", 0, "--part", 2) == 0
    for part in (1, 3):  # part 2 draws what part 1 draws
        assert run(*options, "--max_iter", 0, "--part", part, "--plots", tmp_path / "plots") == 0
        assert f"part{part}_loss.png" not in os.listdir(tmp_path / "plots")


def test_a_quickdraw_folder_trains_on_its_own_classes(
    quickdraw: Path, options: list, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in (1, 2, 3):
        assert run(*options, "--dataset", quickdraw, "--part", part) == 0
    out = capsys.readouterr().out
    assert "101,254 of exactly 101,254: ok" in out  # part 1's net with six outputs
    assert "F1-Score: [" in out and re.search(r"^5 .*  5$", out, re.MULTILINE)  # dev has 5 images of class 5


def test_sketches_in_place_of_quick_draw_say_so_first_and_in_the_run_card(
    tmp_path: Path, options: list, capsys: pytest.CaptureFixture[str]
) -> None:
    quickdraw.write_drawn(tmp_path / "drawings/stand_in", {"train": 20, "dev": 4, "test": 1})
    args = (*options, "--part", 1, "--max_iter", 1, "--dataset", tmp_path / "drawings", "--json", tmp_path / "run.json")
    assert run(*args) == 0
    assert capsys.readouterr().out.startswith(quickdraw.STAND_IN + "\n")
    assert json.loads((tmp_path / "run.json").read_text())[0]["note"] == quickdraw.STAND_IN
    assert run(*args, "--quiet") == 0 and capsys.readouterr().out.startswith(" ##### Part 1")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--part", "4"], "--part: "),
        (["--max_iter", "-1"], "expected a whole number of at least 0, got -1"),
        (["--max_iter", "many"], "expected a whole number of at least 0, got many"),
        (["--seed", "1.5"], "expected a whole number of at least 0, got 1.5"),
        (["--seed", "4294967296"], "expected a whole number of at most 4294967295, got 4294967296"),
        (["--target", "nan"], "expected a number, got nan"),
        (["--sed", "1"], ": --sed 1 ("),
    ],
)
def test_a_wrong_option_is_one_line(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(*args)
    err = capsys.readouterr().err
    assert stop.value.code == 2 and err.count("\n") == 1 and message in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--target", "0.5"], "expected --part 1, 2 or 3 with --target, got all parts"),
        (["--load", "{tmp}/mine.model"], "expected --part 1, 2 or 3 with --load, as mine.model is not called"),
        (["--load", "{tmp}/net_p2.model"], "expected {tmp}/net_p2.model, got no such file or folder"),
        (["--load", "{tmp}/text", "--part", "2"], "to be a file of torch.save, got a text that begins 'hello'"),
        (["--load", "{tmp}/pickle", "--part", "2"], "to hold weights only, got a pickled object"),
        (["--load", "{tmp}/weights", "--part", "2"], "weights of NeuralNet, got those of another net: it lacks "),
        (["--load", "{tmp}/list", "--part", "2"], "to hold weights or a net, got a list"),
        (["--load", "{tmp}/no_init", "--part", "2"], "weights of NeuralNet, got those of another net: it lacks "),
        (["--load", "{tmp}/other_init", "--part", "2"], "to hold a neuralnet_p2.NeuralNet, got another net"),
        (["--load", "{tmp}/models/net_p1.model", "--part", "2"], "weights of NeuralNet, got those of another net: it "),
        (["--json", "{tmp}"], "expected {tmp} to be a file, got something else of that name"),
        (["--json", "/dev/null"], "expected /dev/null to be a file, got something else of that name"),
        (["--models", "{tmp}/text"], "expected {tmp}/text to be a folder or not to be there, got a file"),
        (["--plots", "{tmp}/text"], "expected {tmp}/text to be a folder or not to be there, got a file"),
        (["--json", "{tmp}/text/r.json"], "expected {tmp}/text to be a folder or not to be there, got a file"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(
    args: list[str], message: str, options: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = torch.nn.Linear(2, 2)
    (tmp_path / "text").write_text("hello")
    torch.save(layer, tmp_path / "pickle")
    torch.save(dict(layer.state_dict()), tmp_path / "weights")
    torch.save([1, 2], tmp_path / "list")
    torch.save({"state_dict": {}, "init": None}, tmp_path / "no_init")
    torch.save({"state_dict": {}, "init": {"depth": 3}}, tmp_path / "other_init")
    assert run(*options, "--part", 1, "--max_iter", 0) == 0
    capsys.readouterr()
    assert run(*options, *[arg.format(tmp=tmp_path) for arg in args]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message.format(tmp=tmp_path) in err


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize("form", ["state_dict", "checkpoint", "list"])
def test_weights_that_students_saved_themselves_are_loaded(
    form: str, part: int, options: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options, "--part", part, "--max_iter", 1) == 0
    path = tmp_path / f"models/net_p{part}.model"
    state = torch.load(path, weights_only=True)["state_dict"]
    forms = {
        "state_dict": state,
        "checkpoint": {"epoch": 1, "model_state_dict": {f"module.{name}": value for name, value in state.items()}},
        "list": list(state.values()),
    }
    torch.save(forms[form], tmp_path / "mine.model", _use_new_zipfile_serialization=False)
    printed = []
    for file in (path, tmp_path / "mine.model"):
        capsys.readouterr()
        assert run("--load", file, "--dataset", options[1], "--part", part, "--quiet") == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_a_net_for_more_classes_than_the_data_has_is_named(
    quickdraw: Path, options: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options, "--part", 1, "--dataset", quickdraw) == 0
    path = tmp_path / "models/net_p1.model"
    content = torch.load(path, weights_only=True)
    last = [name for name, value in content["state_dict"].items() if value.shape == (6,)]
    content["state_dict"][last[-1]][5] = 1e9  # it now always answers class 5
    torch.save(content, path)
    capsys.readouterr()
    assert run("--load", path, "--dataset", options[1]) == 0
    assert "note: 30 of 30 yhats are none of the labels 0..2, such as 5: counted as wrong\n" in capsys.readouterr().out
    assert run("--load", path, "--dataset", options[1], "--strict") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: part 1: 30 of 30 yhats are none of the labels 0..2")


def test_ctrl_c_leaves_no_file(
    options: list, student: Student, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student(2, "def fit(*args):\n    raise KeyboardInterrupt")
    assert run(*options, "--part", 2, "--json", tmp_path / "r.json") == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert not (tmp_path / "models").exists() and not (tmp_path / "r.json").exists()


def test_an_interrupted_write_of_any_kind_leaves_no_file(
    options: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(self: Path, text: str, **kwargs: object) -> None:
        self.write_bytes(text[:10].encode())
        raise KeyboardInterrupt

    def half_a_picture(self: object, path: Path, **kwargs: object) -> None:
        half(path, "half a picture")

    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", half_a_picture)
        assert run(*options, "--part", 1, "--plots", tmp_path / "plots") == 130
    assert os.listdir(tmp_path / "plots") == []
    (tmp_path / "models/net_p1.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", half)
        assert run(*options, "--part", 1) == 130
        assert run("--load", tmp_path / "models/net_p1.model", *options[:2], "--json", tmp_path / "j/r.json") == 130
    assert os.listdir(tmp_path / "models") == ["net_p1.model"] and os.listdir(tmp_path / "j") == []


def test_a_real_interrupt_ends_a_real_training(tmp_path: Path) -> None:
    command = [sys.executable, "mp6.py", "--part", "1", "--max_iter", "100000000", "--models", str(tmp_path)]
    primary, secondary = pty.openpty()
    termios.tcsetwinsize(secondary, (24, 80))
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=secondary, preexec_fn=interruptible)
    os.close(secondary)
    try:
        shown = ""
        while "loss=" not in shown:  # the bar on a terminal shows that training is under way
            shown += os.read(primary, 1000).decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        process.communicate()
        os.close(primary)
    assert re.search(r"part 1: .*it.*loss=\d", shown) and os.listdir(tmp_path) == []


def test_what_fit_does_to_its_inputs_does_not_touch_the_score(options: list, student: Student) -> None:
    # a fit that blanks what it is given and answers with zeros has a perfect MSE against blanked images
    student(
        3,
        "import torch\n"
        "def fit(train_set, dev_set, n_iter, batch_size=100):\n"
        "    train_set.zero_(); dev_set.zero_()\n"
        "    return [0.0] * n_iter, dev_set.numpy(), torch.nn.Linear(1, 1)\n",
    )
    assert run(*options, "--part", 3, "--target", 0.01) == 1


def test_a_part_that_fails_does_not_stop_the_others(
    options: list, student: Student, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student(2, "fit = None")
    assert run(*options, "--quiet", "--json", tmp_path / "r.json") == 2
    out, err = capsys.readouterr()
    assert "Part 1 results" in out and "Part 3 results" in out and "Part 2 results" not in out
    assert err == "error: part 2: expected a function fit in neuralnet_p2.py, got none\n"
    results = json.loads((tmp_path / "r.json").read_text())
    assert [(result["part"], "error" in result) for result in results] == [(1, False), (2, True), (3, False)]


@pytest.mark.slow
def test_the_driver_loads_no_library_that_the_run_does_not_need(tmp_path: Path) -> None:
    code = "import sys, mp6; mp6.main(['--part', '1', '--max_iter', '1', '--quiet', '--models', sys.argv[1]]); "
    code += "print({'matplotlib', 'pooch', 'sklearn', 'torch._dynamo'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.endswith("num_parameters: 100867\nset()\n"), done


@pytest.mark.parametrize("part", [1, 2, 3])
def test_the_reference_nets_give_the_figures_of_their_run_cards(part: int, tmp_path: Path) -> None:
    model = ROOT / f"models/reference/net_p{part}.model"
    assert run("--load", model, "--json", tmp_path / "r.json", "--quiet") == 0
    (result,) = json.loads((tmp_path / "r.json").read_text())
    card = json.loads(model.with_suffix(".json").read_text())
    assert flat(result["metrics"]) == pytest.approx(flat(card["metrics"]), abs=1e-6)
    assert result["num_parameters"] == card["num_parameters"] and result["bottleneck"] == card["bottleneck"]
    assert card["seed"] == 0 and card["sha256"]["data"] == result["sha256"]["data"]
    assert card["sha256"][model.name] == sha256(model)
    assert np.isfinite(card["losses"]).all()
