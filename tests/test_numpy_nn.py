"""The NumPy lab: its checks on our file, its checks on broken copies of it, and the classifier as a user runs it."""

import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from beyond import IN_NUMPY
from conftest import ROOT, SEEDS, any_check_fails, load_file

from autograder.runner.assertions import equal
from autograder.runner.run_checks import generator
from labs.numpy_to_cnn.grading.checks import numpy_nn
from smallnets.data import mnist

LAB = ROOT / "labs/numpy_to_cnn"
CHECKS = [*numpy_nn.CHECKS, *IN_NUMPY]


@pytest.fixture(scope="module")
def lab() -> ModuleType:
    return load_file(LAB / "numpy_nn.py", "numpy_nn")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_our_layers_pass(check: Callable[[ModuleType, np.random.Generator], None], lab: ModuleType, seed: int) -> None:
    check(lab, generator(seed, check.__name__))


MUTANTS = {
    "summed instead of per sample": (
        "self.dL_wrt_W = x[:, :, None] * dL_wrt_output[:, None, :]",
        "self.dL_wrt_W = np.tile(x.T @ dL_wrt_output, (len(x), 1, 1))",
    ),
    "transposed": (".T\n\n    def params", "\n\n    def params"),
    "outer product the other way": (
        "x[:, :, None] * dL_wrt_output[:, None, :]",
        "x[:, None, :] * dL_wrt_output[..., None]",
    ),
    "no bias": ("return self.x @ W + b", "return self.x @ W"),
    "bias gradient without its axis": ("np.array(dL_wrt_output)[:, None, :]", "np.array(dL_wrt_output)"),
    "stale input": (
        "self.x = np.array(x)\n        W, b",
        "self.x = np.array(x) if self.x is None else self.x\n        W, b",
    ),
    "no copy of the input": ("self.x = np.array(x)\n        W, b", "self.x = x\n        W, b"),
    "copies instead of live parameters": ('{"W": self.W, "b": self.b}', '{"W": self.W.copy(), "b": self.b.copy()}'),
    "gradient of the batch alone": (
        "self.dL_wrt_W = x[:, :, None] * dL_wrt_output[:, None, :]",
        "self.dL_wrt_W = x.T @ dL_wrt_output",
    ),
    "divided by the samples": (
        "dL_wrt_output[:, None, :]\n        self.dL",
        "dL_wrt_output[:, None, :] / len(x)\n        self.dL",
    ),
    "sign of the gradient": ("self.dL_wrt_W = x[:, :, None]", "self.dL_wrt_W = -x[:, :, None]"),
    "b drawn before W": ("self.W = np.random.randn(input", "np.random.randn(1); self.W = np.random.randn(input"),
    "ReLU in place": ("return np.maximum(self.x, 0)", "return np.maximum(x, 0, out=x)"),
    "ReLU changes the gradient in place": (
        "        return np.where(_remembered(self.x) > 0, dL_wrt_output, 0)",
        "        dL_wrt_output[self.x <= 0] = 0\n        return dL_wrt_output",
    ),
    "ReLU passes everything back": ("np.where(_remembered(self.x) > 0, dL_wrt_output, 0)", "dL_wrt_output"),
    "sigmoid that overflows": ("0.5 * (1 + np.tanh(0.5 * np.asarray(x)))", "1 / (1 + np.exp(-np.asarray(x)))"),
    "sigmoid of minus x": ("np.tanh(0.5", "np.tanh(-0.5"),
    "sigmoid's derivative of x": ("a * (1 - a) * dL", "a * dL"),
    "squared error without its 2": ("2 * _remembered(self.error)", "_remembered(self.error)"),
    "squared error's sign": ("return 2 * _remembered", "return -2 * _remembered"),
    "squared error's gradient averaged": (
        "return 2 * _remembered(self.error)",
        "return 2 * _remembered(self.error) / len(self.error)",
    ),
    "squared error averaged": ("return self.error**2", "return (self.error**2).mean()"),
    "unsigned labels wrap": (
        "np.subtract(x, y, dtype=np.result_type(x, np.float32))",
        "(-(y - x.astype(y.dtype))).astype(float)",
    ),
    "the class alone from a hook": ("    return [Linear]", "    return Linear"),
    "an object from a hook": ("    return [ReLU]", "    return [ReLU()]"),
    "always float64": ("0.5 * np.asarray(x)))", "0.5 * np.asarray(x, np.float64)))"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_catches_the_mutant(name: str, tmp_path: Path) -> None:
    old, new = MUTANTS[name]
    source = (LAB / "numpy_nn.py").read_text()
    assert old in source
    (tmp_path / "numpy_nn.py").write_text(source.replace(old, new))
    mutant = load_file(tmp_path / "numpy_nn.py", "mutant")
    assert any_check_fails(CHECKS, mutant)


def test_the_handouts_example_of_linear(lab: ModuleType) -> None:
    layer = lab.Linear(3, 2)
    layer.W, layer.b = np.linspace(1, -1, 6).reshape(3, 2), np.linspace(-0.5, 0.5, 2).reshape(1, 2)
    equal(layer.forward(np.linspace(-2, 2, 6).reshape(2, 3)), [[-2.5, -0.06], [-1.06, -1.5]], "forward")
    found = layer.backward(np.linspace(1, 2, 4).reshape(2, 2))
    equal(found, [[1.8, -0.06666667, -1.93333333], [2.86666667, -0.06666667, -3.0]], "backward")
    first = [[-2, -2.66666667], [-1.2, -1.6], [-0.4, -0.53333333]]
    second = [[0.66666667, 0.8], [2, 2.4], [3.33333333, 4]]
    equal(layer.grads()["W"], [first, second], "the gradient of W")
    equal(layer.grads()["b"], [[[1, 1.33333333]], [[1.66666667, 2]]], "the gradient of b")


def test_the_handouts_and_the_notebooks_examples_of_activations(lab: ModuleType) -> None:
    relu, sigmoid, loss = lab.ReLU(), lab.Sigmoid(), lab.SE()
    relu.forward(np.linspace(-1, 1, 9))
    equal(relu.backward(np.linspace(-1, 1, 9)), [0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 1], "ReLU.backward")
    sigmoid.forward(np.linspace(-5, 5, 5))
    expected = [-0.06648057, -0.35051858, 0, 0.35051858, 0.06648057]
    equal(sigmoid.backward(np.linspace(-10, 10, 5)), expected, "Sigmoid.backward")
    x, dL = np.array([[-2, -1.2, -0.4], [0.4, 1.2, 2]]), np.array([[-3, 1.2, -0.5], [-0.4, 2.2, 3]])
    relu.forward(x)
    equal(relu.backward(dL), [[0, 0, 0], [-0.4, 2.2, 3]], "ReLU.backward")
    sigmoid.forward(x)
    expected_2d = [[-0.314981, 0.213473, -0.12013], [-0.096104, 0.391368, 0.314981]]
    equal(sigmoid.backward(dL), expected_2d, "Sigmoid.backward", tolerance=1e-5)
    loss.forward(np.linspace(-5, 5, 9), 0.5 * np.linspace(-5, 5, 9))
    equal(loss.backward(), [-5, -3.75, -2.5, -1.25, 0, 1.25, 2.5, 3.75, 5], "SE.backward")


def test_the_layers_agree_with_torch(lab: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 2, (6, 2))
    model, loss = [lab.Linear(5, 4), lab.ReLU(), lab.Linear(4, 2), lab.Sigmoid()], lab.SE()
    for layer in model:
        for parameter in layer.params().values():
            parameter[...] = rng.normal(size=parameter.shape)
    theirs = [torch.tensor(p, requires_grad=True) for p in lab.parameters(model)]
    hidden = torch.relu(torch.tensor(x) @ theirs[0] + theirs[1])
    output = torch.sigmoid(hidden @ theirs[2] + theirs[3])
    (output - torch.tensor(y)).square().sum(dim=1).mean().backward()

    np.testing.assert_allclose(lab.predict(model, x), output.detach(), rtol=1e-12)
    loss.forward(lab.predict(model, x), y)
    gradient = loss.backward()
    for layer in reversed(model):
        gradient = layer.backward(gradient)
    ours = [layer.grads()[name].mean(axis=0) for layer in model for name in layer.params()]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(torch.from_numpy(a), b.grad, rtol=1e-10, atol=1e-14)


def test_wrong_calls_are_named(lab: ModuleType) -> None:
    layer = lab.Linear(3, 2)
    for call, message in (
        (lambda: layer.backward(np.ones((1, 2))), "forward before backward"),
        (lambda: layer.forward(np.ones((4, 5))), r"expected x of shape \[B, 3\], got \[4, 5\]"),
        (lambda: layer.forward(np.ones(3)), r"expected x of shape \[B, 3\], got \[3\]"),
        (lambda: lab.SE().forward(np.ones((3, 1)), np.ones(3)), r"one shape, got \[3, 1\] and \[3\]"),
        (lambda: (layer.forward(np.ones((4, 3))), layer.backward(np.ones((3, 2)))), r"shape \[4, 2\], got \[3, 2\]"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("classes", [(4, 9), (9, 4), (0, 1), (7, 0)])
def test_labels_are_right_for_any_pair(lab: ModuleType, digits: Path, classes: tuple[int, int]) -> None:
    (x, y), (x_test, y_test) = lab.load_data(digits / "full-mnist.npz", *classes)
    with np.load(digits / "full-mnist.npz") as data:
        truths = data["y_test"][np.isin(data["y_test"], classes)]
    np.testing.assert_array_equal(np.array(classes)[y_test[:, 0]], truths)
    assert x.shape == (276, 784) and x.dtype == np.float64 and y.shape == (276, 1) and y.dtype == np.uint8
    assert abs(x.mean()) < 1e-12 and abs(x.std() - 1) < 1e-12 and x_test.shape == (72, 784)


def test_missing_classes_are_named(lab: ModuleType, tmp_path: Path) -> None:
    data = {f"{a}_{s}": np.zeros((4, 28, 28) if a == "x" else 4, np.uint8) for a in "xy" for s in ("train", "test")}
    np.savez(tmp_path / "d.npz", allow_pickle=False, **data)
    with pytest.raises(ValueError, match="two different classes, got 4 twice"):
        lab.load_data(tmp_path / "d.npz", 4, 4)
    with pytest.raises(ValueError, match=r"expected digits 9 in y_train of .*d.npz, got only \[0\]"):
        lab.load_data(tmp_path / "d.npz", 0, 9)


@pytest.mark.parametrize("style", ["b", "r--", ":", "-", "dashed", "ko"])
def test_a_curve_has_the_style_of_a_format_or_a_name(
    style: str, lab: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The course's notebook passes colours, such as linestyle='b', which pyplot.plot takes as a format."""
    x = np.arange(4.0)
    lab.visualize_xy([(x, x)], linestyle=style, save_filepath=str(tmp_path / "curve.png"), show=False)
    assert (tmp_path / "curve.png").stat().st_size > 1000 and capsys.readouterr().out == ""


def test_the_classifier_keeps_its_best_epoch_and_draws(
    lab: ModuleType, digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    kept: dict = {}
    monkeypatch.setattr(lab, "test", lambda model, *rest: kept.update(model=model, losses=rest[3]) or 0)
    args = ["--data", str(digits / "full-mnist.npz"), "--out", str(tmp_path), "--epochs", "8", "--lr", "3"]
    assert lab.main(args) == 0
    (x, y), _ = lab.load_data(digits / "full-mnist.npz", 4, 9)
    np.random.seed(0)  # noqa: NPY002 - the split that main() drew
    rows = np.random.permutation(len(x))[: int(0.1 * len(x))]  # noqa: NPY002
    # the parameters that are tested give the lowest loss that was seen, not the last one
    found = lab.SE().forward(lab.predict(kept["model"], x[rows].astype(np.float32)), y[rows]).mean()
    assert found == pytest.approx(min(kept["losses"]), rel=1e-4)


def test_each_image_is_moved_by_up_to_a_pixel_for_itself(lab: ModuleType) -> None:
    x = np.zeros((200, 784), np.float32)
    x[:, 28 * 14 + 14] = 1
    np.random.seed(0)  # noqa: NPY002
    places = np.argwhere(lab.moved(x).reshape(-1, 28, 28))[:, 1:] - 14
    assert len(places) == 200 and {tuple(place) for place in places} == set(itertools.product((-1, 0, 1), repeat=2))


def test_the_pictures_and_the_lines_of_the_course_appear(
    lab: ModuleType, digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main(["--data", str(digits / "full-mnist.npz"), "--out", str(tmp_path), "--epochs", "3"]) == 0
    out = capsys.readouterr().out
    for line in ("[0000][TRN] MSE loss ", "[0000][VAL] MSE loss ", "Best VAL model loss ", "[TST] error "):
        assert line in out
    begins = re.compile(r"\[(\d{4}|TST)\]|Best VAL |written: |" + re.escape(mnist.STAND_IN))
    assert [line for line in out.splitlines() if not begins.match(line)] == []
    assert sorted(os.listdir(tmp_path)) == [f"numpy_nn_{name}.png" for name in ("classification", "training", "wrong")]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--data", "{tmp}/nowhere.npz"], "nowhere.npz, got no such file"),
        (["--data", "{tmp}/text.npz"], "to be a .npz file, got another or a damaged one"),
        (["--data", "{tmp}/cut.npz"], "to be a .npz file, got another or a damaged one"),
        (["--data", "{tmp}/other.npz"], "got no ['x_test', 'y_test', 'y_train']"),
        (["--classes", "4", "4"], "two different classes, got 4 twice"),
        (["--classes", "4", "12"], "expected digits 12 in y_train"),
        (["--validation", "0"], "to leave images on both sides, got 0.0 of 276"),
        (["--validation", "1"], "to leave images on both sides, got 1.0 of 276"),
        (["--out", "{tmp}/text.npz"], "text.npz to be a folder"),
    ],
)
def test_a_mistake_is_one_line(
    args: list[str], message: str, lab: ModuleType, digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "cut.npz").write_bytes((digits / "full-mnist.npz").read_bytes()[:5000])
    np.savez(tmp_path / "other.npz", x_train=np.zeros(3))
    given = ["--data", str(digits / "full-mnist.npz"), *(arg.format(tmp=tmp_path) for arg in args)]
    assert lab.main(given) == 2
    out, err = capsys.readouterr()
    assert out in ("", mnist.STAND_IN + "\n") and err.count("\n") == 1 and message in err


@pytest.mark.slow
@pytest.mark.longest
def test_four_or_nine_on_mnist(lab: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(os.environ.get("SMALLNETS_DATA", "nowhere")) / "mnist"
    if not source.is_dir():
        pytest.skip("MNIST is not there: SMALLNETS_DATA names no folder with mnist/")
    prepare = load_file(ROOT / "data/mnist/prepare.py", "prepare_mnist")
    assert prepare.main(["--source", str(source), "--out", str(tmp_path)]) == 0
    errors = []
    for seed in range(3):
        few = ["--epochs", "12", "--seed", str(seed)]
        lab.main(["--data", str(tmp_path / "full-mnist.npz"), "--out", str(tmp_path), *few])
        errors.append(float(capsys.readouterr().out.split("[TST] error ")[1].split()[0]))
    assert np.mean(errors) <= 0.010, errors
