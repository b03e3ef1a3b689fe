"""The verdicts on MP6, on made-up results: their points and their texts."""

import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT

from autograder.lab import Run, StepResult, Submission, accuracy_words, proportional
from autograder.runner.protocol import message_bytes, pack
from labs.mp6.grading import autoencoder, classes, codes, declaration, evaluations, jobs, parts, verdicts
from labs.mp6.grading.inside import comparisons, fit, preparation, storing
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.jobs import Fitted
from labs.mp6.grading.parts import N_PIXELS, PARTS
from smallnets import progress

P1, P2, P3 = PARTS.values()


def stored(net: torch.nn.Module, most: int = 10**6) -> bytes:
    """A net as a training hands it back."""
    return storing.stored(net, most, nets.parameters(net))[0]


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
        "net": stored(torch.nn.Linear(2, 2)),
        "shapes": [(500, 1000)],
        "problems": {},
    }
    run = Run(Submission({}, (), ""), data, 0)
    run.results["fit 2"] = StepResult(Fitted(**found | changes.pop("fitted", {})))
    run.results["evaluate 2"] = StepResult({"outputs 2": outputs, "problems": {}} | changes.pop("evaluated", {}))
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
    run.results["evaluate 2"].value["outputs 2"] = np.roll(run.results["evaluate 2"].value["outputs 2"], 1, axis=1)
    assert "expected the net of fit to give fit's predictions" in verdicts.returns(P2)(run).text
    assert classes.accuracy(P2, 0.4, 0.73)(run).share == 1  # the handout scores what fit predicts


def test_a_net_that_only_knows_the_images_it_was_shown_is_noticed() -> None:
    run = made_up()
    outputs = run.results["evaluate 2"].value["outputs 2"]
    outputs[60:] = np.roll(outputs[60:], 1, axis=1)
    assert "on other images" in verdicts.returns(P2)(run).text


def test_without_predictions_the_net_is_scored() -> None:
    run = made_up(fitted={"predictions": None, "problems": {"predictions": "expected yhats of shape [60], got [5]"}})
    value, text = classes.accuracy_of(run, P2)
    assert value == 1 and "on its own" in text
    assert verdicts.returns(P2)(run).text == "expected yhats of shape [60], got [5]"


def test_without_predictions_and_net_there_is_no_accuracy() -> None:
    run = made_up(fitted={"predictions": None}, evaluated={"outputs 2": None, "problems": {"net": "it is broken"}})
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
    assert classes.raw_outputs(P2)(made_up(evaluated={"outputs 2": outputs})).share == 0


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
    assert verdicts.parameters(P2)(made_up(fitted={"shapes": shapes})).share == share


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
    run = made_up(fitted={"shapes": shapes})
    run.results["fit 1"] = run.results["fit 2"]
    assert verdicts.parameters(P1)(run).share == share


@pytest.mark.parametrize(("size", "share"), [(0, 1), (1, 0)], ids=["limit", "one byte more"])
def test_a_net_has_room_for_no_more_numbers_than_its_parameters_and_a_little(size: int, share: float) -> None:
    verdict = verdicts.parameters(P2)(made_up(fitted={"net": bytes(2_065_536 + size)}))
    assert verdict.share == share
    assert ("at most 2,065,536 bytes" in verdict.text and "got 2,065,537" in verdict.text) == (share == 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"net": None, "problems": {"net": "expected at most 8 MB"}}, "500,000 parameters of at most 500,000: ok; "
         "the net cannot be counted: expected at most 8 MB"),
        ({"shapes": None, "problems": {"parameters": "is there a lazy layer"}}, "is there a lazy layer"),
        ({"net": None, "shapes": None}, "fit returned no net"),
    ],
    ids=["too large to be handed back", "without a shape", "no net"],
)  # fmt: skip
def test_a_net_that_cannot_be_counted_gets_no_points(changes: dict, words: str) -> None:
    verdict = verdicts.parameters(P2)(made_up(fitted=changes))
    assert verdict.share == 0 and words in verdict.text


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"3", b"[3]", b'["ab"]', b"[[-1]]", b"[[1e400]]", b"[[0.5]]", b"[" * 10_000,
     b"[[" + b"9" * 5000 + b"]]", b"\xff", b"[[null]]"],
    ids=lambda data: repr(data[:9]),
)  # fmt: skip
def test_shapes_that_are_none_break_the_protocol(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        jobs.shapes(data)


def test_shapes_are_read_as_they_were_written() -> None:
    assert jobs.shapes(nets.shapes(nets.parameters(torch.nn.Linear(3, 2)))) == [(2, 3), (2,)]


def of_images(x: np.ndarray, **evaluated: Any) -> Run:
    """A run of part 3 whose decoder gives x for the 60 shown and 30 hidden images."""
    run = made_up()
    run.results["fit 3"] = StepResult(Fitted(np.linspace(2, 1, 100), x[:60], b"", [], {}))
    run.results["evaluate 3"] = StepResult({"shape": np.array([16, 2, 2, 0]), "problems": {}} | evaluated)
    run.results["decode fitted"] = StepResult({"images": x, "problems": {}})
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


def test_nan_in_reconstructions_agrees_with_nothing() -> None:
    x = pixels(made_up())
    run = of_images(x)
    run.results["fit 3"] = StepResult(Fitted(np.ones(100), np.full_like(x[:60], np.nan), b"", [], {}))
    assert verdicts.returns(P3)(run).share == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_decoder_that_gives_what_is_no_number_anywhere_has_no_images(bad: float) -> None:
    run = of_images(pixels(made_up()))
    images = pixels(run)
    images[0, 0] = bad  # of the images that fit was given, which do not count
    message = pack(parts.decode_layout(len(images)), {"images": images, "problems": b"{}"})
    run.results["decode fitted"] = StepResult(evaluations.decode_step("fitted").read(run, message))
    assert "the reconstructions hold 1 nan or inf of 70,560" in autoencoder.mse("fitted", 0.06, 0.03)(run).text
    assert verdicts.returns(P3)(run).share == 0 and autoencoder.ranked_mse(run) is None


def test_nan_in_the_outputs_for_most_images_is_no_agreement_on_the_others() -> None:
    run = made_up()
    run.results["evaluate 2"].value["outputs 2"][1:60] = np.nan
    assert "got others for 98% of them, where the outputs hold 295 nan or inf" in verdicts.returns(P2)(run).text


def test_nan_in_outputs_is_wrong_and_named_where_the_accuracy_is() -> None:
    run = made_up(fitted={"predictions": None, "problems": {"predictions": "yhats hold 12 nan of 60"}})
    outputs = run.results["evaluate 2"].value["outputs 2"]
    outputs[:30] = np.nan
    value, text = classes.accuracy_of(run, P2)
    assert value == 0.5 and "the outputs hold 150 nan or inf of 300" in text and "yhats hold 12 nan of 60" in text
    assert classes.raw_outputs(P2)(run).share == 1
    outputs[:] = np.nan
    assert classes.raw_outputs(P2)(run).share == 0
    run.results["fit 2"].value.problems.clear()
    assert (
        "the outputs hold 300 nan or inf of 300" in verdicts.returns(P2)(made_up(evaluated={"outputs 2": outputs})).text
    )


def test_a_forgotten_eval_is_charged_to_the_images_that_depend_on_each_other() -> None:
    outputs = made_up().results["evaluate 2"].value["outputs 2"]
    outputs[:3] = -outputs[:3]
    assert verdicts.returns(P2)(made_up(evaluated={"outputs 2": outputs})).share == 0
    problems = {"training": "net.eval() was not called", "independent": "expected the prediction"}
    assert verdicts.returns(P2)(made_up(evaluated={"outputs 2": outputs}, fitted={"problems": problems})).share == 1


def test_more_batches_than_others_have_cost_the_place_on_the_scoreboard() -> None:
    run = made_up(fitted={"problems": {"batches": "step ran 500 times", "budget": "No place on the scoreboard"}})
    judge = next(check.judge for check in declaration.LAB.checks if check.number == "2.4")
    assert judge(run).text == "step ran 500 times\nNo place on the scoreboard"
    (column,) = [column for column in declaration.LAB.columns if column.name == "part 2 accuracy"]
    assert column.value(run) is None and column.value(made_up()) == 1


@pytest.mark.parametrize(
    ("changes", "outputs", "value"),
    [
        ({}, np.arange(60) // 60, 1),
        ({"shapes": [(500, 1001)]}, np.arange(60) // 60, None),
        ({"net": bytes(3_000_000)}, np.arange(60) // 60, None),
        ({}, np.arange(60) % 5, None),
        ({"predictions": None}, np.arange(60) // 60, 1),
    ],
    ids=["right", "too many", "too large", "others than the net's", "the net's alone"],
)
def test_an_accuracy_on_the_scoreboard_is_that_of_a_net_that_has_been_counted(
    changes: dict, outputs: np.ndarray, value: float | None
) -> None:
    run = made_up(fitted=changes)
    given = run.results["evaluate 2"].value["outputs 2"]
    given[:60] = np.take_along_axis(given[:60], (np.arange(5) + outputs[:, None]) % 5, axis=1)
    (column,) = [column for column in declaration.LAB.columns if column.name == "part 2 accuracy"]
    assert column.value(run) == value


def test_returning_dev_set_is_not_reconstructing_it() -> None:
    x = pixels(made_up())
    run = of_images(x * 0.9)
    run.results["fit 3"] = StepResult(Fitted(np.ones(100), x[:60], b"", [], {}))
    assert "expected xhats to be the outputs of net.encoder and net.decoder" in verdicts.returns(P3)(run).text


@pytest.mark.parametrize(("shape", "share"), [([196, 1, 1, 0], 1), ([4, 7, 7, 0], 1), ([197, 1, 1, 0], 0)])
def test_the_bottleneck_is_measured(shape: list[int], share: float) -> None:
    verdict = autoencoder.bottleneck(of_images(pixels(made_up()), **{"shape": np.array(shape)}))
    assert verdict.share == share and ("the handout names none" in verdict.text) == (share == 0)
    nothing = of_images(pixels(made_up()), **{"shape": None, "problems": {"net": "it raised"}})
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
    run = of_images(pixels(made_up()), **{"shape": None} if room == 196 else {})
    run.results["fit 3"] = StepResult(dataclasses.replace(run.results["fit 3"].value, code_shape=shape))
    # the codes may say that they are narrow, but there was room for all
    assert words in autoencoder.bottleneck(run).text and autoencoder.bottleneck(run).share == 0
    assert autoencoder.mse("fitted", 0.06, 0.03)(run).share == 1
    assert autoencoder.ranked_mse(run) is None and autoencoder.ranked_mse(of_images(pixels(made_up()))) == 0.0


@pytest.mark.parametrize(("which", "files"), [("fitted", {"a.py"}), ("saved", {"a.py", P3.model})])
def test_a_decoder_gets_the_codes_of_its_own_net_and_no_file_that_holds_numbers(
    which: str, files: set[str], tmp_path: Path
) -> None:
    run = of_images(pixels(made_up()))
    (tmp_path / "a.py").write_text("import torch\n")
    run.submission = Submission({name: tmp_path / name for name in ("a.py", P3.model)}, (), "")
    for name, values in (("evaluate 3", 1.0), ("saved", 2.0)):
        codes_of = {"codes": np.full((90, 196), values), "shape": np.array([196, 0, 0, 0]), "problems": {}}
        run.results[name] = StepResult(codes_of)
    job = evaluations.decode_step(which).job(run)
    assert job is not None
    found = np.load(io.BytesIO(job.input))
    assert set(found) == {"net", "saved", "shape", "codes"} and (found["codes"] == 1 + (which == "saved")).all()
    assert {name.removeprefix("submission/") for name in job.files if name.startswith("submission")} == files


def saved_parts(run: Run, step: Any) -> list[int]:
    """The parts whose model files a step runs; none if it runs nothing."""
    job = step.job(run)
    return [k for k in PARTS if job is not None and f"x {k}" in np.load(io.BytesIO(job.input))]


def test_a_model_file_that_fails_beside_others_is_run_again_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "model_problem", lambda run, part: "")
    run = of_images(pixels(made_up()))
    steps = {step.name: step for step in declaration.LAB.steps}
    assert saved_parts(run, steps["saved"]) == [2, 3]
    assert [saved_parts(run, steps[f"saved {k}"]) for k in PARTS] == [[], [2], [3]]  # where the process ended
    found = {
        "outputs 2": None,
        "codes": np.ones((90, 196)),
        "shape": np.array([196, 0, 0, 0]),
        "problems": {"2": "it raised"},
    }
    run.results["saved"] = StepResult(found)
    assert [saved_parts(run, steps[f"saved {k}"]) for k in PARTS] == [[], [2], []]


@pytest.mark.parametrize("width", [196, 784, 3136, parts.MOST_REBUILT])
def test_codes_of_any_width_keep_the_message_small(width: int) -> None:
    run = of_images(pixels(made_up()))
    run.data.unseen[3] = np.zeros((1000, N_PIXELS), np.uint8)
    run.results["fit 3"] = StepResult(dataclasses.replace(run.results["fit 3"].value, code_shape=(width,)))
    n = len(jobs.images(run, 3))
    assert n == 1060 if width <= 3136 else n >= 160
    assert message_bytes(parts.outputs_layout({3: n}, jobs.width(run))) < 18 * 2**20


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
    found = [tuple(value.shape) for value in nets.parameters(Hidden())]
    assert sorted(found) == [(2,), (2, 3), (5,)]


class Named(torch.nn.Linear):
    """A net that names some of its parameters."""

    def get_parameters(self) -> list[torch.Tensor]:
        return [self.weight]


def test_get_parameters_has_to_name_all() -> None:
    net = Named(3, 2)
    with pytest.raises(ValueError, match=r"expected get_parameters\(\) to name the 8 parameters of the net, got 6"):
        nets.same_count(net, nets.parameters(net))
    nets.same_count(torch.nn.Linear(3, 2), [])  # who has no get_parameters has nothing to name


def again(net: torch.nn.Module, most: int = 10**6) -> tuple[Any, str]:
    """A whole net, stored in at most so many bytes and rebuilt, and what is said of it."""
    data, text = storing.stored(net, most, nets.parameters(net))
    assert data.startswith(storing.WHOLE) and len(data) <= most
    return torch.load(io.BytesIO(data[len(storing.WHOLE) :]), weights_only=False), text


def test_a_net_is_stored_without_its_optimisers() -> None:
    net = Hidden()
    assert again(net)[0].optimiser is None and net.optimiser is not None


def test_a_net_that_cannot_be_pickled_is_stored_as_weights() -> None:
    net = torch.nn.Linear(3, 2)
    net.loss_fn = lambda x: x  # type: ignore[assignment]
    assert stored(net).startswith(storing.STATE)


def test_the_largest_numbers_beside_the_parameters_are_left_out_of_a_net_that_is_too_large() -> None:
    net = torch.nn.Linear(100, 100)
    net.register_buffer("kept", torch.ones(5000))
    net.view, net.array, net.small = net.weight.T, np.ones((70, 1000)), torch.ones(9)  # type: ignore[assignment]
    net.velocities = [torch.ones(100, 200), torch.ones(1)]  # type: ignore[assignment]
    assert again(net)[1] == ""
    found, text = again(net, 100_000)
    for name in ("weight", "kept", "view", "small"):
        np.testing.assert_array_equal(getattr(found, name).detach(), getattr(net, name).detach())
    assert found.velocities[0].shape == (100, 200) and not found.velocities[0].any() and found.velocities[1] == 1
    assert found.array.shape == (70, 1000) and found.array.dtype == np.float64 and not found.array.any()
    assert "without its plain tensors of shape [70, 1000], [100, 200], as it may have 100,000 bytes" in text


def test_a_net_with_too_much_plain_data_is_stored_as_weights() -> None:
    net = torch.nn.Linear(3, 2)
    net.known = {i: str(i) for i in range(10_000)}  # type: ignore[assignment]
    data, text = storing.stored(net, 50_000, nets.parameters(net))
    assert data.startswith(storing.STATE) and "only its state_dict is judged, as it may have 50,000 bytes" in text


def test_doubles_are_stored_as_singles_if_they_need_the_room() -> None:
    net = torch.nn.Linear(100, 100).double()
    found, text = again(net, 60_000)
    assert text == "" and isinstance(found.weight, torch.nn.Parameter) and found.weight.dtype == torch.float64
    torch.testing.assert_close(found.weight, net.weight, rtol=1e-6, atol=0)
    assert torch.equal(again(net)[0].weight, net.weight)


def test_a_net_with_too_many_parameters_is_stored_all_the_same() -> None:
    net = torch.nn.Linear(50, 50)
    net.more = [torch.zeros(100, 100, requires_grad=True)]  # type: ignore[assignment]
    data = stored(net, 30_000)
    assert data.startswith(storing.WHOLE) and len(data) > 50_000


def test_a_lazy_layer_that_forward_does_not_use_is_named() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LazyLinear(5))
    with pytest.raises(ValueError, match="got 2 parameters without a shape: is there a lazy layer"):
        nets.shapes(nets.parameters(net))
    assert len(again(net)[0]) == 2


def test_codes_are_rounded_between_the_least_and_the_greatest_of_each_number() -> None:
    rng = np.random.default_rng(0)
    given = np.concatenate([rng.uniform(size=(2000, 3)) * [1, 100, 1e-3], np.full((2000, 1), 7.0)], axis=1).astype(
        "<f2"
    )
    found = codes.rounded(given)
    ranges = np.ptp(given.astype(float), axis=0)
    assert [len(np.unique(column)) for column in found.T] == [64, 64, 64, 1]
    assert (abs(found - given) <= 1.01 * ranges / 63 / 2).all()


def test_a_number_cannot_carry_its_bits_through_the_bottleneck() -> None:
    rng = np.random.default_rng(0)
    sent = rng.integers(0, 2**15 - 2**10, (500, 196)).astype(np.uint16)  # any finite positive float16
    received = codes.rounded(sent.view("<f2")).astype("<f2").view(np.uint16)
    for place in range(12):
        assert abs(np.mean((sent >> place & 1) == (received >> place & 1)) - 0.5) < 0.1, place


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


@pytest.mark.parametrize("form", ["", *parts.FORMS])
def test_the_form_in_which_fit_gives_images_to_its_net_is_recognised(form: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (300, 784), generator=generator) * torch.linspace(0.1, 1, 784)
    forms = preparation.forms(x, x.mean(0), x.std(0))
    assert list(forms) == ["", *parts.FORMS]
    directions = torch.randn(784, 5, generator=generator)

    class Net(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(x @ directions)

    predictions = Net()(forms[form]).argmax(1).numpy()
    assert preparation.of_fit(Net(), forms, predictions[:200]) == form
    assert preparation.of_fit(Net(), forms, (predictions + 1) % 5) == ""
