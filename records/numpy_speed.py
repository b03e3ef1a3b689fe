"""How fast Beras trains against PyTorch, against the handout's loops over samples, and against scikit-learn.

python records/numpy_speed.py --seconds 2    from the repository's root; OMP_NUM_THREADS=1 for one thread

All train an MLP 784-128-10 with ReLU by Adam in float32 on random images, in one process and with equally
many threads; a step is forward, loss, gradient and update. Beras ends in Softmax and CategoricalCrossentropy,
PyTorch in cross_entropy on logits and scikit-learn in its log loss, which are cheaper: the two sum over the true
class alone, Beras over all classes. The sides take turns, so that whatever else runs on the machine slows both;
a ratio is the other's time over Beras' in the same round.
"""

import importlib
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sklearn
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from smallnets import cli, files, modelfile

BERAS = Path(__file__).parents[1] / "labs" / "beras"
BATCH_SIZES = (100, 1000)
N_IMAGES = 6000
ROUNDS = 10


class Data(NamedTuple):
    """x float32 [N, 784] in 0..1, y int64 [N], one_hot float32 [N, 10]."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    one_hot: NDArray[np.float32]


def random_data(n: int) -> Data:
    """Data with nothing to learn in it."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(n) % 10)
    return Data(rng.random((n, 784), dtype=np.float32), y, np.eye(10, dtype=np.float32)[y])


def beras_model() -> Any:
    """The MLP, compiled."""
    beras = {name: importlib.import_module(f"Beras.{name}") for name in ("layers", "activations", "losses", "metrics")}
    layers = [beras["layers"].Dense(784, 128), beras["activations"].ReLU()]
    layers += [beras["layers"].Dense(128, 10), beras["activations"].Softmax()]
    model = importlib.import_module("assignment").SequentialModel(layers)
    adam = importlib.import_module("Beras.optimizers").Adam(0.001)
    model.compile(adam, beras["losses"].CategoricalCrossentropy(), beras["metrics"].CategoricalAccuracy())
    return model


def beras_gradients(model: Any, batch: Data) -> list[NDArray[np.float32]]:
    """One forward and backward pass."""
    with importlib.import_module("Beras").GradientTape() as tape:
        model.compiled_loss(model.call(batch.x), batch.one_hot)
    return tape.gradient()


def beras_step(model: Any, batch: Data) -> Callable[[], None]:
    """A function that makes a step."""
    return lambda: model.optimizer.apply_gradients(model.trainable_variables, beras_gradients(model, batch))


def torch_step(batch: Data) -> Callable[[], None]:
    """The same with PyTorch, eager, Adam with its defaults."""
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    adam = torch.optim.Adam(net.parameters())
    x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)

    def step() -> None:
        adam.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        adam.step()

    return step


def with_loops(model: Any) -> Any:
    """The model with the chain rule as the handout defines it, sample by sample, where it is not element by element.

    Kinder than a list of each sample's gradient: those of the weights are added up as they come.
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

    for layer in (model.layers[0], model.layers[2], model.layers[3]):
        layer.compose_to_input, layer.compose_to_weight = to_input.__get__(layer), to_weight.__get__(layer)
    return model


def sklearn_epoch(data: Data, batch_size: int) -> Callable[[], None]:
    """A function that makes an epoch with scikit-learn, shuffled and without its penalty."""
    net = MLPClassifier(hidden_layer_sizes=(128,), batch_size=batch_size, alpha=0.0, random_state=0)
    return lambda: net.partial_fit(data.x, data.y, classes=np.arange(10))


def seconds_per_call(function: Callable[[], None], at_least: float) -> float:
    """The mean over as many calls as `at_least` seconds take, one or more, after one that is not counted."""
    function()  # the other side's threads may still be spinning, and its data is in the caches
    calls, start = 0, time.perf_counter()
    while not calls or time.perf_counter() - start < at_least:
        function()
        calls += 1
    return (time.perf_counter() - start) / calls


def compare(beras: Callable[[], None], other: Callable[[], None], seconds: float) -> dict[str, float]:
    """Run the two in turns, each for about `seconds` in all; medians over the rounds."""
    rounds = [[seconds_per_call(side, seconds / ROUNDS) for side in (beras, other)] for _ in range(ROUNDS)]
    ratios = [theirs / ours for ours, theirs in rounds]
    ours, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
    found = {"beras_seconds": ours, "other_seconds": theirs, "ratio": statistics.median(ratios)}
    return found | {"ratio_min": min(ratios), "ratio_max": max(ratios)}


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """{"what against whom, batch size": compare(...)}.

    Raises:
        ValueError: the loops find other gradients than Beras does.
    """
    data, found = random_data(N_IMAGES), {}
    for n in BATCH_SIZES:
        batch, model = Data(*(array[:n] for array in data)), beras_model()
        expected, got = beras_gradients(model, batch), beras_gradients(with_loops(model), batch)
        if not all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(expected, got, strict=True)):
            raise ValueError("expected the loops to find the gradients that Beras finds, got others")
        found[f"steps/s, PyTorch, {n}"] = compare(beras_step(beras_model(), batch), torch_step(batch), seconds)
        found[f"steps/s, loops, {n}"] = compare(beras_step(beras_model(), batch), beras_step(model, batch), seconds)
        fit = beras_model().fit
        found[f"s/epoch, scikit-learn, {n}"] = compare(
            lambda n=n, fit=fit: fit(data.x, data.one_hot, 1, n, shuffle=0, verbose=False),
            sklearn_epoch(data, n),
            seconds,
        )
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """A line for each comparison."""
    lines = [f"{'unit':<8} {'against':<13} {'batch':>5} {'Beras':>9} {'other':>9}   Beras is faster, times (range)"]
    for name, row in sorted(found.items(), key=lambda item: item[0].split(", ")[:2], reverse=True):
        unit, other, n = name.split(", ")
        figures = [row[f"{side}_seconds"] ** (-1 if unit == "steps/s" else 1) for side in ("beras", "other")]
        texts = " ".join(f"{figure:9.1f}" if unit == "steps/s" else f"{figure:9.4f}" for figure in figures)
        lines.append(
            f"{unit:<8} {other:<13} {n:>5} {texts}   {row['ratio']:.2f} ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
        )
    return "\n".join(lines)


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each side of a comparison")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args(argv)
    sys.path.insert(0, str(BERAS))  # a lab is not installed
    environment: dict[str, Any] = {"cpu": cpu(), "cores": os.cpu_count()} | modelfile.environment()
    environment["versions"]["scikit-learn"] = sklearn.__version__
    print(f"{environment['cpu']}, {environment['cores']} cores, {environment['threads']} threads on each side")
    print(", ".join(f"{name} {version}" for name, version in environment["versions"].items()))
    torch.set_num_threads(environment["threads"])
    with threadpool_limits(environment["threads"]), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = measure(args.seconds)
    print(table(found))
    if args.json is not None:
        files.write_text(args.json, json.dumps(environment | {"figures": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
