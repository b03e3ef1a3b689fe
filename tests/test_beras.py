"""Beras: its checks on ours and on broken copies, torch as oracle, random nets, wrong calls, and the two models."""

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, SEEDS, any_check_fails, load_file
from definitions import definitions
from hypothesis import given
from hypothesis import strategies as st

from autograder.runner.assertions import equal
from autograder.runner.run_checks import generator
from labs.beras.grading.checks import activations, core, layers, training
from labs.beras.grading.checks.model import check_evaluate
from labs.beras.grading.inside import reference_core
from smallnets.gradcheck import relative_error

LAB = ROOT / "labs/beras"
NAMES = ["Beras", "assignment", "preprocess", "visualize"]
PARTS = ["core", "layers", "activations", "losses", "optimizers", "metrics", "onehot", "model"]


def import_beras(folder: Path) -> ModuleType:
    """The package Beras of a folder, with all its modules, and nothing left of it in sys.modules."""
    sys.path.insert(0, str(folder))
    try:
        beras = importlib.import_module("Beras")
        for part in PARTS:
            importlib.import_module(f"Beras.{part}")
        return beras
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] in NAMES]:
            del sys.modules[name]


beras = import_beras(LAB)
# those of assignment.py are held in its own tests and when it is graded
CHECKS = [
    value
    for module in (core, layers, activations, training)
    for name, value in vars(module).items()
    if name.startswith("check_")
] + [check_evaluate]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a file of the lab as the handout's commands do, from its own folder."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.syspath_prepend(LAB)
    yield importlib.import_module
    for name in [name for name in sys.modules if name.split(".")[0] in NAMES]:
        del sys.modules[name]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_ours_passes(check: Callable[[ModuleType, np.random.Generator], None], seed: int) -> None:
    check(beras, generator(seed, check.__name__))


def test_the_graders_core_is_the_handouts_but_for_sums_that_follow_their_definition() -> None:
    ours, copy = definitions(LAB / "Beras/core.py"), definitions(LAB / "grading/inside/reference_core.py")
    different = {name for name in ours | copy if ours.get(name) != copy.get(name)}
    assert different == {"Diffable.compose_to_input", "Diffable.compose_to_weight", "GradientTape.gradient"}


@pytest.mark.parametrize("shape", [(4, 3), (7, 4, 3), (7, 4, 1)], ids=["shared", "of each sample", "of each, a column"])
def test_the_graders_core_composes_gradients_as_the_handouts_does(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    J, gradients, weight = rng.normal(size=(7, 3)), rng.normal(size=shape), np.zeros((4, 3))

    def composed(core: Any) -> list[np.ndarray]:
        class Layer(core.Diffable):
            weights = (weight,)

            def forward(self, x: np.ndarray) -> np.ndarray:
                return x

            def input_gradients(self) -> np.ndarray:
                return np.broadcast_to(gradients, (*shape[:-1], 3))

            def weight_gradients(self) -> tuple[np.ndarray, ...]:
                return (gradients,)

        return [Layer().compose_to_input(J), *Layer().compose_to_weight(J)]

    for found, expected in zip(composed(reference_core), composed(beras.core), strict=True):
        np.testing.assert_allclose(found, expected)


MUTANTS = {
    "summed, not averaged": ("core", "gradients[:, :, 0].T @ (J / len(J))", "gradients[:, :, 0].T @ J"),
    "bias gradient summed": ("core", "np.full(len(J), 1 / len(J), J.dtype) @ J", "J.sum(axis=0)"),
    "transposed": ("core", "return J @ gradients.T", "return J @ gradients"),
    "gradients in backward order": (
        "core",
        "compose_to_weight(J) + gradients",
        "compose_to_weight(J)[::-1] + gradients",
    ),
    "tape stays active": ("core", "        Diffable.gradient_tape = None\n", "        pass\n"),
    "frozen layers are trained": ("core", "if layers[k].trainable and layers[k].weights", "if layers[k].weights"),
    "in-place ReLU": ("activations", "np.maximum(self.inputs, 0)", "np.maximum(x, 0, out=x)"),
    "derivative written over the output": (
        "activations",
        "return np.where(self.inputs > 0, 1, self.alpha).astype(self.outputs.dtype)",
        "self.outputs[...] = np.where(self.inputs > 0, 1, self.alpha); return self.outputs",
    ),
    "softmax without max-shift": (
        "activations",
        "self.inputs - self.inputs.max(axis=-1, keepdims=True)",
        "self.inputs",
    ),
    "softmax over the batch": ("activations", "exponentials.sum(axis=-1", "exponentials.sum(axis=0"),
    "diagonal Jacobian": ("activations", "p * (J - (p * J) @ ones)", "p * (1 - p) * J"),
    "stale cached input": (
        "layers",
        "self.inputs = inputs.astype",
        "self.inputs = getattr(self, 'inputs', None) if hasattr(self, 'inputs') else inputs.astype",
    ),
    "random bias": ("layers", "np.zeros(output_size, np.float32)", "np.ones(output_size, np.float32)"),
    "xavier of the inputs alone": ("layers", "np.sqrt(2 / (input_size + output_size))", "np.sqrt(1 / input_size)"),
    "true MSE gradient": ("losses", "return 2 * self.error", "return 2 * self.error / self.error.size"),
    "one-sided cross entropy": ("losses", " + (1 - t) * np.log(1 - p)", ""),
    "missing bias correction": (
        "optimizers",
        "scale = rate * root / (1 - self.beta_1**self.iterations)",
        "scale = rate * root",
    ),
    "momentum reversed": ("optimizers", "m += (1 - self.beta_1) * (g - m)", "m += self.beta_1 * (g - m)"),
    "amsgrad ignored": ("optimizers", "if self.amsgrad:", "if False:"),
    "RMSProp forgets": ("optimizers", "self.beta * self.v[i] + ", ""),
    "update of a copy": ("optimizers", "            w -= rate * g\n", "            w = w - rate * g\n"),
    "classes by column": ("metrics", "probabilities.argmax(axis=1)", "probabilities.argmax(axis=0)"),
    "fits every time": ("onehot", 'if not hasattr(self, "uniq2oh"):', "if True:"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_catches_the_mutant(name: str, tmp_path: Path) -> None:
    part, old, new = MUTANTS[name]
    shutil.copytree(LAB / "Beras", tmp_path / "Beras")
    path = tmp_path / f"Beras/{part}.py"
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))
    mutant = import_beras(tmp_path)
    assert any_check_fails(CHECKS, mutant)


def by_definition(layer: Any, J: np.ndarray) -> list[np.ndarray]:
    """[compose_to_input, *compose_to_weight] of the last call as the handout defines them, sample by sample."""
    inputs = layer.input_gradients()
    composed = [np.stack([(inputs[b] if inputs.ndim == 3 else inputs) @ J[b] for b in range(len(J))])]
    for gradient in layer.weight_gradients():
        per_sample = [(gradient[b] if gradient.ndim == 3 else gradient) * J[b] for b in range(len(J))]
        composed.append(np.mean(per_sample, axis=0))
    return composed


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 2), (3, 2, 5)])
def test_the_chain_rule_in_one_go_is_that_of_the_definition(shape: tuple[int, int, int]) -> None:
    (n_samples, n_in, n_out), rng = shape, np.random.default_rng(0)
    x, J = rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))
    dense, softmax = layers.dense64(beras, n_in, n_out, rng), beras.activations.Softmax()
    dense(x), softmax(J)
    for found, expected in zip(
        (dense.compose_to_input(J), *dense.compose_to_weight(J)), by_definition(dense, J), strict=True
    ):
        equal(found, expected, "Dense against the definition", tolerance=1e-12)
    equal(softmax.compose_to_input(J), by_definition(softmax, J)[0], "Softmax against the definition", tolerance=1e-12)


TORCH: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "LeakyReLU": lambda x: torch.nn.functional.leaky_relu(x, 0.3),
    "ReLU": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Softmax": lambda x: torch.softmax(x, dim=1),
    "Tanh": torch.tanh,
}


@given(
    widths=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    names=st.lists(st.sampled_from(sorted(TORCH)), min_size=4, max_size=4),
    n=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
def test_tape_gradients_of_random_nets_are_torchs(widths: list[int], names: list[str], n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = [layers.dense64(beras, a, b, rng) for a, b in zip(widths, widths[1:], strict=False)]
    x, t = rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))
    theirs = [torch.tensor(weight, requires_grad=True) for layer in dense for weight in layer.weights]
    ours, output, loss = x, torch.tensor(x), beras.losses.MeanSquaredError()
    with beras.GradientTape() as tape:
        for k, (layer, name) in enumerate(zip(dense, names, strict=False)):
            ours = getattr(beras.activations, name)()(layer(ours))
            output = TORCH[name](output @ theirs[2 * k] + theirs[2 * k + 1])
        loss(ours, t)
    torch.nn.functional.mse_loss(output, torch.tensor(t)).backward()
    np.testing.assert_allclose(ours, output.detach(), rtol=1e-9, atol=1e-12)
    for found, weight in zip(tape.gradient(), theirs, strict=True):
        # our convention for MSE is the number of outputs times the true gradient
        assert weight.grad is not None
        assert relative_error(found / widths[-1], weight.grad.numpy()) < 1e-7


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda o: o.BasicOptimizer(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (lambda o: o.RMSProp(0.1, 0.9, 1e-6), lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, eps=1e-6)),
        (lambda o: o.Adam(0.1, epsilon=1e-8), lambda p: torch.optim.Adam(p, lr=0.1)),
        (lambda o: o.Adam(0.1, epsilon=1e-8, amsgrad=True), lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True)),
    ],
    ids=["SGD", "RMSprop", "Adam", "AMSGrad"],
)
def test_optimizers_agree_with_torch(ours: Callable, theirs: Callable) -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(3, 2))
    p = torch.nn.Parameter(torch.tensor(w))
    a, b = ours(beras.optimizers), theirs([p])
    for _ in range(20):
        g = rng.normal(size=(3, 2)) * rng.choice([0.1, 1, 10])
        p.grad = torch.tensor(g)
        a.apply_gradients([w], [g])
        b.step()
        np.testing.assert_allclose(w, p.detach(), rtol=1e-7, atol=1e-9)


def test_batch_normalization_agrees_with_torch_and_its_own_jacobian() -> None:
    rng = np.random.default_rng(0)
    x, J = rng.normal(2, 3, size=(6, 4)), rng.normal(size=(6, 4))
    layer, theirs = beras.layers.BatchNormalization(4), torch.nn.BatchNorm1d(4, eps=1e-3).double()
    layer.gamma, layer.beta = rng.normal(size=4), rng.normal(size=4)
    theirs.weight.data, theirs.bias.data = torch.tensor(layer.gamma), torch.tensor(layer.beta)
    layer.training = True
    inputs = torch.tensor(x, requires_grad=True)
    output = theirs(inputs)
    output.backward(torch.tensor(J))
    np.testing.assert_allclose(layer(x), output.detach(), rtol=1e-9)
    found = layer.compose_to_input(J)
    torch.testing.assert_close(torch.from_numpy(found), inputs.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found, np.einsum("abk,bk->ak", layer.input_gradients(), J), rtol=1e-9, atol=1e-12)
    for ours, weight in zip(layer.compose_to_weight(J), (theirs.weight, theirs.bias), strict=True):
        torch.testing.assert_close(torch.from_numpy(6 * ours), weight.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.moving_mean, 0.01 * x.mean(axis=0), rtol=1e-5)
    layer.training = False
    np.testing.assert_allclose(layer(x)[:1], layer(x[:1]), rtol=1e-9)  # running statistics: rows alone


def test_a_layer_of_ones_own_only_needs_forward_weights_and_derivatives() -> None:
    Diffable: Any = beras.Diffable

    class Scale(Diffable):
        """y = s * x, with one weight for all features."""

        def __init__(self) -> None:
            super().__init__()
            self.s = np.full(2, 3.0)
            self.weights = [self.s]

        def forward(self, x: np.ndarray) -> np.ndarray:
            self.x = x
            return self.s * x

        def input_gradients(self) -> np.ndarray:
            return np.diag(self.s)

        def weight_gradients(self) -> tuple[np.ndarray]:
            return (self.x[:, None, :],)

    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    layer, loss = Scale(), beras.losses.MeanSquaredError()
    with beras.GradientTape() as tape:
        loss(layer(x), t)
    np.testing.assert_allclose(tape.gradient()[0], (2 * (3 * x - t) * x).mean(axis=0))


def test_dropout_keeps_the_mean_in_training_and_everything_after_it() -> None:
    layer, x = beras.layers.Dropout(0.25), np.ones((100, 100), np.float32)
    assert layer(x) is x
    layer.training = True
    y = layer(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)} and abs(y.mean() - 1) < 0.05
    np.testing.assert_array_equal(layer.compose_to_input(x), y)
    with pytest.raises(ValueError, match="rate of at least 0 and below 1, got 1"):
        beras.layers.Dropout(1)


def test_l2_adds_its_gradient_and_its_penalty() -> None:
    layer = beras.layers.RegularizedDense(3, 2, kernel_regularizer=beras.layers.L2(0.1))
    layer(np.zeros((1, 3)))
    equal(layer.compose_to_weight(np.zeros((1, 2)))[0], 0.2 * layer.w, "gradient of the penalty")
    assert layer.penalty() == pytest.approx(0.1 * float((layer.w**2).sum()))


def test_schedules_fall_as_keras_do() -> None:
    exponential, cosine = beras.optimizers.ExponentialDecay(0.1, 10, 0.5), beras.optimizers.CosineDecay(0.1, 10, 0.1)
    assert [exponential(0), exponential(10), exponential(20)] == pytest.approx([0.1, 0.05, 0.025])
    assert [cosine(0), cosine(5), cosine(10), cosine(99)] == pytest.approx([0.1, 0.055, 0.01, 0.01])
    optimizer, w = beras.optimizers.BasicOptimizer(exponential), np.zeros(1)
    for _ in range(11):
        optimizer.apply_gradients([w], [np.ones(1)])
    assert w[0] == pytest.approx(-sum(0.1 * 0.5 ** (k / 10) for k in range(11)))


def test_weights_are_float32_and_the_computation_follows_them() -> None:
    layer = beras.layers.Dense(3, 2)
    assert layer.w.dtype == layer.b.dtype == layer(np.zeros((1, 3))).dtype == np.float32
    assert beras.activations.Softmax()(np.zeros((1, 3), np.float32)).dtype == np.float32


def model(lab: Callable[[str], ModuleType], n_in: int = 4, n_out: int = 3) -> Any:
    """A compiled SequentialModel of one Dense layer with Softmax, from a fresh import of the lab."""
    assignment = lab("assignment")
    found = assignment.SequentialModel([assignment.layers.Dense(n_in, n_out), assignment.activations.Softmax()])
    found.compile(
        assignment.optimizers.Adam(0.05), assignment.losses.MeanSquaredError(), assignment.metrics.CategoricalAccuracy()
    )
    return found


def toy(n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [n, 4] that show their class, one-hot labels [n, 3]."""
    y = np.eye(3)[np.arange(n) % 3]
    return np.hstack([y, np.ones((n, 1))]).astype(np.float32), y


def test_fit_learns_and_tells_its_history(lab: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    found, (x, y) = model(lab), toy()
    with_inputs = x.copy()
    history = found.fit(x, y, epochs=30, batch_size=20, shuffle=0, validation_data=(x, y))
    assert set(history) == {"loss", "acc", "val_loss", "val_acc"} and history.epoch == list(range(30))
    losses = np.reshape(history.batches["loss"], (30, 4))  # 90 samples are four full batches an epoch
    np.testing.assert_allclose(losses.mean(axis=1), history["loss"])
    assert history["val_acc"][-1] == 1 and history.history["loss"][-1] < history["loss"][0]
    np.testing.assert_array_equal(x, with_inputs)
    assert capsys.readouterr().out.count("\n") == 30
    before = [w.copy() for w in found.trainable_variables]
    assert set(found.evaluate(x, y, batch_size=7)) == {"loss", "acc"}
    assert all(np.array_equal(a, b) for a, b in zip(before, found.trainable_variables, strict=True))


def test_evaluate_averages_over_all_samples_whatever_the_batch(lab: Callable[[str], ModuleType]) -> None:
    found, (x, y) = model(lab), toy(50)
    whole = found.evaluate(x, y, batch_size=50)
    for batch_size in (1, 7, 49, 1000):
        assert found.evaluate(x, y, batch_size=batch_size)["loss"] == pytest.approx(whole["loss"], rel=1e-5)
        assert found.evaluate(x, y, batch_size=batch_size)["acc"] == pytest.approx(whole["acc"])


@pytest.mark.parametrize(
    ("shuffle", "in_order"), [(None, True), (False, True), (0, False), (3, False), (True, False)], ids=str
)
def test_fit_keeps_the_order_unless_it_is_to_shuffle(shuffle: bool | int | None, in_order: bool) -> None:
    seen: list[float] = []

    class Watching(beras.Model):  # type: ignore[name-defined]
        def call(self, inputs: np.ndarray) -> np.ndarray:
            return inputs

        def batch_step(self, x: np.ndarray, y: np.ndarray, training: bool = True) -> dict[str, float]:
            seen.extend(x[:, 0])
            return {"loss": 0.0, "acc": 0.0}

    model = Watching([])
    model.compile(None, None, None)
    x = np.arange(40.0)[:, None]
    model.fit(x, x, epochs=2, batch_size=10, shuffle=shuffle, verbose=False)
    assert sorted(seen) == sorted([*range(40), *range(40)]) and (seen == [*range(40), *range(40)]) == in_order


def test_a_last_batch_that_is_not_full_is_dropped_in_fit(lab: Callable[[str], ModuleType]) -> None:
    found, (x, y) = model(lab), toy(50)
    found.fit(x, y, epochs=1, batch_size=20, verbose=False)
    assert found.optimizer.iterations == 2


def test_wrong_calls_are_named(lab: Callable[[str], ModuleType]) -> None:
    found, (x, y) = model(lab), toy()
    bare = type(found)(found.layers)
    nested, tape = beras.GradientTape, beras.GradientTape()
    dense = beras.layers.Dense(3, 2)
    cases: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: bare.fit(x, y, 1, 10), ValueError, "compiled model, got one without"),
        (lambda: bare.evaluate(x, y, 10), ValueError, "compiled model, got one without"),
        (lambda: found.fit(x, y, 1, 91), ValueError, "batch_size of 1 to 90, the number of samples, got 91"),
        (lambda: found.fit(x, y, 1, 0), ValueError, "batch_size of 1 to 90"),
        (lambda: found.fit(x, y[:80], 1, 10), ValueError, r"as many labels as inputs \(90\), got 80"),
        (lambda: found.fit(x * np.nan, y, 1, 10), ValueError, "finite inputs, got nan"),
        (lambda: found.fit(x.astype(np.uint8), y, 1, 10), ValueError, "float type .*, got uint8"),
        (lambda: type(found)([1]), AssertionError, "every layer to be Diffable"),
        (lambda: dense(np.ones((2, 5))), ValueError, r"inputs of shape \[B, 3\], got \[2, 5\]"),
        (lambda: dense(np.ones(3)), ValueError, r"inputs of shape \[B, 3\], got \[3\]"),
        (lambda: beras.losses.MeanSquaredError()(np.ones((2, 3)), np.ones((2, 1))), ValueError, "one shape"),
        (lambda: beras.metrics.CategoricalAccuracy()([[1, 0]], [1]), ValueError, "one-hot labels of one shape"),
        (lambda: beras.optimizers.Adam(0.1).apply_gradients([np.ones(3)], [np.ones(2)]), ValueError, "weights' shapes"),
        (lambda: tape.gradient(), ValueError, "recorded operations, got none"),
    ]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message):
            call()
    with pytest.raises(RuntimeError, match="got a GradientTape inside another one"), nested(), nested():
        pass
    assert beras.Diffable.gradient_tape is None
    encoder = beras.onehot.OneHotEncoder()
    encoder.fit([1, 2])
    with pytest.raises(ValueError, match=r"labels among \[1, 2\], got \[3\]"):
        encoder([1, 3])
    with beras.GradientTape() as twice:
        dense(np.ones((2, 3)))
        beras.losses.MeanSquaredError()(dense(np.ones((2, 3))), np.ones((2, 2)))
    with pytest.raises(ValueError, match="each layer once on a tape"):
        twice.gradient()


def test_a_tape_that_an_exception_left_is_closed() -> None:
    with pytest.raises(ZeroDivisionError), beras.GradientTape():
        raise ZeroDivisionError
    assert beras.Diffable.gradient_tape is None


def test_a_tape_that_is_current_already_can_be_entered() -> None:
    """As a course's own assignment.py does, which sets the tape before its `with` block."""
    dense, loss = beras.layers.Dense(3, 2), beras.losses.MeanSquaredError()
    beras.Diffable.gradient_tape = beras.GradientTape()
    with beras.Diffable.gradient_tape as tape:
        loss(dense(np.ones((4, 3), np.float32)), np.zeros((4, 2), np.float32))
    assert [gradient.shape for gradient in tape.gradient()] == [(3, 2), (2,)]
    assert beras.Diffable.gradient_tape is None
    with pytest.raises(RuntimeError, match="inside another one"), beras.GradientTape(), beras.GradientTape():
        pass


def test_the_data_come_as_the_contract_says(lab: Callable[[str], ModuleType], digits: Path) -> None:
    preprocess = lab("preprocess")
    x, y = preprocess.get_data_MNIST(" Train ", digits.parent)
    assert x.shape == (1380, 784) and x.dtype == np.float32 and y.dtype == np.uint8 and 0 <= x.min() < x.max() <= 1
    assert len(preprocess.get_data_MNIST("TEST", digits.parent)[1]) == 360
    with pytest.raises(AssertionError, match="train or test, got dev"):
        preprocess.get_data_MNIST("dev", digits.parent)
    with pytest.raises(FileNotFoundError):
        preprocess.get_data_MNIST("test", digits.parent / "nowhere")


def test_the_program_runs_as_the_handout_says(
    lab: Callable[[str], ModuleType], digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assignment = lab("assignment")
    args = ["--data", str(digits.parent), "--plots", str(tmp_path)]
    assert assignment.main([*args, "--epochs", "3"]) == 0 and assignment.main([*args, "--simple", "--epochs", "1"]) == 0
    assert capsys.readouterr().out.count("Testing Performance: {'loss': [") == 2
    assert sorted(os.listdir(tmp_path)) == ["beras_images.png", "beras_metrics.png"]
    assert assignment.main(["--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("right", [0.0, 0.5, 0.999, 1.0])
def test_images_are_shown_for_a_model_of_any_quality(
    right: float, lab: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    n = 300
    labels = np.eye(10)[np.arange(n) % 10]

    class Oracle:
        def call(self, inputs: np.ndarray) -> np.ndarray:
            truth = np.eye(10)[inputs[:, 0].astype(int) % 10]
            return np.where((inputs[:, :1] < right * n), truth, np.roll(truth, 1, axis=1))

    inputs = np.repeat(np.arange(n)[:, None], 784, axis=1).astype(np.float32)
    lab("visualize").visualize_images(Oracle(), inputs, labels, save_filepath=str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_without_a_screen_pictures_are_drawn_to_nowhere(lab: Callable[[str], ModuleType]) -> None:
    lab("visualize").visualize_metrics(losses=[3, 2, 1], accuracies=[0.1, 0.2, 0.3])


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize(("options", "bound"), [(["--simple"], 0.90), ([], 0.98)], ids=["simple", "advanced"])
def test_the_goals_on_mnist(
    options: list[str],
    bound: float,
    lab: Callable[[str], ModuleType],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = Path(os.environ.get("SMALLNETS_DATA", "nowhere")) / "mnist"
    if not source.is_dir():
        pytest.skip("MNIST is not there: SMALLNETS_DATA names no folder with mnist/")
    prepare = load_file(ROOT / "data/mnist/prepare.py", "prepare_mnist")
    assert prepare.main(["--source", str(source), "--out", str(tmp_path / "mnist")]) == 0
    accuracies = []
    for seed in range(3):
        assert lab("assignment").main(["--data", str(tmp_path), "--seed", str(seed), *options]) == 0
        accuracies.append(float(capsys.readouterr().out.split("'acc': [")[1].split("]")[0]))
    assert np.mean(accuracies) >= bound, accuracies
