"""The verdicts on MP6, on made-up results: their points and their texts."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT

from autograder.lab import Run, StepResult, Submission, accuracy_words, proportional
from autograder.runner.protocol import message_bytes
from labs.mp6.grading import autoencoder, classes, declaration, jobs, parts, verdicts
from labs.mp6.grading.inside import comparisons, fit, preparation, referee
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.jobs import Fitted
from labs.mp6.grading.parts import N_PIXELS, PARTS
from smallnets import progress

P1, P2, P3 = PARTS.values()


def forged_zip() -> bytes:
    """A stored net whose directory asks for a version of zip that there is not."""
    data = bytearray(nets.stored(torch.nn.Linear(2, 2)))
    data[data.find(b"PK\1\2") + 6] = 200
    return bytes(data)


def made_up(**changes: Any) -> Run:
    """A run of part 2 in which all is right: 60 images that fit was shown, 30 that it was not."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 90)
    outputs = rng.normal(size=(90, 5)) + 9 * np.eye(5)[labels]
    images = rng.integers(0, 256, (90, N_PIXELS), dtype=np.uint8)
    data = declaration.Data({}, {2: images[:60], 3: images[:60]}, {2: labels[:60]}, {2: images[60:], 3: images[60:]},
                    {2: labels[60:]})  # fmt: skip
    found = {
        "losses": np.linspace(2, 1, 100),
        "predictions": labels[:60],
        "net": nets.stored(torch.nn.Linear(2, 2)),
        "parameters": b"",
        "problems": {},
    }
    run = Run(Submission({}, (), ""), data, 0)
    run.results["fit 2"] = StepResult(Fitted(**found | changes.pop("fitted", {})))
    run.results["evaluate"] = StepResult({"fitted 2": outputs, "problems": {}} | changes.pop("evaluated", {}))
    run.results["referee"] = StepResult({"problems": {}, "shapes": {2: [(500, 1000)]}} | changes.pop("counted", {}))
    assert not changes
    return run


def test_right_predictions_of_the_nets_own_get_all_points() -> None:
    run = made_up()
    for judge in (verdicts.returns(P2), classes.raw_outputs(P2), verdicts.parameters(P2), verdicts.loss_falls(P2),
                  classes.accuracy(P2, 0.4, 0.73), verdicts.problem(P2, "batches")):  # fmt: skip
        assert judge(run).share == 1


def test_a_noted_problem_costs_its_own_check_alone() -> None:
    run = made_up(fitted={"problems": {"batches": "expected 100"}})
    assert verdicts.problem(P2, "batches")(run).text == "expected 100"
    assert verdicts.problem(P2, "batches")(run).share == 0
    assert verdicts.problem(P2, "losses")(run).share == 1


def test_predictions_that_are_not_the_nets_are_noticed() -> None:
    run = made_up()
    run.results["evaluate"].value["fitted 2"] = np.roll(run.results["evaluate"].value["fitted 2"], 1, axis=1)
    assert "expected the net of fit to give fit's predictions" in verdicts.returns(P2)(run).text
    assert classes.accuracy(P2, 0.4, 0.73)(run).share == 1  # the handout scores what fit predicts


def test_a_net_that_only_knows_the_images_it_was_shown_is_noticed() -> None:
    run = made_up()
    outputs = run.results["evaluate"].value["fitted 2"]
    outputs[60:] = np.roll(outputs[60:], 1, axis=1)
    assert "on other images" in verdicts.returns(P2)(run).text


def test_without_predictions_the_net_is_scored() -> None:
    run = made_up(fitted={"predictions": None, "problems": {"predictions": "expected yhats of shape [60], got [5]"}})
    value, text = classes.accuracy_of(run, P2)
    assert value == 1 and "on its own" in text
    assert verdicts.returns(P2)(run).text == "expected yhats of shape [60], got [5]"


def test_without_predictions_and_net_there_is_no_accuracy() -> None:
    run = made_up(fitted={"predictions": None}, evaluated={"fitted 2": None, "problems": {"fitted 2": "it is broken"}})
    verdict = classes.accuracy(P2, 0.4, 0.73)(run)
    assert verdict.share == 0 and "it is broken" in verdict.text


@pytest.mark.parametrize(("value", "share"), [(0.3, 0), (0.4, 0), (0.565, 0.5), (0.73, 1), (0.9, 1)])
def test_points_for_an_accuracy_grow_between_its_bounds(value: float, share: float) -> None:
    verdict = proportional(value, 0.4, 0.73, accuracy_words(value, 60), "; well done")
    assert verdict.share == pytest.approx(share)
    assert verdict.text == f"accuracy {value:.4f} on 60 images (full points from 0.73, none up to 0.4); well done"


@pytest.mark.parametrize(("value", "share"), [(0.01, 1), (0.03, 1), (0.045, 0.5), (0.06, 0), (9.0, 0)])
def test_points_for_an_error_fall_between_its_bounds(value: float, share: float) -> None:
    verdict = proportional(value, 0.06, 0.03, "MSE")
    assert verdict.share == pytest.approx(share) and verdict.text == "MSE (full points up to 0.03, none from 0.06)"


LOGITS = np.random.default_rng(0).normal(size=(50, 5))


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        (1 / (1 + np.exp(-LOGITS)), "sigmoid"),
        (np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True), "softmax"),
        (LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True)), "log-softmax"),
        (5 * np.maximum(LOGITS, 0), "ReLU"),
        (np.full((50, 5), np.nan), "not finite"),
    ],
    ids=["sigmoid", "softmax", "log-softmax", "ReLU", "not finite"],
)
def test_an_activation_after_the_last_layer_is_named(outputs: np.ndarray, name: str) -> None:
    assert name in classes.activation(outputs)
    assert classes.raw_outputs(P2)(made_up(evaluated={"fitted 2": outputs})).share == 0


def test_logits_have_no_activation() -> None:
    assert classes.activation(LOGITS) == ""


@pytest.mark.parametrize(
    ("losses", "share"),
    [(np.linspace(2, 1, 100), 1), (np.ones(100), 0), (np.linspace(1, 2, 100), 0), (None, 0)],
    ids=["falling", "constant", "rising", "none"],
)
def test_losses_have_to_fall(losses: np.ndarray | None, share: float) -> None:
    assert verdicts.loss_falls(P2)(made_up(fitted={"losses": losses})).share == share


@pytest.mark.parametrize(
    ("shapes", "share"),
    [([(500, 1000)], 1), ([(500, 1000), (1,)], 0), ([], 0), ([(0, 7)], 0)],
    ids=["limit", "one more", "none", "empty"],
)
def test_part_2_has_a_most_of_parameters(shapes: list, share: float) -> None:
    assert verdicts.parameters(P2)(made_up(counted={"shapes": {2: shapes}})).share == share


@pytest.mark.parametrize(
    ("shapes", "share"),
    [
        ([(128, 784), (128,), (3, 128), (3,)], 1),
        ([(784, 128), (3,), (128, 3), (128,)], 1),
        ([(32, 784), (32,), (3, 32), (3,)], 0),
        ([(128, 784), (3, 128)], 0),
        ([(100867,)], 0),
    ],
    ids=["torch", "transposed", "32 units", "no biases", "of another shape"],
)
def test_part_1_has_one_architecture(shapes: list, share: float) -> None:
    run = made_up(counted={"shapes": {1: shapes}})
    run.results["fit 1"] = run.results["fit 2"]
    assert verdicts.parameters(P1)(run).share == share


def test_numbers_beyond_the_parameters_are_counted_too() -> None:
    net = torch.nn.Linear(10, 10)
    net.extra = torch.zeros(2_000_001)
    run = made_up(fitted={"net": nets.stored(net)}, counted={"shapes": {2: [(10, 10), (10,)]}})
    assert "in the whole net" in verdicts.parameters(P2)(run).text


@pytest.mark.parametrize("net", [b"", b"whole", forged_zip()], ids=["none", "cut", "forged"])
def test_a_net_that_is_no_file_of_torch_may_hold_anything(net: bytes) -> None:
    verdict = verdicts.parameters(P2)(made_up(fitted={"net": net}))
    assert verdict.share == 0 and "a net that torch.save can store" in verdict.text


def test_parameters_that_cannot_be_counted_get_no_points() -> None:
    with pytest.raises(ValueError, match="808,965 parameters of at most 500,000: TOO MANY"):
        fit.counted(P2, [torch.zeros(808_965)])
    run = made_up(fitted={"problems": {"parameters": "808,965 parameters of at most 500,000: TOO MANY"}})
    verdict = verdicts.parameters(P2)(run)
    assert verdict.share == 0 and verdict.text == "808,965 parameters of at most 500,000: TOO MANY"


def of_images(x: np.ndarray, **evaluated: Any) -> Run:
    """A run of part 3 whose decoder gives x for the 60 shown and 30 hidden images."""
    run = made_up(evaluated={"fitted shape": np.array([16, 2, 2, 0])} | evaluated)
    run.results["fit 3"] = StepResult(Fitted(np.linspace(2, 1, 100), x[:60], b"", b"", {}))
    run.results["decode"] = StepResult({"fitted": x, "saved": None, "problems": {}})
    return run


def pixels(run: Run) -> np.ndarray:
    """What perfect decoders give."""
    return np.concatenate([run.data.dev[3], run.data.unseen[3]]).astype(np.float32) / 255


def test_reconstructions_are_scored_on_hidden_images() -> None:
    x = pixels(made_up())
    x[:60] = 0  # the images that fit was given do not count
    run = of_images(x)
    assert autoencoder.mse_of(run, "fitted") == (0.0, "")
    assert autoencoder.mse("fitted", 0.06, 0.03)(run).share == 1


@pytest.mark.parametrize("which", ["decoded", "returned"])
def test_nan_in_reconstructions_agrees_with_nothing(which: str) -> None:
    x = pixels(made_up())
    run = of_images(x)
    if which == "decoded":
        run.results["decode"].value["fitted"] = np.full_like(x, np.nan)
        assert "the reconstructions hold 23,520 nan or inf of 23,520" in autoencoder.mse("fitted", 0.06, 0.03)(run).text
    else:
        run.results["fit 3"] = StepResult(Fitted(np.ones(100), np.full_like(x[:60], np.nan), b"", b"", {}))
    assert verdicts.returns(P3)(run).share == 0


def test_nan_in_outputs_is_wrong_and_named_where_the_accuracy_is() -> None:
    run = made_up(fitted={"predictions": None, "problems": {"predictions": "yhats hold 12 nan of 60"}})
    outputs = run.results["evaluate"].value["fitted 2"]
    outputs[:30] = np.nan
    value, text = classes.accuracy_of(run, P2)
    assert value == 0.5 and "the outputs hold 150 nan or inf of 300" in text and "yhats hold 12 nan of 60" in text
    assert classes.raw_outputs(P2)(run).share == 1
    outputs[:] = np.nan
    assert classes.raw_outputs(P2)(run).share == 0
    run.results["fit 2"].value.problems.clear()
    assert "nan or infinite" in verdicts.returns(P2)(made_up(evaluated={"fitted 2": outputs})).text


def test_a_forgotten_eval_is_charged_to_the_images_that_depend_on_each_other() -> None:
    outputs = made_up().results["evaluate"].value["fitted 2"]
    outputs[:3] = -outputs[:3]
    assert verdicts.returns(P2)(made_up(evaluated={"fitted 2": outputs})).share == 0
    problems = {"training": "net.eval() was not called", "independent": "expected the prediction"}
    assert verdicts.returns(P2)(made_up(evaluated={"fitted 2": outputs}, fitted={"problems": problems})).share == 1


def test_more_batches_than_others_have_cost_the_place_on_the_scoreboard() -> None:
    run = made_up(fitted={"problems": {"batches": "step ran 500 times", "budget": "No place on the scoreboard"}})
    judge = next(check.judge for check in declaration.LAB.checks if check.number == "2.4")
    assert judge(run).text == "step ran 500 times\nNo place on the scoreboard"
    (column,) = [column for column in declaration.LAB.columns if column.name == "part 2 accuracy"]
    assert column.value(run) is None and column.value(made_up()) == 1


def test_returning_dev_set_is_not_reconstructing_it() -> None:
    x = pixels(made_up())
    run = of_images(x * 0.9)
    run.results["fit 3"] = StepResult(Fitted(np.ones(100), x[:60], b"", b"", {}))
    assert "expected xhats to be the outputs of net.encoder and net.decoder" in verdicts.returns(P3)(run).text


@pytest.mark.parametrize(("shape", "share"), [([196, 1, 1, 0], 1), ([4, 7, 7, 0], 1), ([197, 1, 1, 0], 0)])
def test_the_bottleneck_is_measured(shape: list[int], share: float) -> None:
    verdict = autoencoder.bottleneck(of_images(pixels(made_up()), **{"fitted shape": np.array(shape)}))
    assert verdict.share == share and ("the handout names none" in verdict.text) == (share == 0)
    nothing = of_images(pixels(made_up()), **{"fitted shape": None, "problems": {"fitted 3": "it raised"}})
    assert autoencoder.bottleneck(nothing).text == "it raised"


@pytest.mark.parametrize(
    ("shape", "room", "words"),
    [
        ((16, 14, 14), 3136, "3,136 numbers an image of at most 196"),
        ((1, 28, 28), 784, "784 numbers"),
        ((64, 28, 28), 196, "50,176 numbers"),
        ((-1, 9000), 196, ""),
        ((3, 14, 14), 588, "588 numbers"),
    ],
    ids=["the handout's example", "as wide as the image", "too wide to be rebuilt", "no shape", "588"],
)
def test_a_wide_code_loses_the_points_of_the_bottleneck_and_its_place_alone(
    shape: tuple[int, ...], room: int, words: str
) -> None:
    assert parts.width(shape) == room
    run = of_images(pixels(made_up()), **{"fitted shape": None} if room == 196 else {})
    run.results["fit 3"] = StepResult(dataclasses.replace(run.results["fit 3"].value, code_shape=shape))
    # the codes may say that they are narrow, but there was room for all
    assert words in autoencoder.bottleneck(run).text and autoencoder.bottleneck(run).share == 0
    assert autoencoder.mse("fitted", 0.06, 0.03)(run).share == 1
    assert autoencoder.ranked_mse(run) is None and autoencoder.ranked_mse(of_images(pixels(made_up()))) == 0.0


@pytest.mark.parametrize("width", [196, 784, 3136, parts.MOST_REBUILT])
def test_codes_of_any_width_keep_the_message_small(width: int) -> None:
    run = of_images(pixels(made_up()))
    run.data.unseen[3] = np.zeros((1000, N_PIXELS), np.uint8)
    run.results["fit 3"] = StepResult(dataclasses.replace(run.results["fit 3"].value, code_shape=(width,)))
    n = len(jobs.images(run, 3))
    assert n == 1060 if width <= 3136 else n >= 160
    assert message_bytes(parts.evaluate_layout({3: n}, jobs.width(run))) < 18 * 2**20


def test_a_model_file_that_is_missing_is_told_from_a_bad_one(tmp_path: Path) -> None:
    run = made_up()
    assert classes.saved_accuracy(P2, 0.4, 0.73)(run).cause == "missing file"
    (tmp_path / P2.model).write_bytes(b"no model")
    run.submission = Submission({P2.model: tmp_path / P2.model}, (), "")
    assert classes.saved_accuracy(P2, 0.4, 0.73)(run).cause == "bad model file"


@pytest.mark.parametrize(
    ("sizes", "words"),
    [([100] * 5, ""), ([100, 100, 100, 30], ""), ([], ""), ([7500] * 5, "7500"), ([50] * 5, "50"),
     ([None] * 5, "None"), ([0] * 5, "0"), ([1], "1")],
)  # fmt: skip
def test_batches_are_of_100(sizes: list, words: str) -> None:
    if not words:
        fit.batch_sizes(sizes)
        return
    with pytest.raises(ValueError, match=words):
        fit.batch_sizes(sizes)


@pytest.mark.parametrize(
    ("sizes", "words", "ranked"),
    [
        ([100] * 50, "", True),
        ([100] * 500, "n_iter 50: step ran 500 times, expected 50; an iteration is one batch, not an epoch", False),
        ([100] * 30, "n_iter 50: step ran 30 times, expected 50; fit calls it once an iteration", True),
        ([], "n_iter 50: step ran 0 times, expected 50; fit calls it once an iteration", False),
        ([20] * 50, "expected step to get batches of 100 images, got one of 20", True),
        ([7500] * 50, "expected step to get batches of 100 images, got one of 7500", False),
    ],
    ids=["as many", "ten epochs", "stops early", "no call", "small batches", "all images"],
)
def test_steps_are_counted(sizes: list, words: str, ranked: bool) -> None:
    problems: dict[str, str] = {}
    fit.budget(progress.Steps(len(sizes), sizes=sizes), 50, problems)
    assert problems.get("batches", "") == words and ("budget" not in problems) == ranked


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (np.arange(100), np.arange(100), False),
        (np.arange(200), np.arange(200) + (np.arange(200) < 1), False),
        (np.arange(200), np.arange(200) + (np.arange(200) < 2), True),
        (np.ones(3), np.ones(4), True),
        (np.ones(3), np.ones(3) + 1e-5, False),
        (np.ones(3), np.ones(3) + 1e-2, True),
        (np.array([np.nan]), np.array([np.nan]), False),
        (None, np.ones(3), False),
    ],
    ids=["equal", "one of 200", "two of 200", "other shape", "a little", "much", "both nan", "one is none"],
)
def test_results_differ_if_not_by_rounding(a: Any, b: Any, found: bool) -> None:
    assert comparisons.differs(a, b) is found


class Hidden(torch.nn.Module):
    """Parameters of every kind, under a `parameters` that denies them."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.more = {"w": [torch.zeros(5, requires_grad=True)]}
        self.state = [torch.zeros(1000)]
        self.register_buffer("mean", torch.zeros(7))
        self.optimiser = torch.optim.Adam(self.layer.parameters())

    def parameters(self, recurse: bool = True) -> Any:
        return iter(())


def test_parameters_are_found_wherever_they_are() -> None:
    found = referee.shapes(nets.as_npz(nets.parameters(Hidden())))
    assert sorted(found) == [[2], [2, 3], [5]]


class Named(torch.nn.Linear):
    """A net that names some of its parameters."""

    def get_parameters(self) -> list[torch.Tensor]:
        return [self.weight]


def test_get_parameters_has_to_name_all() -> None:
    net = Named(3, 2)
    with pytest.raises(ValueError, match=r"expected get_parameters\(\) to name the 8 parameters of the net, got 6"):
        nets.same_count(net, nets.parameters(net))
    nets.same_count(torch.nn.Linear(3, 2), [])  # who has no get_parameters has nothing to name


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"\x93NUMPY", nets.as_npz([torch.zeros(9)])[:60]],
    ids=["empty", "start of a zip", "start of an array", "cut"],
)
def test_damaged_parameters_are_named(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        referee.shapes(data)


def test_a_net_is_stored_without_its_optimiser() -> None:
    net = Hidden()
    assert nets.stored(net).startswith(nets.WHOLE)
    assert net.optimiser is None


def test_a_net_that_cannot_be_pickled_is_stored_as_weights() -> None:
    net = torch.nn.Linear(3, 2)
    net.loss_fn = lambda x: x  # type: ignore[assignment]
    assert nets.stored(net).startswith(nets.STATE)


def test_hidden_images_are_drawn_anew_for_each_seed() -> None:
    first, line = declaration.load(None, 1)
    again, other = declaration.load(None, 1)[0], declaration.load(None, 2)[0]
    assert "development split" in line
    np.testing.assert_array_equal(first.unseen[2], again.unseen[2])
    assert not np.array_equal(first.unseen[2], other.unseen[2])
    assert [len(first.dev[k]) for k in (1, 2, 3)] == [1000, 1000, 300]
    assert [len(first.unseen[k]) for k in (1, 2, 3)] == [500, 500, 1000]
    shown, hidden = ({row.tobytes() for row in images} for images in (first.dev[3], first.unseen[3]))
    assert len(shown & hidden) <= 1  # but for images that are there twice


def test_staff_images_are_used_where_there_are_some(tmp_path: Path) -> None:
    x = np.arange(40 * 784, dtype=np.int64).reshape(40, 784).astype(np.uint8)
    for k in (1, 2):
        np.save(tmp_path / f"X_test_part{k}.npy", x)
        np.save(tmp_path / f"y_test_part{k}.npy", np.zeros(40))
    data, line = declaration.load(tmp_path, 0)
    assert str(tmp_path) in line and len(data.unseen[3]) == 40
    np.save(tmp_path / "y_test_part2.npy", np.zeros(39))
    with pytest.raises(ValueError, match=r"expected X_test_part2.npy .* got \[40, 784\] and \[39\]"):
        declaration.load(tmp_path, 0)


def test_the_numbers_of_the_handout_are_written_once_for_driver_and_grader() -> None:
    text = (ROOT / "labs/mp6/grading/handout.md").read_text(encoding="utf-8")
    given = (f"at most {P2.max_parameters:,} parameters", f"at most {P3.max_bottleneck} numbers",
             f"| accuracy {P2.threshold} | MSE {P3.threshold} |")  # fmt: skip
    assert [words for words in given if words not in text] == []
    again = re.compile(r"\b(0\.73|500[_,]?000|100[_,]?867|at most 196)\b")
    sources = [ROOT / "mp6.py", *(ROOT / "labs/mp6/grading").rglob("*.py")]
    assert [path.name for path in sources if again.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("form", ["", *classes.FORMS])
def test_the_form_in_which_fit_gives_images_to_its_net_is_recognised(form: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (300, 784), generator=generator) * torch.linspace(0.1, 1, 784)
    forms = preparation.forms(x, x.mean(0), x.std(0))
    assert list(forms) == ["", *classes.FORMS]
    directions = torch.randn(784, 5, generator=generator)

    class Net(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(x @ directions)

    predictions = Net()(forms[form]).argmax(1).numpy()
    assert preparation.of_fit(Net(), forms, predictions[:200]) == form
    assert preparation.of_fit(Net(), forms, (predictions + 1) % 5) == ""
