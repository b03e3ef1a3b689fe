"""The small modules of the core: progress, predictions, gradients, model files, pictures."""

import random
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from smallnets import gradcheck, metrics, modelfile, progress, snapshots, tasks, train

if TYPE_CHECKING:  # matplotlib is imported by the tests that draw
    from matplotlib.figure import Figure


class Net:
    def step(self, loss: object) -> object:
        """Return what it is given, as students' steps return all sorts."""
        if isinstance(loss, Exception):
            raise loss
        return loss


@pytest.mark.parametrize(
    "loss", [0.25, torch.tensor(0.25), None, "0.25", (1, 2)], ids=["number", "tensor", "none", "text", "tuple"]
)
def test_watching_steps_changes_nothing_counts_them_and_shows_the_loss(
    loss: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Net.step
    with progress.watch_steps([Net], 4, "part 2", show=True) as steps:
        assert [Net().step(loss) for _ in range(2)] == [loss] * 2
        time.sleep(0.2)  # the bar is redrawn ten times a second at most
        Net().step(loss)
    assert steps.count == 3 and steps.last_end is not None and Net.step is before
    shown = capsys.readouterr().err
    assert "part 2:  75%" in shown and "3/4" in shown and "it/s" in shown
    assert ("loss=0.2500" in shown) == (loss in (0.25, "0.25"))


def test_a_step_that_raises_is_passed_on_and_the_class_restored() -> None:
    before = Net.step
    with pytest.raises(ZeroDivisionError), progress.watch_steps([Net], 3, "") as steps:
        Net().step(ZeroDivisionError())
    assert Net.step is before and steps.count == 0


def test_an_inherited_step_is_watched_and_left_inherited() -> None:
    module = ModuleType("neuralnet_p1")
    exec("from test_core import Net\nclass NeuralNet(Net): pass", vars(module))
    with progress.watch_steps(progress.step_classes(module), 1, "") as steps:
        module.NeuralNet().step(1)
    assert steps.count == 1 and "step" not in vars(module.NeuralNet)


STEPS = """
import functools

def timed(step):
    @functools.wraps(step)
    def inner(*args):
        return step(*args)
    return inner

class NeuralNet:
    def step(self, x):
        return 0.5

class Deeper(NeuralNet):
    def step(self, x):
        return super().step(x) + self.step_of_two(x)

    def step_of_two(self, x):
        return NeuralNet.step(self, x)

class Timed(NeuralNet):
    step = timed(NeuralNet.step)

class Static(NeuralNet):
    @staticmethod
    def step(x):
        return 0.5

class OfTheClass(NeuralNet):
    @classmethod
    def step(cls, x):
        return 0.5

class Schedule:
    def step(self):
        pass

def wrapped(net):
    net.step = timed(net.step)
    return net
"""


@pytest.mark.parametrize("net", ["NeuralNet()", "Deeper()", "Timed()", "Static()", "OfTheClass()", "wrapped(Timed())"])
def test_a_step_is_counted_once_however_it_is_written(net: str) -> None:
    module = ModuleType("neuralnet_p1")
    exec(STEPS, vars(module))
    before = {name: dict(vars(value)) for name, value in vars(module).items() if isinstance(value, type)}
    with progress.watch_steps(progress.step_classes(module), 3, "") as steps:
        step = eval(net, vars(module)).step
        for _ in range(3):
            step([0] * 100)
            module.Schedule().step()
    assert (steps.count, steps.sizes) == (3, [100] * 3)
    assert before == {name: dict(vars(value)) for name, value in vars(module).items() if isinstance(value, type)}


def test_without_a_step_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert progress.step_classes(ModuleType("empty")) == []
    with progress.watch_steps([], 3, "part 2", show=True) as steps:
        pass
    assert steps.count == 0 and capsys.readouterr().err == ""


def test_no_bar_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.watch_steps([Net], 1, "part 2"):
        Net().step(1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("show", [True, False], ids=["above the bar", "without a bar"])
def test_more_steps_than_expected_are_told_once_and_at_once(show: bool, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    with progress.watch_steps([Net], 2, "part 2", show, beyond="note: 2 are enough") as steps:
        for _ in range(5):
            Net().step(1)
            told.append("note: 2 are enough\n" in capsys.readouterr().err)
    assert steps.count == 5 and told == [False, False, True, False, False]


def test_a_seed_reaches_all_three_generators() -> None:
    drawn = []
    for seed in (1, 1, 2):
        train.seed_everything(seed)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))  # noqa: NPY002
    assert drawn[0] == drawn[1] and all(a != b for a, b in zip(drawn[1], drawn[2], strict=True))


@given(st.integers(1, 30), st.integers(1, 40), st.booleans())
def test_predictions_do_not_depend_on_the_batch_and_the_mode_is_put_back(n: int, batch_size: int, mode: bool) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout()).train(mode)
    x = torch.rand(n, 3)
    yhat = train.predict(net, x, batch_size)
    assert net.training == mode and not yhat.requires_grad
    torch.testing.assert_close(yhat, net.eval()(x).detach())


def test_the_numeric_gradient_of_known_functions() -> None:
    x = np.array([[0.5, -1.0], [2.0, 0.0]])
    # d/dx sum(x^3) = 3 x^2
    gradient = gradcheck.numeric_gradient(lambda: float((x**3).sum()), x)
    assert gradcheck.relative_error(gradient[x != 0], (3 * x**2)[x != 0]) < 1e-7
    assert x.tolist() == [[0.5, -1.0], [2.0, 0.0]]
    with pytest.raises(ValueError, match="float64, got float32"):
        gradcheck.numeric_gradient(lambda: 0.0, np.zeros(2, np.float32))


def test_the_relative_error_tells_a_wrong_gradient() -> None:
    a = np.array([1.0, 2.0])
    assert gradcheck.relative_error(a, a) == 0 and gradcheck.relative_error(np.zeros(2), np.zeros(2)) == 0
    assert gradcheck.relative_error(a, a * 1.1) > 1e-2


def test_a_model_file_holds_weights_alone_and_shares_no_storage(tmp_path: Path) -> None:
    big = torch.zeros(1_000_000)
    net = torch.nn.Linear(2, 1)
    net.weight.data = big[:2].view(1, 2)
    net.init = {"in_features": 2, "out_features": 1}  # type: ignore[assignment]
    modelfile.save(tmp_path / "a.model", net, {"seed": 3})
    assert (tmp_path / "a.model").stat().st_size < 10_000
    state, init = modelfile.read_weights(tmp_path / "a.model").values()
    assert init == {"in_features": 2, "out_features": 1} and torch.equal(state["weight"], net.weight)


@pytest.mark.parametrize(
    "init",
    [None, "text", {"loss_fn": torch.nn.MSELoss()}, {1: 2}, lambda: 0],
    ids=["none", "text", "a module inside", "a number as a name", "a function"],
)
def test_what_is_not_a_dict_of_plain_arguments_is_no_init(init: object) -> None:
    net = torch.nn.Linear(1, 1)
    net.init = init  # type: ignore[assignment]
    assert modelfile.plain_init(net) is None


def test_an_interrupted_save_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = torch.nn.Linear(1, 1)
    modelfile.save(tmp_path / "a.model", net, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(self: Path, content: bytes) -> None:
        self.write_text("half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        modelfile.save(tmp_path / "a.model", net, {})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@given(st.integers(1, 6), st.integers(1, 5))
def test_the_principal_plane_keeps_the_distances_of_flat_data(n: int, d: int) -> None:
    from smallnets import plots

    rng = np.random.default_rng(n * 10 + d)
    flat = rng.normal(size=(n, min(d, 2))) @ np.linalg.qr(rng.normal(size=(d, d)))[0][: min(d, 2)]
    plane = plots.principal_plane(flat)
    assert plane.shape == (n, 2)
    for i in range(n):
        np.testing.assert_allclose(np.linalg.norm(plane - plane[i], axis=1), np.linalg.norm(flat - flat[i], axis=1))


def texts(figure: "Figure") -> list[str]:
    """The titles of a grid's images, in reading order."""
    return [text.get_text() for text in figure.axes[0].texts]


def test_pictures_of_labels_show_what_was_predicted_and_what_is() -> None:
    x = torch.zeros(4, 784)
    dev = tasks.Dev(x, np.array([0, 0, 1, 1]), ["shoe", "bag"])
    figures = tasks.Labels().figures(None, np.array([0, 1, 1, 1]), dev)
    assert texts(figures["right"]) == ["shoe", "bag", "bag"] and texts(figures["wrong"]) == ["bag\n(is shoe)"]
    cells = {text.get_position(): text.get_text() for text in figures["confusion"].axes[0].texts}
    assert cells == {(0, 0): "1", (1, 0): "1", (0, 1): "0", (1, 1): "2"}  # x is the prediction, y the truth


def test_pictures_of_images_name_the_error_of_each() -> None:
    x = torch.tensor([[0.0], [0.5]]).expand(2, 784)
    dev = tasks.Dev(x, np.zeros(2, int), ["0"])
    figures = tasks.Images().figures(torch.nn.Linear(1, 1), np.full((2, 784), 0.5, np.float32), dev)
    assert texts(figures["reconstructions"]) == ["original 1", "original 2", "MSE 0.2500", "MSE 0.0000"]
    assert list(figures) == ["reconstructions"]  # a net without an encoder has no bottleneck to draw


def drawn(figure: "Figure", path: Path) -> int:
    """How many colours the saved picture has."""
    from PIL import Image

    from smallnets import plots

    plots.save(figure, path)
    with Image.open(path) as image:
        return len(image.getcolors(2**24) or [])


def test_pictures_of_nothing_and_of_much_can_be_drawn(tmp_path: Path) -> None:
    from smallnets import plots

    images = np.random.default_rng(0).integers(0, 256, (9, 784))
    empty = drawn(plots.image_grid(images[:0], [], "none"), tmp_path / "a.png")
    full = drawn(plots.image_grid(images, [str(k) for k in range(9)], "nine"), tmp_path / "a.png")
    assert full > 200 > empty
    assert drawn(plots.loss_curve([1.0], "one"), tmp_path / "a.png") > 1
    line = plots.loss_curve([3.0, 2.0], "two").axes[0].lines[0]
    np.testing.assert_array_equal(line.get_xydata(), [[1, 3], [2, 2]])
    assert drawn(plots.confusion_matrix(np.zeros((2, 2), int), ["a", "b"], "empty"), tmp_path / "a.png") > 1


def test_the_last_net_of_a_curve_is_the_trained_one() -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def step(self) -> float:
            with torch.no_grad():
                self.weight.add_(1)
            return 0.0

    net, kept = Net(), snapshots.Snapshots(60)
    with progress.watch_steps([Net], 60, "", after=kept):
        for _ in range(60):
            net.step()
    curve = kept.curve(lambda copied: next(copied.parameters()).item(), __file__)
    assert list(curve) == list(range(2, 61, 2)) and curve == {k: float(k) for k in curve}


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
def test_no_outputs_have_less_than_the_least_cross_entropy(smoothing: float) -> None:
    least = metrics.least_cross_entropy(smoothing, 5)
    loss_fn = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)
    # the best outputs are the logarithms of the smoothed labels
    probabilities = torch.full((1, 5), smoothing / 5)
    probabilities[0, 2] += 1 - smoothing
    y = torch.tensor([2])
    assert float(loss_fn((probabilities + 1e-12).log(), y)) == pytest.approx(least, abs=1e-5)
    logits = 4 * torch.randn(100, 1, 5, generator=torch.Generator().manual_seed(0))
    assert min(float(loss_fn(row, y)) for row in logits) >= least


def test_filters_are_named_by_whether_they_are_learned() -> None:
    from smallnets import filters

    net = torch.nn.Sequential(torch.nn.Conv2d(2, 20, 3), torch.nn.Conv2d(20, 4, 1), torch.nn.Linear(784, 5))
    net.register_buffer("edges", torch.ones(9, 1, 3, 3))
    net.register_buffer("broken", torch.full((9, 1, 3, 3), torch.nan))
    found = filters.of_net(net)
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    assert shapes == {
        "edges, fixed": (9, 1, 3, 3), "0.weight, learned": (20, 2, 3, 3), "2.weight, learned": (5, 1, 28, 28),
    }  # fmt: skip
    titles = [axes.get_title() for axes in filters.picture(found, "all").axes]
    assert titles[1] == "0.weight, learned: 20 filters of 2 x 3 x 3, the first 16 of them"


def test_a_montage_has_each_filter_in_its_place() -> None:
    from smallnets import filters

    grid = filters.montage(torch.tensor([[[[2.0, -4.0]]], [[[0.0, 0.0]]]]))
    expected = [[np.nan] * 10, [np.nan, 0.5, -1, np.nan, 0, 0, np.nan, np.nan, np.nan, np.nan], [np.nan] * 10]
    np.testing.assert_array_equal(grid, np.array(expected, np.float32))


def test_the_floor_of_a_smoothed_loss_is_named() -> None:
    from smallnets import plots

    def labels(floor: float) -> list[str]:
        return plots.loss_curve([3.0, 2.0], "two", floor).axes[0].get_legend_handles_labels()[1]

    assert labels(0.485) == ["the least that label smoothing leaves, 0.485"] and labels(0.0) == []
