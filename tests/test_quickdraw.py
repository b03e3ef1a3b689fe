"""The QuickDraw lab: its checks on our nets and on broken ones, its sessions, its search and its look at failures."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import numpy as np
import pytest
import torch
from conftest import ROOT, SEEDS, any_check_fails, make_splits
from programs import as_script, lab_at

from autograder.runner.run_checks import generator
from labs.quickdraw.grading.checks import nets as checks
from smallnets import modelfile

LAB = ROOT / "labs/quickdraw"


def namespace(load: Callable[[str], Any]) -> SimpleNamespace:
    """What the checks look at."""
    accuracies = load("utils.accuracies")
    return SimpleNamespace(
        TwoLayerDenseNet=load("main_densenet").TwoLayerDenseNet,
        TooSimpleConvNN=load("main_convnet").TooSimpleConvNN,
        BestModel=load("main_bestmodel").BestModel,
        accuracy=accuracies.accuracy,
        approx_train_acc_and_loss=accuracies.approx_train_acc_and_loss,
        dev_acc_and_loss=accuracies.dev_acc_and_loss,
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Callable[[str], Any]]:
    with lab_at(LAB) as load:
        yield load


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_our_nets_pass(check: Callable[[Any, np.random.Generator], None], lab: Callable[[str], Any], seed: int) -> None:
    check(namespace(lab), generator(seed, check.__name__))


MUTANTS = {
    "accuracy counts mistakes": ("utils/accuracies.py", "== np.asarray(y_hat)))", "!= np.asarray(y_hat)))"),
    "accuracy as a plain number": ("utils/accuracies.py", "return np.float64(np.mean(", "return float(np.mean("),
    "training mode in evaluation": ("utils/accuracies.py", "    model.eval()\n", ""),
    "the mode stays": ("utils/accuracies.py", "model.train(training)", "pass"),
    "a graph in evaluation": ("utils/accuracies.py", "@torch.no_grad()\n", ""),
    "small sets fail": ("utils/accuracies.py", "min(SAMPLE, n)", "SAMPLE"),
    "images drawn twice": ("utils/accuracies.py", "replace=False", "replace=True"),
    "the last batch is forgotten": ("utils/accuracies.py", "range(0, len(labels), ", "range(0, len(labels) - 500, "),
    "loss of the first batch": (
        "utils/accuracies.py",
        "F.cross_entropy(logits, torch",
        "F.cross_entropy(logits * 2, torch",
    ),
    "nan for a blank image": ("utils/images.py", ".clamp_min(1e-5)", ""),
    "one standard deviation for the batch": (
        "utils/images.py",
        "square().mean(dim=(2, 3)",
        "square().mean(dim=(0, 2, 3)",
    ),
    "flat images only": ("utils/images.py", "shapes = ((height * width,), ", "shapes = ((height * width,),) + 0 * ("),
    "no ReLU": ("main_densenet.py", "nn.ReLU()", "nn.Identity()"),
    "ReLU at the end": ("main_convnet.py", "nn.Flatten(),", "nn.Flatten(), nn.ReLU(),"),
    "padding": ("main_convnet.py", "nn.Conv2d(8, 16, 3, stride=2)", "nn.Conv2d(8, 16, 3, stride=2, padding=1)"),
    "too large": ("main_bestmodel.py", "width: int = ", "width: int = 2 * "),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_catches_the_mutant(name: str, tmp_path: Path) -> None:
    path, old, new = MUTANTS[name]
    copy = tmp_path / "lab"
    shutil.copytree(LAB, copy, ignore=shutil.ignore_patterns("*.pt", "__pycache__", "datasets", "*_files"))
    source = (copy / path).read_text(encoding="utf-8")
    assert old in source
    (copy / path).write_text(source.replace(old, new), encoding="utf-8")
    with lab_at(copy) as load:
        assert any_check_fails(checks.CHECKS, namespace(load))


class Picky(torch.nn.Module):
    """Takes images of one shape alone."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape, self.layer = shape, torch.nn.Sequential(torch.nn.Linear(784, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if tuple(x.shape[1:]) != self.shape:
            raise RuntimeError(f"not {list(x.shape)}")
        return self.layer(x.flatten(1))


@pytest.mark.parametrize("form", checks.FORMS)
def test_the_shape_of_images_is_the_students_choice(form: str) -> None:
    net = Picky(*checks.FORMS[form])
    assert checks._taken(net) == form and net.training
    checks._any_number(net, generator(0, ""))
    net.layer.append(torch.nn.Softmax(0))  # over the batch
    with pytest.raises(AssertionError, match=re.escape(f"Picky, which takes {form}, on the first 1 of")):
        checks._any_number(net, generator(0, ""))


def test_a_net_that_takes_images_of_no_shape_is_told_all_that_were_tried() -> None:
    with pytest.raises(AssertionError) as caught:
        checks._taken(Picky(14, 56))
    assert all(f"\n{form}: RuntimeError: not [3, " in str(caught.value) for form in checks.FORMS)
    assert str(caught.value).endswith(checks.ADVICE)
    with pytest.raises(AssertionError, match=re.escape("[B, 784]: outputs [3, 784] for B = 3")):
        checks._taken(torch.nn.Identity())
    with pytest.raises(NotImplementedError):  # whatever the shape is
        checks._taken(torch.nn.Module())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, with a small data set in datasets/."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").mkdir()
    splits = make_splits(n_train=120, n_dev=60, n_classes=5)
    for split, stem in (("train", "fruit"), ("dev", "fruit_dev")):
        np.save(f"datasets/{stem}_images.npy", splits[f"X_{split}"].reshape(-1, 28, 28))
        np.save(f"datasets/{stem}_labels.npy", splits[f"y_{split}"])
    np.save("datasets/fruit_test_images.npy", splits["X_dev"].reshape(-1, 28, 28))
    return tmp_path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a main as from the command line: (exit code, stdout, stderr)."""

    def go(name: str, *args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [f"main_{name}.py", *args])
        capsys.readouterr()
        try:
            code = lab(f"main_{name}").main()
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return go


TRAIN = ("--mode", "train", "--LR", ".01", "--bs", "20", "--epochs", "150")


@pytest.mark.parametrize("name", ["densenet", "convnet", pytest.param("bestmodel", marks=pytest.mark.slow)])
def test_train_then_predict(name: str, folder: Path, run: Run) -> None:
    args = [*TRAIN, "--bs", "4"] if name == "bestmodel" else TRAIN  # whose images take 3 ms each
    code, out, err = run(name, *args)
    assert code == 0, err
    (log,), (model,) = Path("log_files").iterdir(), Path("model_files").glob("*.pt")
    assert re.fullmatch(rf"\d{{12}}_{name}\.log", log.name) and model.name == f"{log.stem}.pt"
    lines = out.splitlines()
    for line, step in zip(lines, (0, 100, 149), strict=False):
        assert re.fullmatch(rf"On step {step}:\tTrain loss \d+\.\d+\t\|\tDev acc is [01]\.\d+", line)
    assert lines[3:] == [f"Training completed, saving model at {model}"]
    content = log.read_bytes().decode()
    assert content.startswith("step,train_loss,train_acc,dev_loss,dev_acc\r\n") and content.count("\r\n") == 4
    assert "\n" not in content.replace("\r\n", "")
    rows = [line.split(",") for line in content.splitlines()[1:]]
    assert [row[0] for row in rows] == ["0", "100", "149"] and all(float(value) >= 0 for row in rows for value in row)
    # these classes differ in position, which means nothing to the convnet, and left is right to the best net
    assert float(rows[-1][4]) > {"densenet": 0.9, "convnet": 0.15, "bestmodel": 0.4}[name]
    card = json.loads(model.with_suffix(".json").read_text())
    assert card["arguments"] == {"LR": 0.01, "bs": 4 if name == "bestmodel" else 20, "epochs": 150, "seed": 0}
    assert card["metrics"]["dev_acc"] == float(rows[-1][4])

    code, out, err = run(name, "--mode", "predict", "--weights", str(model), "--predictionsFile", "a/p.csv")
    assert code == 0 and out == "Storing predictions in a/p.csv\n", err
    predictions = Path("a/p.csv").read_bytes()
    assert re.fullmatch(rb"([0-5]\n){60}", predictions)
    # the test images are those of the development set here
    truth = np.load("datasets/fruit_dev_labels.npy")
    assert np.mean(np.array(predictions.split(), int) == truth) == pytest.approx(float(rows[-1][4]))


def test_one_seed_is_one_training(folder: Path, run: Run) -> None:
    logs = []
    for k, seed in enumerate(("3", "3", "4")):
        code, out, err = run("densenet", *TRAIN, "--seed", seed)
        assert code == 0, err
        # runs of one minute don't overwrite each other
        model = Path(out.split()[-1])
        assert len(list(Path("log_files").iterdir())) == len(list(Path("model_files").glob("*.pt"))) == k + 1
        logs.append((Path("log_files") / f"{model.stem}.log").read_bytes())
    assert logs[0] == logs[1] != logs[2]


def test_a_bare_state_dict_predicts_alike(folder: Path, run: Run, lab: Callable[[str], Any]) -> None:
    assert run("densenet", *TRAIN)[0] == 0
    (model,) = Path("model_files").glob("*.pt")
    torch.save(torch.load(model, weights_only=True)["state_dict"], "bare.pt")
    for weights in (str(model), "bare.pt"):
        assert run("densenet", "--mode", "predict", "--weights", weights, "--predictionsFile", f"{weights}.csv")[0] == 0
    assert Path(f"{model}.csv").read_bytes() == Path("bare.pt.csv").read_bytes()


NEEDLESS = None
MISTAKES: dict[str, tuple[list[str], str]] = {
    "no mode": ([], ": --mode ("),
    "another mode": (["--mode", "test"], "--mode: "),
    "no rate": (["--mode", "train", "--bs", "1", "--epochs", "1"], "Learning rate has to be provided for train mode"),
    "no batch size": (
        ["--mode", "train", "--LR", "1", "--epochs", "1"],
        "batch size has to be provided for train mode",
    ),
    "no steps": (["--mode", "train", "--LR", "1", "--bs", "1"], "number of epochs has to be provided for train mode"),
    "no weights": (["--mode", "predict"], "for inference, model weights must be specified"),
    "no file": (
        ["--mode", "predict", "--weights", "a"],
        "for inference, a predictions file must be specified for output.",
    ),
    "rate 0": ([*TRAIN, "--LR", "0"], "expected --LR, --bs and --epochs above 0, got 0.0, 20 and 150"),
    "rate nan": ([*TRAIN, "--LR", "nan"], "expected a number of at least 0, got nan"),
    "batch too large": ([*TRAIN, "--bs", "121"], "expected --bs of at most the 120 training images, got 121"),
    "no such folder": ([*TRAIN, "--dataDir", "nowhere"], "expected nowhere/fruit_images.npy, got no such file"),
    "diverges": ([*TRAIN, "--LR", "1e30"], "expected a finite loss, got"),
    "no such weights": (
        ["--mode", "predict", "--weights", "no.pt", "--predictionsFile", "p"],
        "expected no.pt, got no such file",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, folder: Path, run: Run) -> None:
    args, message = MISTAKES[name]
    code, _, err = run("densenet", *args)
    assert code == 2 and err.count("\n") == 1 and message in err, err
    assert not list(folder.rglob("*.pt")) and not (folder / "p").exists()


DAMAGE: dict[str, tuple[str, Any, str]] = {
    "flat images": ("fruit_images", lambda a: a.reshape(-1, 784), "of uint8 [N, 28, 28], got uint8 [120, 784]"),
    "floats": ("fruit_dev_images", lambda a: a / 255, "of uint8 [N, 28, 28], got float64 [60, 28, 28]"),
    "no images": ("fruit_images", lambda a: a[:0], "got uint8 [0, 28, 28]"),
    "too few labels": (
        "fruit_labels",
        lambda a: a[1:],
        "of 120 whole numbers, as fruit_images.npy has, got int64 [119]",
    ),
    "label 6": ("fruit_dev_labels", lambda a: a + 2, "labels from 0 to 5 in datasets/fruit_dev_labels.npy, got 2 to 6"),
    "negative label": ("fruit_labels", lambda a: a - 1, "labels from 0 to 344 in datasets/fruit_labels.npy, got -1..3"),
    "labels in halves": ("fruit_labels", lambda a: a / 2, "got float64 [120]"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_data_are_named(name: str, folder: Path, run: Run) -> None:
    stem, damage, message = DAMAGE[name]
    path = f"datasets/{stem}.npy"
    np.save(path, damage(np.load(path)))
    code, out, err = run("densenet", *TRAIN)
    assert (code, out, err.count("\n")) == (2, "", 1) and message in err
    assert sorted(os.listdir()) == ["datasets"]


def test_foreign_weights_are_named(folder: Path, run: Run, lab: Callable[[str], Any]) -> None:
    net = lab("main_convnet").TooSimpleConvNN()
    torch.save({"state_dict": net.state_dict(), "init": net.init}, "convnet.pt")
    torch.save(net.state_dict(), "bare.pt")
    torch.save(torch.nn.Linear(2, 3), "pickled.pt")
    torch.save([1, 2], "list.pt")
    Path("cut.pt").write_bytes(Path("bare.pt").read_bytes()[:-100])
    Path("text.pt").write_text("hello")
    for weights, message in {
        "convnet.pt": "expected convnet.pt to hold a net of densenet, got another",
        "bare.pt": "expected bare.pt to hold weights of TwoLayerDenseNet, got those of another net",
        "list.pt": "expected list.pt to hold weights or a net, got a list",
        "pickled.pt": "expected pickled.pt to hold weights only, got a pickled object",
        "cut.pt": "expected cut.pt to be a file of torch.save, got a damaged or half-written one",
        "text.pt": "expected text.pt to be a file of torch.save, got a text that begins 'hello'",
    }.items():
        code, out, err = run("densenet", "--mode", "predict", "--weights", weights, "--predictionsFile", "p.csv")
        assert (code, out, err.count("\n")) == (2, "", 1) and message in err, err
        assert not Path("p.csv").exists()


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
def test_a_whole_net_is_opened_if_the_user_trusts_it(
    old: bool, folder: Path, run: Run, lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(lab("main_densenet").TwoLayerDenseNet(), "whole.pt", _use_new_zipfile_serialization=not old)
    args = ("--mode", "predict", "--weights", "whole.pt", "--predictionsFile", "p.csv")
    code, _, err = run("densenet", *args)
    assert code == 2 and f"or put {modelfile.TRUST}=1 before the command if you trust the file" in err
    monkeypatch.setenv(modelfile.TRUST, "1")
    code, _, err = run("densenet", *args)
    assert code == 0 and len(Path("p.csv").read_text().splitlines()) == 60, err


def test_a_net_for_other_classes_than_the_drawings_is_named(folder: Path, run: Run, lab: Callable[[str], Any]) -> None:
    shutil.copytree(LAB / "model_files", "nets")
    predict = ("--mode", "predict", "--weights", "nets/densenet.pt", "--predictionsFile", "p.csv")
    shipped = "note: nets/densenet.pt was trained on apple, banana, bowtie, flower, lollipop, rainbow; the drawings in "
    told = run("densenet", *predict)[2]
    assert shipped + "datasets are apple, banana, grapes, " in told and "nets/fruits/densenet.pt knows them" in told
    assert run("densenet", *predict[:3], "nets/fruits/densenet.pt", *predict[4:])[2] == ""
    names = json.loads(Path("nets/densenet.json").read_text())["classes"]
    Path("datasets/class_names.json").write_text(json.dumps(names))
    assert run("densenet", *predict)[2] == ""
    Path("datasets/class_names.json").write_text(json.dumps(names[::-1]))
    assert (
        "datasets are rainbow, lollipop, flower, bowtie, banana, apple: answers will be" in run("densenet", *predict)[2]
    )
    shutil.copyfile("nets/convnet.json", "nets/densenet.json")  # the card of another file says nothing
    assert run("densenet", *predict)[2] == ""


def test_failures_name_a_net_for_other_classes(folder: Path, lab: Callable[[str], Any], capsys: Any) -> None:
    args = ["--model", "densenet", "--weights", str(LAB / "model_files/densenet.pt"), "--out", "failures"]
    assert lab("failures").main(args) == 0
    assert "was trained on apple, banana, bowtie, " in capsys.readouterr().err


def test_failures_take_the_net_that_knows_the_drawings(folder: Path, lab: Callable[[str], Any], capsys: Any) -> None:
    shutil.copytree(LAB / "model_files", "model_files", dirs_exist_ok=True)
    assert lab("failures").main(["--model", "densenet", "--out", "failures"]) == 0
    assert "was trained on" not in capsys.readouterr().err


def test_nets_of_sketches_know_most_real_fruits(lab: Callable[[str], Any], capsys: Any) -> None:
    assert lab("real_fruits").main([]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["densenet", "convnet", "bestmodel"]
    assert all(float(row[3]) > 0.65 for row in rows) and float(rows[2][3]) > 0.8


def test_an_interrupted_run_keeps_its_rows_and_its_net(
    folder: Path, run: Run, lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, before = lab("utils.session"), signal.signal(signal.SIGINT, signal.default_int_handler)
    write_row = session.write_row

    def interrupted(file: TextIO, row: dict[str, Any]) -> None:
        write_row(file, row)
        if row["step"] == 200:
            signal.raise_signal(signal.SIGINT)  # Ctrl-C

    monkeypatch.setattr(session, "write_row", interrupted)
    try:
        assert run("densenet", *TRAIN[:-1], "1000000")[0] == 130
    finally:
        signal.signal(signal.SIGINT, before)
    (log,) = folder.glob("log_files/*.log")
    assert log.read_bytes().endswith(b"\r\n") and log.read_bytes().count(b"\r\n") == 4
    (model,) = folder.glob("model_files/*.pt")
    assert set(torch.load(model, weights_only=True)) == {"state_dict", "init"}


FOREIGN = """
import argparse, sys
import numpy as np
import torch
from utils.io_argparse import get_args
from utils.accuracies import accuracy, approx_train_acc_and_loss, dev_acc_and_loss

if __name__ == "__main__":
    arguments = get_args(sys.argv)
    data = np.load(arguments.get("data_dir") + "/fruit_images.npy").reshape(-1, 784) / 255.0
    labels = np.load(arguments.get("data_dir") + "/fruit_labels.npy")
    model = torch.nn.Linear(784, 6)
    print(sorted(arguments))
    print(approx_train_acc_and_loss(model, data, labels), dev_acc_and_loss(model, data, labels))
    print(accuracy(labels, model(torch.from_numpy(data).float()).argmax(dim=1).numpy()))
"""


def test_other_peoples_programs_run_against_ours(folder: Path) -> None:
    (folder / "main_theirs.py").write_text(FOREIGN)
    shutil.copytree(LAB / "utils", folder / "utils")
    done = as_script(folder / "main_theirs.py", "--mode", "train", cwd=folder)
    assert done.returncode == 0, done.stderr
    names = "bs data_dir epochs log_dir lr mode model_save_dir predictions_file seed weights".split()
    assert done.stdout.splitlines()[0] == str(names)
    figures = re.findall(r"0\.\d+", done.stdout)
    assert figures[0] == figures[-1]  # a small set is sampled whole


def test_the_options_are_the_courses(lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["main_x.py", "--mode", "predict"])
    assert lab("utils.io_argparse").get_args(["ignored"]) == {
        "data_dir": "datasets", "log_dir": "log_files", "model_save_dir": "model_files", "predictions_file": None,
        "mode": "predict", "lr": None, "bs": None, "epochs": None, "weights": None, "seed": 0,
    }  # fmt: skip


def test_drawings_are_moved_only_a_little(lab: Callable[[str], Any]) -> None:
    x = torch.zeros(200, 28, 28)
    x[:, 10:18, 10:18] = 255
    moved = lab("main_bestmodel").moved(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape and moved.min() >= 0 and moved.max() <= 255.01
    rows = (moved.sum(2) @ torch.arange(28.0)) / moved.sum((1, 2)) - 13.5
    assert rows.abs().max() < 4 and rows.std() > 0.5
    x[:, :, :18] = 0
    x[:, 10:18, 18:24] = 255  # now on the right: of a mirrored drawing it lies on the left
    columns = lab("main_bestmodel").moved(x, torch.Generator().manual_seed(0)).sum(1) @ (torch.arange(28.0) - 13.5)
    assert 0.35 < (columns > 0).float().mean() < 0.65 and (columns != 0).all()


def test_a_drawing_and_its_mirror_image_are_alike_to_the_best_net(lab: Callable[[str], Any]) -> None:
    net = lab("main_bestmodel").BestModel(width=4).eval()
    x = torch.rand(3, 28, 28)
    torch.testing.assert_close(net(x), net(x.flip(2)))


def test_curves_are_drawn_and_averaged(tmp_path: Path, lab: Callable[[str], Any], capsys: Any) -> None:
    for k, accuracy in enumerate(("0.5", "0.75")):
        rows = f"step,train_loss,train_acc,dev_loss,dev_acc\n0,2.0,0.1,1.9,{accuracy}\n19,1.0,0.6,1.1,{accuracy}\n"
        (tmp_path / f"202611210000_densenet{'_2' * k}.log").write_text(rows)
    logs = [str(path) for path in sorted(tmp_path.glob("*.log"))]
    assert lab("curves").main([*logs, "--out", str(tmp_path / "curves.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["202611210000_densenet.log", "20", "0.6000", "1.1000", "0.5000", "0.5000"]
    assert lines[3].split() == ["densenet,", "mean", "of", "2", "0.6000", "1.1000", "0.6250", "0.6250"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_log_whose_last_line_was_cut_is_read_without_it(
    tmp_path: Path, lab: Callable[[str], Any], capsys: Any
) -> None:
    path = tmp_path / "x.log"
    path.write_text("step,train_loss,train_acc,dev_loss,dev_acc\n0,2.0,0.1,1.9,0.25\n19,1.0,0.6,1.1,0.7")
    assert lab("curves").main([str(path), "--out", str(tmp_path / "curves.png")]) == 0
    out = capsys.readouterr().out
    assert f"{path}: the last line was cut short and is left out\n" in out and " 0.2500" in out and " 0.7" not in out


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "step,train_loss,train_acc,dev_loss,dev_acc\n",
                                     "step,train_loss,train_acc,dev_loss,dev_acc\n1,2,3,4\n",
                                     "step,train_loss,train_acc,dev_loss,dev_acc\n1,2,x,4,5\n"])  # fmt: skip
def test_what_is_no_log_is_named(content: str, tmp_path: Path, lab: Callable[[str], Any], capsys: Any) -> None:
    (tmp_path / "other.log").write_text(content)
    assert lab("curves").main([str(tmp_path / "other.log"), "--out", str(tmp_path / "curves.png")]) == 2
    assert "expected" in capsys.readouterr().err and not (tmp_path / "curves.png").exists()


def test_failures_draw_and_answer(folder: Path, run: Run, lab: Callable[[str], Any]) -> None:
    assert run("densenet", *TRAIN[:-1], "40", "--LR", "0.001")[0] == 0
    (model,) = Path("model_files").glob("*.pt")
    code = lab("failures").main(["--model", "densenet", "--weights", str(model), "--out", "failures"])
    assert code == 0
    answers = json.loads(Path("failures/answers.json").read_text())
    assert (answers["1.5.8a"], answers["1.5.9a"], answers["1.5.9b"]) == (17, 79000, 106)
    assert answers["1.5.8b"] == 20  # five balanced classes here
    assert answers["1.3.2"]["flattened"] == [120, 784]
    for key in ("1.8.7", "1.8.10"):
        rows = answers[key]["images"]
        assert answers[key]["of"] == len(rows) == 10
        assert answers[key]["still_right"] == sum(row["true"] == row["predicted"] for row in rows)
    names = "confident confusion first flattened flipped noisy right wrong".split()
    assert sorted(path.stem for path in Path("failures").glob("*.png")) == names


def test_noise_is_a_tenth_of_the_range(lab: Callable[[str], Any]) -> None:
    images = np.zeros((10, 28, 28), np.uint8)
    images[:, :5] = 200
    difference = lab("failures").noisy(images, np.random.default_rng(0)) - images
    assert abs(difference.std() - 20) < 1


@pytest.mark.slow
def test_a_search_goes_on_where_it_was_and_survives_a_killed_worker(folder: Path) -> None:
    pytest.importorskip("optuna", reason="the extra [search] is not installed")
    command = [sys.executable, str(LAB / "search.py"), "--model", "densenet", "--epochs", "200"]
    done = subprocess.run([*command, "--trials", "3"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^best: [01]\.\d{4} with --LR \S+ --bs 100$", done.stdout, re.MULTILINE)
    started = subprocess.Popen([*command, "--trials", "12", "--jobs", "2"], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None and "of 12 trials" in started.stdout.readline()
    workers = subprocess.run(["pgrep", "-P", str(started.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(workers[0]), signal.SIGKILL)
    out, _ = started.communicate(timeout=300)
    assert started.returncode == 0
    table = Path("search_results/densenet_trials.csv").read_text().splitlines()
    assert table[0] == "trial,state,LR,bs,last step,dev_acc" and len(table) >= 13
    assert Path("search_results/densenet_trials.png").read_bytes().startswith(b"\x89PNG")


def test_a_grid_fills_its_table(
    folder: Path, lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna", reason="the extra [search] is not installed")
    search = lab("search")
    monkeypatch.setattr(search, "GRID_RATES", [0.001, 0.1])
    monkeypatch.setitem(search.BATCH_SIZES, "densenet", [10, 20, 30])
    args = ["--model", "densenet", "--grid", "--epochs", "3"]
    assert search.main(args) == 0
    out = capsys.readouterr().out
    assert "6 of 6 trials" in out and "learning rate  batch of 10  batch of 20  batch of 30\n" in out
    written = Path("search_results/densenet_grid.md").read_text().splitlines()
    assert written[0] == "Accuracy on the development set after 3 steps, seed 0"
    assert written[2] == "| learning rate | batch of 10 | batch of 20 | batch of 30 |" and len(written) == 6
    assert all(re.fullmatch(r"\| 0\.\d+( \| [01]\.\d{4}){3} \|", line) for line in written[4:])
    assert search.main(args) == 0 and " of 6 trials" not in capsys.readouterr().out  # all is there, and shown again


def test_workers_share_the_pairs_of_a_grid(
    folder: Path, lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna", reason="the extra [search] is not installed")
    search, sizes, pairs = lab("search"), [10, 20, 30], set()
    monkeypatch.setattr(search, "GRID_RATES", [0.001, 0.1])
    monkeypatch.setitem(search.BATCH_SIZES, "densenet", sizes)
    args = SimpleNamespace(model="densenet", epochs=3, grid=True, seed=0, storage=folder / "grid.journal")

    def objective(trial: Any) -> float:
        pairs.add((trial.suggest_float("LR", 1e-5, 0.1, log=True), trial.suggest_categorical("bs", sizes)))
        return 0.5

    for worker in range(6):
        study = search.open_study(args, worker)
        study.optimize(objective, n_trials=1)
    assert pairs == {(lr, bs) for lr in (0.001, 0.1) for bs in sizes} and study.sampler.is_exhausted(study)


@pytest.mark.slow
def test_run_sh_as_typed_on_a_fresh_machine(checkout: Path) -> None:
    source = (checkout / "labs/quickdraw/run.sh").read_text().replace("--epochs 2000", "--epochs 40")
    (checkout / "labs/quickdraw/run.sh").write_text(source)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "run.sh"], cwd=checkout / "labs/quickdraw", capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "in place of" in done.stdout.splitlines()[0]
    for name in ("densenet", "convnet", "best_model"):
        lines = (checkout / f"labs/quickdraw/{name}_predictions.csv").read_text().splitlines()
        assert len(lines) > 100 and set(lines) <= set("012345")


@pytest.mark.skipif("SMALLNETS_DATA" not in os.environ, reason="SMALLNETS_DATA, with real drawings, is not set")
@pytest.mark.parametrize("name", ["densenet", "convnet", pytest.param("bestmodel", marks=pytest.mark.slow)])
def test_the_shipped_nets_are_as_good_as_their_cards_say(name: str, lab: Callable[[str], Any]) -> None:
    session = lab("utils.session")
    card = json.loads((LAB / f"model_files/{name}.json").read_text())
    assert card["classes"] == ["apple", "banana", "bowtie", "flower", "lollipop", "rainbow"]
    net = session.load_net(lab(f"main_{name}").program(), str(LAB / f"model_files/{name}.pt"))
    data = session.load_split(Path(os.environ["SMALLNETS_DATA"]) / "quickdraw", "dev", 6)
    found, _ = lab("utils.accuracies").dev_acc_and_loss(net, *data)
    assert abs(found - card["metrics"]["dev_acc"]) < 0.002
