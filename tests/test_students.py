"""Other people's neuralnet_pK.py: what they may return, and how what is wrong with them is told."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from programs import as_script

import mp6
from smallnets import cli, fitcheck

Student = Callable[..., Path]

# a net as students write it: no loss_fn kept, no set_parameters, parameters as a generator
NET = """
import numpy as np
import torch

class NeuralNet(torch.nn.Module):
    def __init__(self, lrate):
        super().__init__()
        self.model = torch.nn.Linear(784, OUT)
        self.optimizer = torch.optim.SGD(self.parameters(), lrate)
    def get_parameters(self):
        return self.parameters()
    def forward(self, x):
        return self.model(x / 255)
    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.01)
    losses = [net.step(train_set[:batch_size], train_labels[:batch_size]) for _ in range(n_iter)]
    yhats = net(dev_set).argmax(1)
    return RETURN
"""
AUTOENCODER = """
import torch

class NeuralNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Conv2d(1, 4, 4, 4)
        self.decoder = torch.nn.Sequential(torch.nn.ConvTranspose2d(4, 1, 4, 4), torch.nn.Sigmoid())
    def forward(self, x):
        return self.decoder(self.encoder(x.view(-1, 1, 28, 28))).view(len(x), -1)

def fit(train_set, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    losses = [0.1] * n_iter
    xhats = net(dev_set)
    return RETURN
"""


def classifier(result: str = "losses, yhats, net", out: int = 5) -> str:
    return NET.replace("OUT", str(out)).replace("RETURN", result)


def autoencoder(result: str = "losses, xhats, net") -> str:
    return AUTOENCODER.replace("RETURN", result)


@pytest.fixture
def score(dataset: Path, tmp_path: Path, student: Student) -> Callable[..., int]:
    def run(part: int, source: str, *more: str) -> int:
        student(part, source)
        models = str(tmp_path / "models")
        return mp6.main(["--part", str(part), "--dataset", str(dataset), "--models", models, "--max_iter", "2", *more])

    return run


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (2, classifier()),
        (2, classifier("losses, yhats.numpy(), net")),
        (2, classifier("losses, yhats.tolist(), net")),
        (2, classifier("losses, list(yhats), net")),
        (2, classifier("[loss.item() for loss in losses], yhats.numpy().astype(np.int32), net")),
        (2, classifier("torch.stack(losses), yhats, net")),
        (2, classifier("torch.stack(losses)[:, None], yhats, net")),
        (2, classifier("[loss.detach().numpy().reshape(1, 1) for loss in losses], yhats, net")),
        (2, classifier("[losses, yhats, net]")),
        (2, classifier("losses, yhats, net.model")),  # no get_parameters
        (2, classifier().replace("return self.parameters()", "return [p for p in self.parameters()]")),
        (2, classifier().replace("return self.parameters()", "return [p.data.numpy() for p in self.parameters()]")),
        (
            2,
            classifier()
            .replace("def step(self, x, y)", "def train_step(self, x, y)")
            .replace("net.step", "net.train_step"),
        ),
        (3, autoencoder()),
        (3, autoencoder("losses, xhats.detach().numpy().astype('float64'), net")),
        (3, autoencoder("losses, xhats.tolist(), net")),
        (3, autoencoder("losses, xhats.bfloat16(), net")),
        (3, autoencoder("losses, list(xhats), net")),
        (3, autoencoder().replace("self.encoder", "self.down").replace("self.decoder", "self.up")),
    ],
)
def test_code_as_the_contract_allows_it_runs(
    part: int, source: str, score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(part, source) == 0
    out, err = capsys.readouterr()
    assert err == "" and (f"num_parameters: {785 * 5}" in out if part == 2 else "num_parameters: 133" in out)


def test_a_net_that_does_not_say_how_it_is_built_is_saved_and_loaded_by_its_fit(
    score: Callable[[int, str], int], tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(2, classifier()) == 0
    path = tmp_path / "models/net_p2.model"
    content = torch.load(path, weights_only=True)
    assert content["init"] is None and content["state_dict"]["model.weight"].shape == (5, 784)
    trained = capsys.readouterr().out
    assert mp6.main(["--load", str(path), "--dataset", str(dataset)]) == 0
    accuracy = re.search("Accuracy: .*", capsys.readouterr().out)
    assert accuracy is not None and accuracy[0] in trained


def test_a_net_without_loss_fn_can_be_loaded_by_its_init(
    score: Callable[[int, str], int], tmp_path: Path, dataset: Path
) -> None:
    source = classifier().replace("super().__init__()", 'super().__init__()\n        self.init = {"lrate": lrate}')
    assert score(2, source) == 0
    assert mp6.main(["--load", str(tmp_path / "models/net_p2.model"), "--dataset", str(dataset)]) == 0


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (("return xhats", "return xhats"), ""),
        (("net = NeuralNet()", "net = NeuralNet(); net.encoder.forward = lambda x: (x, x)"), "bottleneck not measured"),
        (
            ("net = NeuralNet()", "net = NeuralNet(); net.get_parameters = lambda: None"),
            "get_parameters failed (Ty",
        ),
        (("net = NeuralNet()", "net = NeuralNet(); net.get_parameters = lambda: net.named_parameters()"), "get_param"),
    ],
)
def test_what_cannot_be_counted_costs_no_score(
    change: tuple[str, str],
    note: str,
    score: Callable[[int, str], int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = autoencoder().replace("    xhats = net(dev_set)", "    xhats = torch.full((len(dev_set), 784), 0.5)")
    assert score(3, source.replace(*change)) == 0
    out, err = capsys.readouterr()
    assert "MSE: 0." in out and note in out and err == "" and (tmp_path / "models/net_p3.model").exists()


@pytest.mark.parametrize("kind", ["staticmethod", "classmethod"])
def test_a_step_of_another_kind_is_left_alone(kind: str, score: Callable[[int, str], int]) -> None:
    step = f"    @{kind}\n    def step({'cls, ' if kind == 'classmethod' else ''}x, y):\n        return 0.5\n"
    source = classifier()
    before, after = source.split("    def step(")
    assert score(2, before + step + "\ndef fit(" + after.split("\ndef fit(")[1]) == 0


def test_what_a_fit_does_to_the_process_ends_with_it(
    score: Callable[[int, str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    havoc = "import io, os, sys; os.chdir('/'); sys.stdout = io.StringIO(); sys.setrecursionlimit(5000)"
    havoc += "; torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False)"
    before = os.getcwd(), torch.get_default_dtype(), torch.is_grad_enabled(), sys.getrecursionlimit()
    assert score(2, classifier().replace("    yhats =", f"    {havoc}\n    yhats =")) == 0
    assert before == (os.getcwd(), torch.get_default_dtype(), torch.is_grad_enabled(), sys.getrecursionlimit())
    assert "Accuracy: " in capsys.readouterr().out


def test_a_used_up_generator_of_parameters_is_told_apart(
    score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    source = classifier().replace("return self.parameters()", "return iter(())")
    assert score(2, source) == 0
    assert "parameters: 3,925 (get_parameters names 0) of at most 500,000: ok" in capsys.readouterr().out


def test_too_many_parameters_and_too_wide_a_bottleneck_are_said(
    score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    wide = classifier().replace("self.optimizer =", "self.more = torch.nn.Linear(784, 784)\n        self.optimizer =")
    assert score(2, wide) == 0
    assert score(3, autoencoder().replace("1, 4, 4, 4", "1, 8, 4, 4").replace("(4, 1, 4, 4)", "(8, 1, 4, 4)")) == 0
    assert score(2, wide.replace("return self.parameters()", "return self.model.parameters()")) == 0
    out = capsys.readouterr().out
    assert "parameters: 619,365 of at most 500,000: TOO MANY" in out
    assert "parameters: 619,365 (get_parameters names 3,925) of at most 500,000: TOO MANY" in out
    assert "bottleneck: 392 numbers an image of at most 196: TOO WIDE (the limit is ours, not the handout's)\n" in out


@pytest.mark.parametrize(
    ("hidden", "verdict"),
    [(64, "50,435 of exactly 100,867: TOO FEW"), (128, "100,867 of exactly 100,867: ok"), (129, "TOO MANY")],
    ids=["64 hidden", "128 hidden", "129 hidden"],
)
def test_the_layers_of_part_1_are_fixed_as_the_grader_has_them(
    hidden: int, verdict: str, score: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    layers = f"torch.nn.Sequential(torch.nn.Linear(784, {hidden}), torch.nn.ReLU(), torch.nn.Linear({hidden}, 3))"
    assert score(1, classifier().replace("torch.nn.Linear(784, 5)", layers)) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("parameters: ")]
    assert verdict in line


WRONG = {
    "nothing": (classifier("None"), "expected fit to return (losses, yhats, net), got nothing (None)"),
    "one value": (classifier("net"), "expected fit to return (losses, yhats, net), got a NeuralNet"),
    "two values": (
        classifier("losses, yhats"),
        "expected fit to return three values (losses, yhats, net), got 2 (a list of 4, a Tensor of 30)",
    ),
    "few yhats": (classifier("losses, yhats[1:], net"), "expected yhats of shape [30], got [29]"),
    "logits of other classes": (
        classifier("losses, net(dev_set)[:, :4], net"),
        "expected yhats of shape [30], got [30, 4]",
    ),
    "NaN yhats": (classifier("losses, yhats * np.nan, net"), "expected finite numbers in yhats, got nan everywhere"),
    "text yhats": (classifier("losses, ['a'] * 30, net"), "expected whole numbers in yhats, got <U1"),
    "ragged": (
        classifier("losses, [[1], [1, 2]], net"),
        "expected yhats to be an array, got a list that makes none",
    ),
    "no yhats": (classifier("losses, None, net"), "expected yhats to be an array of numbers, got nothing (None)"),
    "a set": (classifier("losses, {1, 2}, net"), "expected yhats to be an array of numbers, got a set"),
    "swapped": (
        classifier("yhats, losses, net"),
        "expected fit to return (losses, yhats, net) in this order, got (yhats, losses, net)",
    ),
    "net first": (
        classifier("net, losses, yhats"),
        "expected fit to return (losses, yhats, net) in this order, got (net, losses, yhats)",
    ),
}
WRONG_IMAGES = {
    "few": (autoencoder("losses, xhats[:7], net"), "expected xhats of shape [30, 784], got [7, 784]"),
    "transposed": (autoencoder("losses, xhats.T, net"), "expected xhats of shape [30, 784], got [784, 30]"),
    "sparse": (autoencoder("losses, xhats.to_sparse(), net"), "to be an array, got a Tensor that makes none"),
    "NaN": (autoencoder("losses, xhats * float('nan'), net"), "expected finite numbers in xhats, got nan everywhere"),
    "infinite": (autoencoder("losses, xhats / 0, net"), "expected finite numbers in xhats, got inf everywhere"),
}
LONG = "fit returned 3750 losses for 4 iterations: one an iteration was expected, so these figures are not comparable"
NO_LOSSES = "expected losses to be a list of numbers, got "
NOTED = {
    "few losses": (classifier("losses[1:], yhats, net"), "3 losses for 4 iterations: one an iteration was expected"),
    "a loss of every batch of ten epochs": (classifier("[0.5] * 3750, yhats, net"), LONG),
    "no losses": (classifier("None, yhats, net"), NO_LOSSES + "nothing (None)"),
    "text losses": (classifier("'abcd', yhats, net"), NO_LOSSES + "a str at [0]"),
    "nested losses": (classifier("[1, 1, [1], 1], yhats, net"), NO_LOSSES + "a list of 1 at [2]"),
    "losses in a list": (classifier("[losses], yhats, net"), NO_LOSSES + "a list of 4 at [0]"),
    "a row of losses each": (classifier("np.ones((4, 3)), yhats, net"), NO_LOSSES + "a ndarray of 3 at [0]"),
    "one loss": (classifier("losses[0], yhats, net"), NO_LOSSES + "a Tensor, which is one number: append the loss of"),
    "no loss of a step": (classifier("[None] * 4, yhats, net"), NO_LOSSES + "nothing (None) at [0]: does step return"),
    "huge losses": (classifier("[10**400] * 4, yhats, net"), NO_LOSSES + "a int at [0]"),
    "NaN loss": (classifier("[1, np.nan, 1, 1], yhats, net"), "expected finite losses, got nan at iteration 1"),
    "NaN losses": (classifier("[np.nan] * 4, yhats, net"), "expected finite losses, got nan at iteration 0"),
    "float yhats": (classifier("losses, yhats.float(), net"), "yhats are float32; the autograder accepts whole"),
    "numpy's zeros": (classifier("losses, np.zeros(30), net"), "yhats are float64; the autograder accepts whole"),
    "bool yhats": (classifier("losses, yhats > 0, net"), "yhats are bool; the autograder accepts whole"),
    "a column": (classifier("losses, yhats[:, None], net"), "expected yhats of shape [30], got [30, 1]"),
    "logits": (classifier("losses, net(dev_set), net"), "got [30, 5]: the greatest of each row is taken"),
    "yhats from 1": (
        classifier("losses, np.arange(30) % 5 + 1, net"),
        "6 of 30 yhats are none of the labels 0..4, ",
    ),
    "negative yhats": (classifier("losses, np.arange(30) % 5 - 1, net"), "the labels 0..4, such as -1: counted as"),
    "halves": (classifier("losses, np.arange(30) / 2, net"), "25 of 30 yhats are none of the labels 0..4, such as 0.5"),
    "some NaN": (
        classifier("losses, [np.nan] + [0.0] * 29, net"),
        "yhats hold 1 nan of 30: counted as wrong",
    ),
    "no net": (classifier("losses, yhats, 7"), "expected net to be a torch.nn.Module, got a int; it is not saved"),
    "the class": (
        classifier("losses, yhats, NeuralNet"),
        "got the class NeuralNet: return the object that was trained; it is not saved",
    ),
}
NOTED_IMAGES = {
    "unflattened": (autoencoder("losses, xhats.view(-1, 1, 28, 28), net"), "of shape [30, 784], got [30, 1, 28, 28]"),
    "integers": (autoencoder("losses, xhats.int(), net"), "expected floats in xhats, got int32"),
    "no sigmoid": (autoencoder("losses, xhats * 0 - 0.1, net"), "xhats reach from -0.10 to -0.10; end with a Sigmoid?"),
    "out by a hair": (autoencoder("losses, xhats * 0 + 1.000001, net"), "xhats reach from 1.00000095 to 1.00000095"),
    "raw pixels": (autoencoder("losses, xhats * 0 + 255, net"), "xhats reach from 255.00 to 255.00"),
    "some NaN": (
        autoencoder("losses, xhats.index_fill(0, torch.tensor([3]), float('nan')), net"),
        "784 of 23,520 numbers in xhats are nan or infinite: taken as 0",
    ),
    "beyond float32": (
        autoencoder("losses, torch.cat([xhats[1:].double(), xhats[:1].double() * 0 + 1e300]), net"),
        "784 of 23,520 numbers in xhats are nan or infinite: taken as 0",
    ),
}
CASES = [
    pytest.param(part, *case, id=name)
    for part, cases in ((2, NOTED), (3, NOTED_IMAGES))
    for name, case in cases.items()
]


@pytest.mark.parametrize(("part", "source", "message"), CASES)
def test_what_can_be_scored_is_scored_with_one_note(
    part: int, source: str, message: str, score: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert score(part, source, "--json", str(tmp_path / "r.json")) == 0
    out, err = capsys.readouterr()
    assert ("Accuracy: " if part == 2 else "MSE: ") in out and "num_parameters: " in out and err == ""
    (note,) = [line for line in out.splitlines() if line.startswith("note: ")]
    assert message in note
    (result,) = json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)
    assert [f"note: {each}" for each in result["notes"]] == [note]


# what shows in pictures: gaps in the curve, no curve, labels of no class, images that are none
DRAWN = ("NaN loss", "NaN losses", "no losses", "negative yhats", "halves", "some NaN", "raw pixels", "no net")


@pytest.mark.parametrize(("part", "source", "message"), [case for case in CASES if case.id in DRAWN])
def test_what_is_noted_is_drawn(
    part: int, source: str, message: str, score: Callable[..., int], tmp_path: Path
) -> None:
    assert score(part, source, "--plots", str(tmp_path / "plots")) == 0
    drawn = {path.stem.removeprefix(f"part{part}_") for path in (tmp_path / "plots").iterdir()}
    curve = set() if "losses to be a list" in message else {"loss"}
    filters = set() if "expected net" in message else {"filters"}
    of_part = {"confusion", "development", "f1", "right", "wrong"} if part == 2 else {"reconstructions", "bottleneck"}
    assert drawn == curve | filters | of_part


@pytest.mark.parametrize(("part", "source", "message"), [CASES[0], CASES[8], CASES[-1]])
def test_strict_makes_an_error_of_a_note(
    part: int, source: str, message: str, score: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert score(part, source, "--strict") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"error: part {part}: ") and err.count("\n") == 1
    assert message.removesuffix(": taken as 0") in err and not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("epochs", "kept"),
    [(3, "losses[-4:]"), (3, "losses"), (1, "losses")],
    ids=["a loss an iteration", "all losses", "one epoch"],
)
def test_more_batches_than_iterations_are_told_while_fit_runs_and_noted_once(
    epochs: int, kept: str, score: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    source = classifier(f"{kept}, yhats, net").replace("range(n_iter)", f"range({epochs} * n_iter)")
    assert score(2, source) == 0
    out, err = capsys.readouterr()
    goes_on = "note: part 2: 4 batches are trained, and fit goes on; an iteration is a batch, not an epoch\n"
    assert err == ("" if epochs == 1 else goes_on)
    notes = [line for line in out.splitlines() if line.startswith("note: ")]
    assert len(notes) == (epochs > 1) and all("12" in note and "not comparable" in note for note in notes)


def test_an_endless_fit_is_told_before_it_is_interrupted(
    score: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    step = "        if next(self.calls) == 6: raise KeyboardInterrupt\n        self.optimizer.zero_grad()"
    source = classifier().replace("range(n_iter)", "iter(int, 1)").replace("        self.optimizer.zero_grad()", step)
    source = source.replace("super().__init__()", "super().__init__()\n        self.calls = iter(range(9))")
    assert score(2, source) == 130
    assert "4 batches are trained, and fit goes on" in capsys.readouterr().err


def test_every_note_has_a_line_with_quiet_and_with_strict(
    score: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    source = classifier("[1] * 8, yhats.double(), net")
    assert score(2, source, "--quiet") == 0
    out, err = capsys.readouterr()
    assert "note" not in out and [line[:15] for line in err.splitlines()] == ["note: part 2: y", "note: part 2: f"]
    assert score(2, source, "--strict") == 2
    assert [line[:16] for line in capsys.readouterr().err.splitlines()] == ["error: part 2: y", "error: part 2: f"]


def test_a_label_of_no_class_is_wrong_and_spares_the_others(
    score: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the 30 images, those whose prediction is 7 count as missed by their class and as taken for none."""
    source = classifier("losses, yhats, net").replace("net(dev_set).argmax(1)", "np.array([0] * 10 + [7] * 20)")
    assert score(2, source, "--json", str(tmp_path / "r.json")) == 0
    (result,) = json.loads((tmp_path / "r.json").read_text())
    zeros = result["metrics"]["precision"][0] * 10
    assert result["metrics"]["accuracy"] == pytest.approx(zeros / 30) and len(result["metrics"]["f1"]) == 5
    assert re.search(r"^none .*  0  \(not in this set\)$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_return_is_one_line(
    name: str, score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source, message = WRONG[name]
    assert score(2, source) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"error: part 2: {message}\n") and not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", WRONG_IMAGES)
def test_a_wrong_reconstruction_is_one_line(
    name: str, score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    source, message = WRONG_IMAGES[name]
    assert score(3, source) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and message in err


def files_of_frames(traceback: str) -> list[Path]:
    """The file of each frame of a traceback, as it is printed."""
    return [Path(line.split('"')[1]) for line in traceback.splitlines() if line.startswith("  File")]


def is_ours(file: Path) -> bool:
    """Whether a file is one of the project's own; the folders around a checkout may have any name."""
    return file == ROOT / "mp6.py" or file.is_relative_to(ROOT / "smallnets")


def test_an_exception_shows_the_students_traceback_only(
    score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = classifier().replace("loss.backward()", "raise RuntimeError('of my own')")
    assert score(2, source) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and lines[0] == "error: part 2: Traceback (most recent call last):"
    assert lines[-1] == "RuntimeError: of my own"
    frames = [line for line in lines if line.startswith("  File")]
    assert set(files_of_frames(err)) == {tmp_path / "student/neuralnet_p2.py"}
    # a comprehension between the two has a frame of its own until Python 3.12
    assert frames[0].endswith(" in fit") and frames[-1].endswith(" in step")


def test_an_exception_inside_torch_is_shown_at_the_students_line_with_a_hint(
    score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert score(2, classifier().replace("self.model(x / 255)", "self.model(x[:, :9])")) == 2
    err = capsys.readouterr().err
    files, (*_, folded, error, hint) = files_of_frames(err), err.splitlines()
    assert set(files) == {tmp_path / "student/neuralnet_p2.py"}
    assert re.fullmatch(r"  \.\.\. \d+ frames in torch", folded), err
    assert "RuntimeError: " in error and hint.startswith("Hint: ") and "x.view(-1, 1, 28, 28)" in hint


@pytest.mark.parametrize(
    ("source", "first", "last"),
    [
        ("def fit(:", "SyntaxError", "SyntaxError: "),
        ("import no_such_library", "no_such_library", "ModuleNotFoundError: "),
        ("def fit(x, n):\n    pass", "", "TypeError: fit() "),
        ("def fit(*args):\n    raise NotImplementedError", "raise Not", "Hint: fit is not written yet"),
        ("def fit(*args):\n    exit(0)", "exit(0)", "SystemExit: 0"),
        (
            "def fit(*args):\n    try: 1 / 0\n    except Exception as e: raise KeyError('k') from e",
            "1 / 0",
            "KeyError: 'k'",
        ),
    ],
)
def test_every_way_to_fail_ends_with_the_students_own_error(
    source: str, first: str, last: str, score: Callable[[int, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(2, source) == 2
    err = capsys.readouterr().err
    assert last in err.splitlines()[-1] and first in err
    assert not any(map(is_ours, files_of_frames(err)))


def test_a_missing_file_is_named(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert mp6.main(["--part", "2", "--dataset", str(dataset)]) == 2
    assert capsys.readouterr().err == "error: part 2: expected neuralnet_p2.py beside mp6.py, got no such file\n"


def test_without_notes_all_but_the_type_of_labels_is_an_error() -> None:
    """As the grader asks."""
    assert fitcheck.labels(np.zeros(3), 3, 2).tolist() == [0, 0, 0]
    for call in (
        lambda: fitcheck.labels([0, 2], 2, 2),
        lambda: fitcheck.labels([0.5, 1], 2, 2),
        lambda: fitcheck.labels([[0, 1], [0, 1]], 2, 2),
        lambda: fitcheck.images(np.full((2, 784), 1.5), 2),
        lambda: fitcheck.images(np.zeros((2, 784), int), 2),
        lambda: fitcheck.images(np.zeros((2, 28, 28)), 2),
        lambda: fitcheck.losses([1, 2, 3], 2),
        lambda: fitcheck.losses([1, float("inf")], 2),
    ):
        with pytest.raises(ValueError):
            call()


def test_checks_return_plain_arrays() -> None:
    assert fitcheck.losses([torch.tensor(1.5, requires_grad=True), np.float32(2)], 2) == [1.5, 2.0]
    yhats = fitcheck.labels([torch.tensor(1), torch.tensor(0)], 2, 2)
    assert yhats.dtype == np.int64 and yhats.tolist() == [1, 0]
    xhats = fitcheck.images(torch.full((2, 784), 0.5, requires_grad=True), 2)
    assert xhats.dtype == np.float32 and xhats.shape == (2, 784)


# program, file, line, the student's slip in it, or an error of the student's own
SLIPS = {
    "numpy_to_cnn": ("numpy_nn.py", "numpy_nn.py", "return self.x @ W + b", "return self.x @ W.T + b"),
    "beras": (
        "assignment.py",
        "Beras/layers.py",
        "self.outputs = self.inputs @ self.w",
        "self.outputs = self.inputs @ self.w.T",
    ),
    "batchnorm": ("run_mlp.py", "layer.py", "centred = x - mean.view(per_channel)", "centred = x - int('a mean')"),
}
OWN_WORDS = {
    name: (program, file, line, "raise ValueError('expected this')") for name, (program, file, line, _) in SLIPS.items()
}


@pytest.mark.parametrize("place", ["labs", "copied"])
@pytest.mark.parametrize("words", [SLIPS, OWN_WORDS], ids=["numpy's words", "the student's words"])
@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_a_labs_file_shows_its_traceback(
    name: str,
    words: dict[str, tuple[str, str, str, str]],
    place: str,
    tmp_path: Path,
    digits: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, file, line, slip = words[name]
    folder = tmp_path / place / name
    shutil.copytree(ROOT / "labs" / name, folder, ignore=shutil.ignore_patterns("grading", "__pycache__"))
    source = (folder / file).read_text(encoding="utf-8")
    assert line in source
    (folder / file).write_text(source.replace(line, slip), encoding="utf-8")
    if place == "labs":
        monkeypatch.setattr(cli, "LABS", tmp_path / "labs")
    done = as_script(folder / program, "--data", str(digits.parent if name == "beras" else digits), cwd=folder)
    assert done.returncode == 1 and slip in done.stderr and "ValueError: " in done.stderr, done.stderr
