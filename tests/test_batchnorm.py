"""The BatchNorm lab: its checks on our layers and on broken copies of them, and its programs as a user runs them."""

import ast
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, SEEDS, any_check_fails, load_file
from hypothesis import given
from hypothesis import strategies as st
from programs import as_script, lab_at

from autograder.runner.assertions import equal, right_gradient
from autograder.runner.run_checks import generator
from labs.batchnorm.grading.checks import layer as checks
from smallnets.data import idx, mnist

LAB = ROOT / "labs/batchnorm"
layer = load_file(LAB / "layer.py", "layer_of_batchnorm")


def by_hand(module: ModuleType, rng: np.random.Generator) -> None:
    """Two numbers worked out on paper, in training and in evaluation."""
    norm = module.BatchNorm1d(1, eps=0.36)
    with torch.no_grad():
        norm.weight.fill_(3)
        norm.bias.fill_(1)
    # mean 4, var (0.8^2 + 0.8^2) / 2 = 0.64, sqrt(0.64 + 0.36) = 1, so y = 3 * (-0.8, 0.8) + 1
    equal(norm(torch.tensor([[3.2], [4.8]])).detach(), [[-1.4], [3.4]], "BatchNorm1d of 3.2 and 4.8", 1e-5)
    # 0.9 * 0 + 0.1 * 4, and 0.9 * 1 + 0.1 * (0.64 + 0.64) / (2 - 1)
    equal(norm.running_mean, [0.4], "running_mean, 0.9 of the old and 0.1 of the new")
    equal(norm.running_var, [1.028], "running_var, 0.9 of the old and 0.1 of the new, unbiased")
    norm.eval()
    expected = 3 * (2.0 - 0.4) / np.sqrt(1.028 + 0.36) + 1
    equal(norm(torch.tensor([[2.0]])).detach(), [[expected]], "BatchNorm1d in evaluation", 1e-5)


def numeric_gradients(module: ModuleType, rng: np.random.Generator) -> None:
    """The gradients of input, weight and bias are the numeric ones, in float64."""
    for norm, shape in ((module.BatchNorm1d(3), (5, 3)), (module.BatchNorm2d(2), (3, 2, 2, 2))):
        norm.double()
        leaves = [torch.from_numpy(rng.normal(0, 1, shape)).requires_grad_(), norm.weight, norm.bias]

        def loss(norm: Any = norm, x: torch.Tensor = leaves[0]) -> Any:
            return (norm(x) * torch.cos(torch.arange(x.numel()).reshape(x.shape))).sum()

        loss().backward()
        for leaf in leaves:
            with torch.no_grad():
                right_gradient(leaf.grad, lambda: float(loss()), leaf.detach().numpy(), f"gradient of {list(shape)}")


DTYPES = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-5, "float64": 1e-5}  # and how far rounding may move values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(64, 3), (16, 3, 5, 4)], ids=["flat", "images"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_every_float_type_is_kept_and_treated_as_torch_does(dtype: str, shape: tuple, training: bool) -> None:
    of_type, tolerance = getattr(torch, dtype), DTYPES[dtype]
    ours, theirs = (
        (layer.BatchNorm1d(3), torch.nn.BatchNorm1d(3)) if len(shape) == 2
        else (layer.BatchNorm2d(3), torch.nn.BatchNorm2d(3))
    )  # fmt: skip
    if dtype == "float64":
        ours.double(), theirs.double()
    theirs.load_state_dict(ours.state_dict(), strict=False)
    x = (300 + 100 * torch.randn(shape, generator=torch.Generator().manual_seed(0))).to(of_type)  # squares overflow
    outputs, gradients = [], []
    for norm in (ours.train(training), theirs.train(training)):
        leaf = x.clone().requires_grad_()
        y = norm(leaf)
        (y * torch.cos(torch.arange(y.numel()).reshape(y.shape)).to(of_type)).sum().backward()
        outputs.append(y.detach())
        gradients += [(leaf.grad, norm.weight.grad, norm.bias.grad)]
    assert (
        outputs[0].dtype == of_type and torch.isfinite(outputs[0]).all() and ours.running_var.dtype == ours.weight.dtype
    )
    scale = float(outputs[1].abs().max())
    torch.testing.assert_close(outputs[0], outputs[1], rtol=tolerance, atol=tolerance * scale)
    for mine, torchs in zip(*gradients, strict=True):
        assert mine.dtype == torchs.dtype
        torch.testing.assert_close(mine, torchs, rtol=10 * tolerance, atol=10 * tolerance * float(torchs.abs().max()))
    torch.testing.assert_close(ours.running_mean, theirs.running_mean, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-4, atol=1e-4)


def same_buffers(module: ModuleType, rng: np.random.Generator) -> None:
    """The statistics are changed in place, so whoever holds one of them sees it move."""
    norm = module.BatchNorm1d(3)
    held = dict(norm.named_buffers())
    norm(torch.from_numpy(rng.normal(0, 1, (4, 3))).float())
    assert all(buffer is held[key] for key, buffer in norm.named_buffers())


def wrong_inputs(module: ModuleType, rng: np.random.Generator) -> None:
    """Another number of axes or channels, whole numbers and one value per channel in training are ValueErrors."""
    flat, image = module.BatchNorm1d(3), module.BatchNorm2d(3)
    for norm, x in (
        (flat, torch.ones(4, 5)), (flat, torch.ones(4, 3, 2, 2)), (flat, torch.ones(3)), (flat, torch.ones(1, 3)),
        (flat, torch.ones(4, 3, dtype=torch.int64)), (image, torch.ones(4, 3)), (image, torch.ones(4, 2, 3, 3)),
        (image, torch.ones(1, 3, 1, 1)), (module.Reshape((-1, 196)), torch.ones(2, 4, 14, 14)),
    ):  # fmt: skip
        try:
            norm(x)
        except ValueError:
            continue
        raise AssertionError(f"expected ValueError for {x.dtype} {list(x.shape)}, got an output")


# what is graded, and what our layer.py promises beyond that
CHECKS = [*checks.CHECKS, by_hand, numeric_gradients, same_buffers, wrong_inputs]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_our_layers_pass(check: Callable[[ModuleType, np.random.Generator], None], seed: int) -> None:
    check(layer, generator(seed, check.__name__))


MUTANTS = {
    "running statistics in training": (
        "        else:\n            centred, var = x",
        "        if True:\n            centred, var = x",
    ),
    "biased running_var": (" * n / (n - 1)", ""),
    "unbiased normalisation": ("var = (centred * centred).sum(axes) / n", "var = x.var(axes)"),
    "momentum reversed": ("mul_(self.momentum).add_(mean, alpha=1 - ", "mul_(1 - self.momentum).add_(mean, alpha="),
    "eps outside the root": ("torch.rsqrt(var + self.eps)", "1 / (torch.sqrt(var) + self.eps)"),
    "eps by its bare value": ("var + self.eps", "var + 1e-5"),
    "per sample instead of per channel": ("axes = [0, *range(2, x.ndim)]", "axes = list(range(2, x.ndim)) or [0]"),
    "whole batch instead of per channel": ("x.mean(axes)", "x.mean().expand(x.shape[1])"),
    "no scale": ("scale = self.weight * torch", "scale = torch"),
    "no shift": (" + self.bias.view(per_channel)", ""),
    "no gradient through the mean": ("mean.view(per_channel)\n", "mean.detach().view(per_channel)\n"),
    "no gradient through the variance": (".sum(axes) / n", ".sum(axes).detach() / n"),
    "statistics with a graph": ("with torch.no_grad():", "if True:"),
    "a new tensor for each statistic": (
        "self.running_mean.mul_(self.momentum).add_(",
        "self.running_mean = (self.running_mean * self.momentum).add(",
    ),
    "statistics move in evaluation": ("        else:\n", "        else:\n            self.running_mean.mul_(0.9)\n"),
    "one value per channel passes": ("if n < 2:", "if n < 1:"),
    "any shape passes": ("if x.ndim != len(self.layout) or", "if False and"),
    "ones as weights": ("nn.init.uniform_", "nn.init.ones_"),
    "statistics outside the state": ('mean", torch.zeros(num_features)', 'mean", torch.zeros(num_features), False'),
    "Reshape mixes samples": ("if self.shape[0] == -1 and", "if False and"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_catches_the_mutant(name: str, tmp_path: Path) -> None:
    old, new = MUTANTS[name]
    source = (LAB / "layer.py").read_text(encoding="utf-8")
    assert old in source
    (tmp_path / "layer.py").write_text(source.replace(old, new), encoding="utf-8")
    assert any_check_fails(CHECKS, load_file(tmp_path / "layer.py", "mutant"))


@given(st.integers(2, 40), st.integers(1, 9), st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.integers(0, 2**32 - 1))
def test_every_channel_comes_out_standardised(n: int, c: int, mean: float, std: float, seed: int) -> None:
    norm = layer.BatchNorm1d(c).double()
    torch.nn.init.ones_(norm.weight)
    x = torch.from_numpy(np.random.default_rng(seed).normal(mean, std, (n, c)))
    y = norm(x).detach().numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
    var = x.numpy().var(axis=0)
    np.testing.assert_allclose(y.var(axis=0), var / (var + 1e-5), rtol=1e-6)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 5), st.integers(2, 5))
def test_an_image_is_a_batch_of_its_pixels(n: int, c: int, height: int, width: int) -> None:
    x = torch.randn(n, c, height, width, generator=torch.Generator().manual_seed(n * c * height * width))
    images, rows = layer.BatchNorm2d(c), layer.BatchNorm1d(c)
    rows.load_state_dict(images.state_dict())
    expected = rows(x.permute(0, 2, 3, 1).reshape(-1, c)).reshape(n, height, width, c).permute(0, 3, 1, 2)
    torch.testing.assert_close(images(x), expected)
    torch.testing.assert_close(images.running_var, rows.running_var)


def names(tree: ast.AST) -> set[str]:
    """Every identifier of a source, imported ones included."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


@pytest.mark.parametrize("path", sorted(LAB.glob("*.py")), ids=lambda path: path.name)
def test_the_formula_is_nobody_elses(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {name for name in names(tree) if re.search("batch_norm|torchvision|InstanceNorm|LayerNorm", name)}
    theirs = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and "BatchNorm" in node.attr]
    assert not theirs  # ours are imported by name, nn.BatchNorm2d would be an attribute
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in froms for alias in node.names if "BatchNorm" in alias.name} <= {"layer"}


def lab(program: str, *args: str, cwd: Path = LAB) -> "subprocess.CompletedProcess[str]":
    return as_script(LAB / f"run_{program}.py", *args, cwd=cwd)


@pytest.fixture(scope="module")
def few(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 230 of these digits and 60 to test with, for trainings of which any length shows what is to be seen."""
    folder = tmp_path_factory.mktemp("few")
    arrays = {name: idx.read_idx(digits / f"{name}.gz") for name in mnist.ARRAYS}
    mnist.write(folder, {name: array[: 60 if "t10k" in name else 230] for name, array in arrays.items()})
    return folder


@pytest.mark.parametrize(
    ("program", "shape", "parameters", "layers"),
    [
        # two BatchNorms of 512 and 128 channels have 2 * 640 parameters
        ("mlp", (784,), [470154, 468874], "Linear BatchNorm1d ReLU Linear BatchNorm1d ReLU Linear"),
        (
            "cnn",
            (1, 28, 28),
            [2174, 2158],
            "Conv2d BatchNorm2d ReLU AvgPool2d Conv2d BatchNorm2d ReLU AvgPool2d Reshape Linear",
        ),
        ("resnet", (1, 28, 28), None, "Conv2d BatchNorm2d ReLU Block Block Block AdaptiveAvgPool2d Flatten Linear"),
    ],
    ids=["mlp", "cnn", "resnet"],
)
def test_the_nets_are_the_handouts(
    program: str, shape: tuple[int, ...], parameters: list[int] | None, layers: str
) -> None:
    with lab_at(LAB) as load:
        net = load(f"run_{program}").build()
        bare = load("experiment").without_batchnorm(net)
    assert net(torch.zeros(2, *shape)).shape == bare(torch.zeros(2, *shape)).shape == (2, 10)
    same = {k: v for k, v in net.state_dict().items() if k in bare.state_dict()}
    assert all(torch.equal(v, bare.state_dict()[k]) for k, v in same.items())
    assert parameters in (None, [sum(p.numel() for p in m.parameters()) for m in (net, bare)])
    assert " ".join(type(m).__name__ for m in net) == layers


def test_a_run_prints_the_courses_lines(digits: Path) -> None:
    args = ["--epochs", "2", "--data", str(digits)]
    done = lab("mlp", *args)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("scikit-learn's small digits in place of MNIST")
    time = r"\d\d:\d\d:\d\d\.\d{3} "
    train = time + r"Train Epoch: K \[1380/1380 \(100%\)\]\tAvg Loss: \d+\.\d{4}\tAvg Acc: 0\.\d{4}"
    for k in (1, 2):
        assert re.fullmatch(train.replace("K", str(k)), lines[2 * k - 1])
        assert re.fullmatch(time + r"Test set: Average loss: \d\.\d{4}, Accuracy: \d+/360 \(\d+\.\d\d%\)", lines[2 * k])
    again = lab("mlp", *args)
    assert [line[13:] for line in again.stdout.splitlines()] == [line[13:] for line in lines]


@pytest.mark.slow
def test_a_process_of_its_own_prints_what_this_one_prints(few: Path) -> None:
    """In the lab's folder, as the handout starts it."""
    args = ["--epochs", "2", "--data", str(few)]
    done = subprocess.run([sys.executable, "run_mlp.py", *args], cwd=LAB, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines, ours = (run.stdout.splitlines() for run in (done, lab("mlp", *args)))
    assert len(lines) == 4 and [line[13:] for line in lines] == [line[13:] for line in ours]


def test_a_comparison_has_its_table_curves_and_report(digits: Path, tmp_path: Path) -> None:
    args = ["--epochs", "2", "--data", str(digits), "--batch_size", "46", "--report", "report", "--plots", "plots"]
    done = lab("cnn", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line[:30].strip(): line[30:].split("  ") for line in done.stdout.splitlines() if line[:1].islower()}
    assert [cell.strip() for cell in rows["parameters"] if cell.strip()] == ["2,174", "2,158"]
    report = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    for what in ("training time", "iterations to 95% in training", "parameters", "test accuracy"):
        assert what in rows and f"| {what} |" in report
    assert "scikit-learn's small digits in place of MNIST" in report and "| `--batch_size` | 46 |" in report
    assert (
        "| parameters | 2,174 | 2,158 |" in report
        and "![loss and accuracy of the training batches](loss_acc.png)" in report
    )
    accuracies = re.findall(r"Accuracy: (\d+)/360", done.stdout)
    assert f"| test accuracy | {int(accuracies[1]) / 360:.4f} | {int(accuracies[3]) / 360:.4f} |" in report
    for folder in ("report", "plots"):
        assert (tmp_path / folder / "loss_acc.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["loss_acc.png", "report.md"]


def report(*args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return as_script(LAB / "report.py", *args, cwd=cwd)


def test_the_report_discusses_what_its_runs_measured(few: Path, tmp_path: Path) -> None:
    done = report("--epochs", "2", "--resnet_epochs", "1", "--data", str(few), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.endswith(f"written: {Path('out/report.md')}\n"), done.stderr
    names = ["cnn_loss_acc.png", "mlp_loss_acc.png", "report.md", "runs.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    text = (tmp_path / "out/report.md").read_text(encoding="utf-8")
    assert "230 images to train on and 60 to test with" in text
    wrong = [60 - int(number) for number in re.findall(r"Accuracy: (\d+)/60", done.stdout)[1::2]]
    found = re.findall(r"(\d+) of 60 test images are wrong with BatchNorm and (\d+) without", text)
    assert [tuple(map(int, pair)) for pair in found] == [(wrong[0], wrong[1]), (wrong[2], wrong[3])]
    for aspect, count in (("Time", 2), ("Convergence", 2), ("Parameters", 2), ("Accuracy", 2)):
        assert text.count(f"- **{aspect}.** ") == count
    again = report("--again", "--out", "out", cwd=tmp_path)
    assert again.returncode == 0 and (tmp_path / "out/report.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("reached", "words"),
    [
        ((100, 300), "reaches a training accuracy of 95% after 100 iterations instead of\n  300, 3.0 times as soon."),
        ((300, 300), "after 300 iterations instead of\n  300, no sooner."),
        ((None, 300), "The net without BatchNorm reaches a training accuracy of 95% after 300 iterations; the other"),
        ((100, None), "The net with BatchNorm reaches a training accuracy of 95% after 100 iterations; the other"),
        ((None, None), "Neither net reaches a training accuracy of 95%."),
    ],
    ids=["sooner", "no sooner", "only without", "only with", "neither"],
)
def test_the_words_on_convergence_follow_the_figures(reached: tuple[int | None, int | None], words: str) -> None:
    with lab_at(LAB) as load:
        assert words in load("report").convergence(*({"reached": number} for number in reached))


@pytest.mark.parametrize("content", [None, "words", "{}", "[]"], ids=["no file", "no JSON", "no figures", "a list"])
def test_a_report_from_no_figures_is_refused_in_one_line(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "runs.json").write_text(content)
    done = report("--again", "--out", ".", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: expected ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "report.md").exists()


def test_the_shipped_report_is_the_one_of_the_shipped_figures() -> None:
    with lab_at(LAB) as load:
        text = load("report").report(json.loads((LAB / "report/runs.json").read_text(encoding="utf-8")))
    assert (LAB / "report/report.md").read_text(encoding="utf-8") == text and "60,000 images" in text


@pytest.mark.parametrize("program", ["mlp", "cnn", "resnet"])
def test_without_batchnorm_is_another_training(program: str, few: Path) -> None:
    runs = [lab(program, "--epochs", "1", "--lr", "0.05", "--data", str(few), *more) for more in ([], ["--no_bn"])]
    assert [done.returncode for done in runs] == [0, 0], runs[1].stderr
    assert runs[0].stdout.splitlines()[-1][13:] != runs[1].stdout.splitlines()[-1][13:]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--no_bn", "--compare"], "expected --no_bn or a comparison, got both"),
        (["--epochs", "0"], "expected a whole number of at least 1, got 0"),
        (["--batch_size", "1"], "expected a whole number of at least 2, got 1"),
        (["--lr", "nan"], "expected a number of at least 0, got nan"),
        (["--lr", "-1"], "expected a number of at least 0, got -1"),
        (["--lr", "1e30", "--no_bn"], "expected a finite loss, got "),
        (["--data", "nowhere"], "expected MNIST's four IDX files or full-mnist.npz in nowhere, got none of them"),
        (["--plots", "file"], "file"),
    ],
)
def test_a_mistake_is_one_line(args: list[str], message: str, few: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = lab("mlp", "--epochs", "1", "--data", str(few), *args, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr, done.stderr


def test_files_that_disagree_are_named(digits: Path, tmp_path: Path) -> None:
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    for split in ("train", "t10k"):
        idx.write_idx(tmp_path / f"{split}-labels-idx1-ubyte.gz", np.zeros(7, np.uint8))
    done = lab("mlp", "--data", str(tmp_path))
    assert done.returncode == 2 and "got [1380, 28, 28] and [7]" in done.stderr


def test_the_template_folder_of_torchvision_is_found(digits: Path, tmp_path: Path) -> None:
    raw = tmp_path / "data/MNIST/raw"
    shutil.copytree(digits, raw)
    for packed in raw.glob("*.gz"):  # torchvision keeps them unpacked, too
        idx.write_idx(raw / packed.stem, idx.read_idx(packed))
        packed.unlink()
    done = lab("mlp", "--epochs", "1", cwd=tmp_path)
    assert done.returncode == 0 and "1380/1380" in done.stdout, done.stderr


def test_a_last_batch_of_one_image_does_not_stop_training() -> None:
    data = torch.utils.data.TensorDataset(torch.zeros(7, 3), torch.zeros(7, dtype=torch.int64))
    generator = torch.Generator().manual_seed(0)
    with lab_at(LAB) as load:
        batches = load("utils").batches
    assert [len(x) for x, _ in batches(data, 3, generator)] == [3, 3]
    assert [len(x) for x, _ in batches(data, 3)] == [3, 3, 1]


def test_the_goal_is_reached_by_the_mean_of_the_last_batches() -> None:
    with lab_at(LAB) as load:
        running_mean, to_goal = load("utils").running_mean, load("experiment").iterations_to_goal
    assert running_mean([1.0, 3.0, 5.0, 7.0], 2).tolist() == [1.0, 2.0, 4.0, 6.0]
    assert to_goal([1.0] * 49) is None and to_goal([0.0] * 10 + [1.0] * 50) == 58


def test_the_resnet_moves_digits_only_a_little() -> None:
    x = torch.zeros(50, 1, 28, 28) - 0.4242
    x[:, :, 10:18, 10:18] = 2.8
    with lab_at(LAB) as load:
        moved = load("run_resnet").moved(x, torch.Generator().manual_seed(0))
    rows = (moved + 0.4242).sum(3) @ torch.arange(28.0) / (moved + 0.4242).sum((2, 3))
    moves = (rows - 13.5).abs()
    assert moved.min() > -0.4243 and moves.max() < 2.7 and moves.mean() > 0.5


def test_a_net_with_our_layer_can_be_copied_and_saved(tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), layer.BatchNorm2d(4))
    net(torch.rand(5, 1, 6, 6)).sum().backward()
    torch.save(net.state_dict(), tmp_path / "net.pt")
    twin = copy.deepcopy(net)
    twin.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True))
    x = torch.rand(2, 1, 6, 6)
    assert torch.equal(net.eval()(x), twin.eval()(x))


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.skipif("SMALLNETS_DATA" not in os.environ, reason="SMALLNETS_DATA, which has the real MNIST, is not set")
@pytest.mark.parametrize(("program", "least"), [("mlp", 0.984), ("cnn", 0.985)])
def test_the_handouts_nets_reach_their_accuracy(program: str, least: float) -> None:
    done = lab(program, "--data", os.environ["SMALLNETS_DATA"] + "/mnist")
    assert done.returncode == 0, done.stderr
    correct = re.findall(r"Accuracy: (\d+)/10000", done.stdout)
    assert int(correct[-1]) / 10000 >= least
