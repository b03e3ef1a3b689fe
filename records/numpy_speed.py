"""How fast Beras trains against PyTorch, against the handout's loops over samples, and against scikit-learn.

python -m records.numpy_speed --seconds 2     from the repository's root
python -m records.numpy_speed --threads 2     with more than one thread

All train an MLP 784-128-10 with ReLU by Adam in float32 on random images, in one process and with equally
many threads; a step is forward, loss, gradient and update. Beras ends in Softmax and CategoricalCrossentropy,
PyTorch in cross_entropy on logits and scikit-learn in its log loss, which cost less: they count the true class
alone, Beras all classes. An epoch is 6000 images, shuffled; Beras' includes the accuracy that its fit reports.

The sides take short turns, so that whatever else runs on the machine slows both. A ratio is the other's
time over Beras' within a round; the table has the median of the rounds, the least and the greatest.
"""

import argparse
import functools
import importlib
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import numpy as np
import torch
from numpy.typing import NDArray

from records import timing
from smallnets import cli, files, threads

BATCH_SIZES = (100, 1000)
N_IMAGES = 6000
ROUNDS = 10
TURN = 0.04  # seconds: far above a clock's error, and many of them in a round

Make = Callable[[], Callable[[], object]]  # gives a function that makes a step or an epoch, of a new net


class Samples(NamedTuple):
    """x float32 [N, 784] in 0..1, y int64 [N], one_hot float32 [N, 10]."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    one_hot: NDArray[np.float32]


def random_data(n: int) -> Samples:
    """Data with nothing to learn in it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, n)
    return Samples(rng.random((n, 784), dtype=np.float32), y, np.eye(10, dtype=np.float32)[y])


def beras_model() -> Any:
    """The MLP, compiled; the same at every call."""
    names = ("layers", "activations", "losses", "metrics", "optimizers")
    layers, activations, losses, metrics, optimizers = (importlib.import_module(f"Beras.{name}") for name in names)
    np.random.seed(0)  # noqa: NPY002 - Dense draws from numpy's global generator
    model = importlib.import_module("assignment").SequentialModel(
        [layers.Dense(784, 128), activations.ReLU(), layers.Dense(128, 10), activations.Softmax()]
    )
    model.compile(optimizers.Adam(0.001), losses.CategoricalCrossentropy(), metrics.CategoricalAccuracy())
    return model


def beras_gradients(model: Any, batch: Samples) -> Callable[[], list[NDArray[np.float32]]]:
    """A function that goes forward and backward."""
    tape_class = importlib.import_module("Beras").GradientTape

    def gradients() -> list[NDArray[np.float32]]:
        with tape_class() as tape:
            model.compiled_loss(model.call(batch.x), batch.one_hot)
        return tape.gradient()

    return gradients


def beras_step(make: Callable[[], Any], batch: Samples) -> Callable[[], object]:
    """A function that makes a step with the model from `make`."""
    model = make()
    gradients = beras_gradients(model, batch)
    return lambda: model.optimizer.apply_gradients(model.trainable_variables, gradients())


def torch_step(batch: Samples) -> Callable[[], object]:
    """The same with PyTorch, eager, Adam with its defaults."""
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    adam = torch.optim.Adam(net.parameters())
    x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)

    def step() -> None:
        adam.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        adam.step()

    return step


def looped_model() -> Any:
    """beras_model() with the chain rule of its matrices as the handout defines it, sample by sample.

    Gradients of weights are added up as they come, which is kinder than an array of one for each sample.
    """

    def to_input(layer: Any, J: NDArray) -> NDArray:
        gradients = layer.input_gradients()
        return np.stack([(gradients if gradients.ndim == 2 else gradients[b]) @ J[b] for b in range(len(J))])

    def to_weight(layer: Any, J: NDArray) -> list[NDArray]:
        totals = [np.zeros_like(weight) for weight in layer.weights]
        for total, gradients in zip(totals, layer.weight_gradients(), strict=True):
            for b in range(len(J)):
                total += (gradients[b] if gradients.ndim == 3 else gradients) * J[b]
            total /= len(J)
        return totals

    model = beras_model()
    for layer in (model.layers[0], model.layers[2], model.layers[3]):
        layer.compose_to_input, layer.compose_to_weight = to_input.__get__(layer), to_weight.__get__(layer)
    return model


def beras_epoch(data: Samples, batch_size: int) -> Callable[[], object]:
    """A function that makes an epoch with Beras."""
    return functools.partial(beras_model().fit, data.x, data.one_hot, 1, batch_size, shuffle=0, verbose=False)


def sklearn_epoch(data: Samples, batch_size: int) -> Callable[[], object]:
    """A function that makes an epoch with scikit-learn, without its penalty."""
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier(hidden_layer_sizes=(128,), batch_size=batch_size, alpha=0.0, random_state=0)
    return functools.partial(net.partial_fit, data.x, data.y, classes=np.arange(10))


def turn(make: Make, seconds: float) -> tuple[float, int]:
    """(seconds, calls): as many calls as fit, one at least, after one that is not counted."""
    # afresh in each turn: a net that knows its batch by heart has gradients so small that they slow the processor
    function = make()
    function()  # the caches hold the other side's arrays, and its threads may not sleep yet
    calls, start = 0, time.perf_counter()
    while not calls or time.perf_counter() - start < seconds:
        function()
        calls += 1
    return time.perf_counter() - start, calls


def seconds_a_call(turns: list[tuple[float, int]]) -> float:
    """The mean over some turns."""
    return sum(t for t, _ in turns) / sum(n for _, n in turns)


def compare(beras: Make, other: Make, seconds: float) -> dict[str, float]:
    """Run the two in turns, each for about `seconds` in all; medians over the rounds."""
    sides = [functools.partial(turn, side, TURN) for side in (beras, other)]
    turns = round(seconds / ROUNDS / TURN) or 1
    ours, theirs = timing.in_rounds(sides, ROUNDS, turns, seconds_a_call)
    ratio = timing.ratios(theirs, ours)
    found = {"beras_seconds": statistics.median(ours), "other_seconds": statistics.median(theirs)}
    return found | {"ratio": ratio.median, "ratio_min": ratio.least, "ratio_max": ratio.greatest}


def measure(seconds: float) -> dict[tuple[str, str, int], dict[str, float]]:
    """{(unit, against whom, batch size): compare(...)}.

    Raises:
        ValueError: the loops find other gradients than Beras does.
    """
    data, found = random_data(N_IMAGES), {}
    for n in BATCH_SIZES:
        batch = Samples(data.x[:n], data.y[:n], data.one_hot[:n])
        pairs = zip(*(beras_gradients(make(), batch)() for make in (beras_model, looped_model)), strict=True)
        if not all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in pairs):
            raise ValueError(f"expected the loops to find Beras' gradients for {n} samples, got others")
        step, loops = (functools.partial(beras_step, make, batch) for make in (beras_model, looped_model))
        found["steps/s", "PyTorch", n] = compare(step, functools.partial(torch_step, batch), seconds)
        found["steps/s", "loops", n] = compare(step, loops, seconds)
        ours, theirs = (functools.partial(epoch, data, n) for epoch in (beras_epoch, sklearn_epoch))
        found["s/epoch", "scikit-learn", n] = compare(ours, theirs, seconds)
    return found


def table(found: dict[tuple[str, str, int], dict[str, float]]) -> str:
    """A line for each comparison."""
    lines = [f"{'unit':<8} {'against':<13} {'batch':>5} {'Beras':>9} {'other':>9}   Beras is faster by (range)"]
    for (unit, other, n), row in found.items():
        times = (row["beras_seconds"], row["other_seconds"])
        figures = " ".join(f"{t:9.4f}" if unit == "s/epoch" else f"{1 / t:9.1f}" for t in times)
        ratio = timing.Spread(row["ratio"], row["ratio_min"], row["ratio_max"]).text()
        lines.append(f"{unit:<8} {other:<13} {n:>5} {figures}   {ratio}")
    return "\n".join(lines)


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--seconds", type=cli.number(0.01, 3600), default=2.0, help="for each side of a comparison")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    threads.add_option(parser)
    return threads.applied(measured)(parser.parse_args(argv))


def measured(args: argparse.Namespace) -> int:
    """Measure both labs against their references, print and write the figures."""
    from sklearn.exceptions import ConvergenceWarning

    if args.json is not None:
        files.expect_file(args.json, *files.JSON)
    sys.path.insert(0, str(timing.ROOT / "labs" / "beras"))  # a lab is not installed
    found_on = timing.environment()
    print(timing.described(found_on))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = measure(args.seconds)
    if args.json is not None:
        figures = [dict(zip(("unit", "against", "batch"), key, strict=True)) | row for key, row in found.items()]
        files.write_text(args.json, json.dumps(found_on | {"figures": figures}, indent=1) + "\n")
    print(table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
