"""The CNN lab: its checks on our file and on broken copies of it, its programs, and the table of changes."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from beyond import IN_TORCH
from conftest import ROOT, SEEDS, any_check_fails, load_file
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import as_script, lab_at

from autograder.runner.assertions import right_gradient
from autograder.runner.run_checks import generator
from labs.numpy_to_cnn.grading.checks import pytorch_cnn
from smallnets.data import fashion

LAB = ROOT / "labs/numpy_to_cnn"
CHECKS = [*pytorch_cnn.CHECKS, *IN_TORCH]
CHECKS.sort(key=lambda check: check is pytorch_cnn.check_classify)  # the slowest comes last
SHIPPED = ROOT / "data/fashion_mnist" / fashion.NPZ


Load = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def lab() -> Iterator[Load]:
    with lab_at(LAB) as load:
        yield load


@pytest.fixture(scope="module")
def cnn(lab: Load) -> ModuleType:
    return lab("pytorch_cnn")


@pytest.fixture(scope="module")
def robustness(lab: Load) -> ModuleType:
    return lab("robustness")


@pytest.fixture(scope="module")
def corruptions(lab: Load) -> ModuleType:
    return lab("corruptions")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_our_nets_pass(check: Callable[[ModuleType, np.random.Generator], None], cnn: ModuleType, seed: int) -> None:
    check(cnn, generator(seed, check.__name__))


MUTANTS = {
    "no evaluation mode": ("    model.eval()\n", ""),
    "evaluation mode stays": ("        model.train(training)\n", "        pass\n"),
    "bytes taken for fractions": ("return x.float() / 255 if", "return x.float() if"),
    "floats divided, too": ("else x.float()", "else x.float() / 255"),
    "least probable class": (".argmax(dim=1) for", ".argmin(dim=1) for"),
    "any shape passes": ("if not torch.is_tensor(x) or", "if False and"),
    "any dtype passes": ("if x.dtype != torch.uint8 and not", "if False and not"),
    "probabilities instead of their logarithms": ("return F.log_softmax(self.fc(x", "return F.softmax(self.fc(x"),
    "brightness not cancelled": ("x = x - x.mean(", "x = x - 0 * x.mean("),
    "contrast not cancelled": (".sqrt().clamp_min(1e-4)", ".sqrt() ** 0"),
    "a plain image divided by nothing": (".clamp_min(1e-4)", ""),
    "another kernel": ("kernel_size=3, stride=2, padding=1)", "kernel_size=5, stride=2, padding=2)"),
    "no ReLU": ("F.relu(self.conv(x))", "self.conv(x)"),
    "an instance instead of the class": ("return [MyNet]", "return [MyNet()]"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_catches_the_mutant(name: str, tmp_path: Path, cnn: ModuleType) -> None:
    old, new = MUTANTS[name]
    source = (LAB / "pytorch_cnn.py").read_text(encoding="utf-8")
    assert old in source
    (tmp_path / "pytorch_cnn.py").write_text(source.replace(old, new), encoding="utf-8")
    assert any_check_fails(CHECKS, load_file(tmp_path / "pytorch_cnn.py", "mutant"))


@settings(max_examples=15)
@given(st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2]), st.integers(0, 99))
def test_a_convolution_standardises_its_filters(n_in: int, n_out: int, size: int, stride: int, seed: int) -> None:
    cnn = load_file_with_lab()
    torch.manual_seed(seed)
    conv = cnn.Conv(n_in, n_out, size, stride, size // 2, bias=False).double()
    x = torch.randn(2, n_in, 8, 8, dtype=torch.float64, requires_grad=True)
    flat = conv.weight.detach().flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    assume(n_in * size == 1 or flat.norm(dim=1).min() > 0.1)  # weights that are nearly equal have steep gradients
    filters = (flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-6)).reshape(conv.weight.shape)
    y = conv(x)
    torch.testing.assert_close(y, torch.nn.functional.conv2d(x, filters, None, stride, size // 2))
    if n_in * size == 1:
        return  # one weight is its own mean
    y.square().sum().backward()
    for what, leaf in (("x", x), ("weight", conv.weight)):
        with torch.no_grad():
            array = leaf.detach().numpy()
            right_gradient(leaf.grad, lambda: float(conv(x).square().sum()), array, f"Conv: gradient of {what}")


def test_a_net_that_was_trained_on_mirror_images_takes_them_in_at_prediction(cnn: ModuleType) -> None:
    torch.manual_seed(0)
    net, x = cnn.MyNet().eval(), torch.rand(4, 1, 28, 28)
    alone, other = net(x), net(x.flip(3))
    assert not torch.allclose(alone, other, atol=1e-3)
    net.mirrored.fill_(True)
    torch.testing.assert_close(net(x), net(x.flip(3)))
    torch.testing.assert_close(net(x), ((alone + other) / 2).log_softmax(dim=1))
    torch.testing.assert_close(net.train()(x), alone)  # there is nothing in it that depends on the batch


@pytest.mark.parametrize("augmented", [False, True])
def test_the_weights_say_whether_they_have_seen_mirror_images(augmented: bool, cnn: ModuleType, tmp_path: Path) -> None:
    data = {f"x_{split}": torch.zeros(2, 1, 28, 28, dtype=torch.uint8) for split in ("train", "val")}
    data |= {f"y_{split}": torch.zeros(2, dtype=torch.int64) for split in ("train", "val")}
    cnn.train("mynet", data, epochs=1, augmented=augmented, out=tmp_path / "net.pt")
    assert torch.load(tmp_path / "net.pt", weights_only=True)["mirrored"] == augmented


def load_file_with_lab() -> ModuleType:
    """The module that the fixture has imported; hypothesis wants no fixture of a function's scope."""
    return sys.modules["pytorch_cnn"]


def test_the_shipped_net_is_mynets(cnn: ModuleType) -> None:
    path = LAB / "model.pt"
    assert path.stat().st_size < 5_000_000
    net = cnn.get_model_class(None)[0]()
    net.load_state_dict(torch.load(path, weights_only=True))
    with np.load(SHIPPED) as data:
        x, y = torch.from_numpy(data["x_val"][:300])[:, None], torch.from_numpy(data["y_val"][:300].astype(np.int64))
    # trained on among others, as is all of the training set but its last tenth: a net that opens and works, no more
    assert (cnn.classify(net, x) == y).float().mean() > 0.92
    dim = x.float() / 255 * 0.4 + 0.3
    assert (cnn.classify(net, dim) == y).float().mean() > 0.92
    assert (cnn.classify(net, 1 - x.float() / 255) == y).float().mean() > 0.85


def run(program: str, *args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return as_script(LAB / f"{program}.py", *args, cwd=cwd)


# MyNet takes 5 ms an image
@pytest.mark.parametrize(
    ("model", "n", "batch_size"),
    [("fcnet", 1500, 10), ("simplecnn", 1500, 10), pytest.param("mynet", 300, 9, marks=pytest.mark.slow)],
)
def test_a_training_prints_the_courses_lines(
    model: str, n: int, batch_size: int, cnn: ModuleType, tmp_path: Path
) -> None:
    args = ["--model", model, "--epochs", "2", "--fraction", str(n / 60_000), "--batch_size", str(batch_size)]
    done = run("pytorch_cnn", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    n_val = n // 10
    n_train = n - n_val
    assert lines[0] == f"{n_train} images to train on, {n_val} to validate with"
    batches = [re.fullmatch(r"\[TRN\] Train epoch: (\d), batch: (\d+)\tLoss: \d\.\d{4}", line) for line in lines]
    printed = [(str(epoch), str(i)) for epoch in range(2) for i in range(0, n_train // batch_size, 100)]
    assert [match.groups() for match in batches if match] == printed
    accuracies = [re.fullmatch(r"\[VAL\] Validation accuracy: (\d+\.\d\d)%", line) for line in lines]
    last = [float(match.group(1)) for match in accuracies if match]
    assert len(last) == 2 and last[1] > 40
    out = "model.pt" if model == "mynet" else f"{model}.pt"
    assert lines[-1] == f"written: {out}" and os.listdir(tmp_path) == [out]
    net = cnn.MODELS[model]()
    net.load_state_dict(torch.load(tmp_path / out, weights_only=True))
    with np.load(SHIPPED) as data:
        x, y = data["x_train"][n_train:n], torch.from_numpy(data["y_train"][n_train:n].astype(np.int64))
    found = (cnn.classify(net, torch.from_numpy(x)[:, None]) == y).float().mean().item()
    assert abs(100 * found - last[1]) < 0.01  # what was saved is what was validated


def in_a_process_of_its_own(program: str, *args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """As a user starts it."""
    return subprocess.run([sys.executable, str(LAB / f"{program}.py"), *args], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize("start", [run, pytest.param(in_a_process_of_its_own, marks=pytest.mark.slow)])
def test_one_seed_is_one_net_and_nothing_is_lost(
    start: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    args = ["--epochs", "1", "--fraction", "0.001"]
    first = start("pytorch_cnn", *args, cwd=tmp_path)
    second = run("pytorch_cnn", *args, cwd=tmp_path)
    assert "kept: the former model.pt as model.previous1.pt" in second.stdout
    assert [*first.stdout.splitlines()] == [line for line in second.stdout.splitlines() if "kept" not in line]
    nets = [torch.load(tmp_path / name, weights_only=True) for name in ("model.pt", "model.previous1.pt")]
    assert all(torch.equal(value, nets[1][key]) for key, value in nets[0].items())


def test_a_learning_rate_of_zero_is_zero(cnn: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {name: value[:20] for name, value in cnn.load_data(SHIPPED).items()}
    torch.manual_seed(0)
    untrained = cnn.FCNet().state_dict()
    net = cnn.train("fcnet", data, epochs=1, lr=0.0, augmented=False, out=tmp_path / "net.pt")
    assert all(torch.equal(value, untrained[name]) for name, value in net.state_dict().items())
    with pytest.raises(ValueError, match="expected at least 1 epoch, got 0"):
        cnn.train("fcnet", data, epochs=0, out=tmp_path / "net.pt")


def test_permuted_pixels_are_permuted_alike(cnn: ModuleType) -> None:
    data, permuted = (cnn.load_data(SHIPPED, permute) for permute in (False, True))
    for split in ("train", "val"):
        x, other = data[f"x_{split}"].flatten(1), permuted[f"x_{split}"].flatten(1)
        assert not torch.equal(x, other) and torch.equal(x.sort(dim=1).values, other.sort(dim=1).values)
    order = np.random.default_rng(0).permutation(784)
    assert torch.equal(permuted["x_val"].flatten(1), data["x_val"].flatten(1)[:, order])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--model", "resnet"], "--model: "),
        (["--fraction", "0"], "expected a fraction of 60,000 images from 0.00017 to 1, got 0.0"),
        (["--fraction", "1.5"], "expected a fraction of 60,000 images from 0.00017 to 1, got 1.5"),
        (["--lr", "1e30", "--model", "fcnet"], "expected a finite loss, got "),
        (["--lr", "-1"], "expected a number of at least 0, got -1"),
        (["--data", "nowhere.npz"], "expected nowhere.npz, got no such file or folder"),
        (["--data", "text.npz"], "expected text.npz to be a .npz with x_train, y_train, x_val, y_val, got"),
        (["--data", "other.npz"], "expected x_train uint8 [N, 28, 28] and y_train [N] from 0 to 9, got float64 [2, 7]"),
        (["--data", "empty"], "expected empty/train-images-idx3-ubyte.gz, got no such file or folder"),
    ],
)  # fmt: skip
def test_a_mistake_in_training_is_one_line(args: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty").mkdir()
    x, y = np.zeros((2, 7)), np.zeros(2)
    np.savez(tmp_path / "other.npz", x_train=x, y_train=y, x_val=x, y_val=y)
    before = sorted(os.listdir(tmp_path))
    done = run("pytorch_cnn", "--epochs", "1", "--fraction", "0.01", *args, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr, done.stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_the_table_of_changes_is_whole(corruptions: ModuleType, lab: Load) -> None:
    assert len(corruptions.CORRUPTIONS) == 18 and len(corruptions.HELD_OUT) == 5
    with np.load(SHIPPED) as data:
        x = torch.from_numpy(data["x_val"][:200]).float()[:, None] / 255
    source = (LAB / "augment.py").read_text(encoding="utf-8")
    for kind, (corrupt, strengths) in corruptions.CORRUPTIONS.items():
        assert len(strengths) == 5 and all(isinstance(strength, (int, float)) for strength in strengths)
        changed = [corrupt(x, strength, torch.Generator().manual_seed(0)) for strength in strengths]
        for y in changed:
            assert y.shape == x.shape and y.dtype == x.dtype and 0 <= y.min() and y.max() <= 1 + 1e-6, kind
        distances = [(y - x).abs().mean().item() for y in changed]
        if kind != "inversion":  # which is a negative from the first strength on, and then loses contrast
            assert distances == sorted(distances) and distances[0] > 0, kind
        # what is held out is not in the training's changes
        name = getattr(corrupt, "__name__", "<lambda>")
        assert (kind in corruptions.HELD_OUT) == (name != "<lambda>" and not hasattr(lab("augment"), name)), kind
    assert not re.search("motion|salt|pepper|shading|perspective|elastic", source)


def test_held_out_changes_by_hand(corruptions: ModuleType) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(50, 1, 28, 28)
    x[..., 4:24, 4:24] = 0.5
    for change in (corruptions.perspective, corruptions.elastic):
        torch.testing.assert_close(change(x, 0.0, generator), x, atol=1e-5, rtol=0)
    torch.testing.assert_close(corruptions.motion_blur(x, 1, generator), x)
    streak = corruptions.motion_blur(x, 6, generator)
    assert abs(streak.sum() - x.sum()) / x.sum() < 1e-3  # moved about, nothing lost
    dots = corruptions.salt_and_pepper(x, 0.2, generator)
    assert abs(((dots == 0) | (dots == 1))[..., 4:24, 4:24].float().mean().item() - 0.2) < 0.02
    assert abs((dots == 1).float().mean().item() - 0.1) < 0.01
    light = corruptions.shading(torch.ones_like(x), 0.6, generator)
    corners = light[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners.amin(dim=1), torch.full((50,), 0.4))
    torch.testing.assert_close(corners.amax(dim=1), torch.ones(50))
    moved = corruptions.perspective(x, 0.1, generator)[:, 0]
    assert moved[:, 10:18, 10:18].min() > 0.49 and not torch.equal(moved, x[:, 0])


def test_nets_are_compared_on_the_same_images(cnn: ModuleType, robustness: ModuleType) -> None:
    class Constant(torch.nn.Module):
        """Answers with the brightness of the middle, in tenths."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot((x.mean(dim=(1, 2, 3)) * 9.99).long(), 10).float()

    x = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (30, 1, 28, 28)).astype(np.uint8))
    y = cnn.classify(Constant(), x)
    found = robustness.evaluate(Constant(), x, y)
    assert found == robustness.evaluate(Constant(), x, y) and list(found) == ["clean", *robustness.CORRUPTIONS]
    assert found["clean"] == [1.0] and found["brightness"][4] < 0.5
    rows = dict((row[0], row[1:]) for row in robustness.summary({"net": found}))
    kinds = robustness.CORRUPTIONS
    assert rows["mean of all kinds"] == [f"{np.mean([found[kind] for kind in kinds]):.4f}"]
    assert rows["mean of held out *"] == [f"{np.mean([found[kind] for kind in robustness.HELD_OUT]):.4f}"]
    assert rows["shading *"] == [f"{np.mean(found['shading']):.4f}"]


def test_the_evaluation_prints_and_draws(cnn: ModuleType, tmp_path: Path) -> None:
    torch.save(cnn.FCNet().state_dict(), tmp_path / "mine.pt")
    files = [str(LAB / "model.pt"), "mine.pt"]
    done = run("robustness", *files, "--images", "5", "--plots", "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ +model +mine$", done.stdout, re.MULTILINE)
    assert re.search(r"^mean of held out \* +0\.[5-9]\d+ +0\.[0-3]\d+$", done.stdout, re.MULTILINE), done.stdout
    assert (tmp_path / "pictures/robustness.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere.pt"], "expected nowhere.pt, got no such file or folder"),
        (["text.pt"], "expected text.pt to be a file of torch.save, got a text that begins 'hello'"),
        (["other.pt"], "expected other.pt to be a state_dict of fcnet, simplecnn, mynet, got other names or shapes"),
        (["whole.pt"], "expected whole.pt to hold weights only, got a pickled object"),
        (["fc.pt", "a/fc.pt"], "expected nets of different names, got fc.pt, a/fc.pt"),
        (["fc.pt", "--data", "nowhere"], "expected nowhere/t10k-images-idx3-ubyte.gz, got no such file or folder"),
    ],
)
def test_a_mistake_in_the_evaluation_is_one_line(
    args: list[str], message: str, cnn: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "text.pt").write_text("hello")
    torch.save({"weight": torch.ones(3)}, tmp_path / "other.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pt")
    for name in ("fc.pt", "a/fc.pt"):
        torch.save(cnn.FCNet().state_dict(), tmp_path / name)
    done = run("robustness", *args, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr, done.stderr


def test_no_torchvision_and_no_batchnorm_of_torchs() -> None:
    for name in ("pytorch_cnn.py", "augment.py", "corruptions.py", "robustness.py"):
        assert not re.search("torchvision|BatchNorm|batch_norm", (LAB / name).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_permuting_does_nothing_to_the_linear_net(tmp_path: Path) -> None:
    last = []
    for permute in ([], ["--permute"]):
        done = run("pytorch_cnn", "--model", "fcnet", *permute, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        last.append(float(re.findall(r"accuracy: (.*)%", done.stdout)[-1]))
    assert min(last) > 78 and abs(last[0] - last[1]) < 2.5


def test_a_net_is_looked_at(
    lab: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    look, log = lab("look"), tmp_path / "log.txt"
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "nowhere")  # the shipped images, as they are fewer
    log.write_text("not a line of it\n")
    args = ["--net", str(LAB / "comparison/simplecnn.pt"), "--log", str(log), "--out", str(tmp_path / "out")]
    assert look.main(args) == 2 and "expected the output of pytorch_cnn.py" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    log.write_text(
        "[TRN] Train epoch: 0, batch: 0\tLoss: 2.3021\n[TRN] Train epoch: 0, batch: 100\tLoss: 1.2\n"
        "[VAL] Validation accuracy: 71.50%\n[TRN] Train epoch: 1, batch: 0\tLoss: 0.9\n"
        "[VAL] Validation accuracy: 80.00%\n"
    )
    losses, accuracies = look.read_log(log)
    np.testing.assert_array_equal(losses, [[0, 0, 2.3021], [0, 100, 1.2], [1, 0, 0.9]])
    np.testing.assert_allclose(accuracies, [0.715, 0.8])
    assert look.main(args) == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["curves.png", "filters.png", "mistakes.png"]
    assert 0.8 < float(re.findall(r"accuracy ([\d.]+) on", capsys.readouterr().out)[0]) < 0.95


@pytest.mark.slow
@pytest.mark.longest
def test_mynet_stays_right_where_the_simple_net_fails(cnn: ModuleType, robustness: ModuleType) -> None:
    if not fashion.DEBIAN.is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    x, y = robustness.test_images(None)
    means = {}
    for path in (LAB / "model.pt", LAB / "comparison/mynet_plain.pt", LAB / "comparison/simplecnn.pt"):
        found = robustness.evaluate(robustness.load_net(path), x[:800], y[:800])
        groups = {"clean": ["clean"], "all": list(robustness.CORRUPTIONS), "held out": list(robustness.HELD_OUT)}
        means[path.stem] = {name: np.mean([found[kind] for kind in kinds]) for name, kinds in groups.items()}
    assert means["model"]["clean"] >= 0.93 and means["model"]["all"] >= 0.80 and means["model"]["held out"] >= 0.75
    assert means["model"]["all"] - means["mynet_plain"]["all"] >= 0.13
    assert means["mynet_plain"]["clean"] - means["model"]["clean"] <= 0.01
    assert means["model"]["all"] > means["simplecnn"]["all"]
