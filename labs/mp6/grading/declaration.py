"""MP6 (UIUC CS440): an MLP, a CNN, and for extra credit an autoencoder, on Fashion-MNIST; 100 points and 10."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Check, Column, HandIn, Handout, Lab, Ranking, Run, Step
from autograder.registry import ROOT
from autograder.sandbox.job import Limits
from labs.mp6.grading import autoencoder, classes, evaluations, jobs, results, verdicts
from labs.mp6.grading.parts import MOST_CODES, PARTS, Part
from smallnets.data import reader
from smallnets.data.datasets import read_npy

SHIPPED = ROOT / "data" / "fashion_mnist"
HIDDEN = 1500  # images a part, as many as in the course's test
REBUILT = 1000  # of them, for part 3
MOST_PARAMETERS = PARTS[2].max_parameters or 0  # for which a file of part 3 has room, too: the handout names no limit


@dataclasses.dataclass(frozen=True)
class Data:
    """By part: training images [N, 784] and labels, fit's dev_set, and hidden images that fit never sees.

    Part 3 trains on part 2's images. Its dev_set holds no hidden images, because its net could memorise them.
    """

    train: dict[int, tuple[NDArray, NDArray]]
    dev: dict[int, NDArray]
    dev_labels: dict[int, NDArray]
    unseen: dict[int, NDArray]
    unseen_labels: dict[int, NDArray]


def load(staff: Path | None, seed: int) -> tuple[Data, str]:
    """The shipped training images and hidden ones, in an order of this seed, and a line on their source.

    Args:
        staff: folder with X_test_part1.npy and so on, written by `prepare.py --staff`; None draws from the development
            split, which students have.

    Raises:
        ValueError, OSError: missing or malformed files.
    """
    data = Data({}, {}, {}, {}, {})
    for number in (1, 2):
        x, y, x_dev, y_dev = reader.load_dataset(SHIPPED, number)
        rng = np.random.default_rng([seed, number])
        order, dev_order = rng.permutation(len(x)), rng.permutation(len(x_dev))
        data.train[number] = x[order], y[order]
        x_dev, y_dev = x_dev[dev_order], y_dev[dev_order]
        hidden = (x_dev[:HIDDEN], y_dev[:HIDDEN]) if staff is None else hidden_split(staff, number, rng)
        data.dev[number], data.unseen[number] = np.split(hidden[0], [2 * len(hidden[0]) // 3])
        data.dev_labels[number], data.unseen_labels[number] = np.split(hidden[1], [2 * len(hidden[1]) // 3])
    data.train[3] = data.train[2]
    data.dev[3], data.unseen[3] = x_dev[HIDDEN:][:300], hidden[0][:REBUILT]
    source = "drawn from the development split, as there are no staff images" if staff is None else f"of {staff}"
    return data, f"scored on {len(hidden[0])} images a part {source}; order and draw of seed {seed}"


def hidden_split(staff: Path, number: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """The staff's test images and labels of a part, in random order."""
    paths = [staff / f"{name}_test_part{number}.npy" for name in ("X", "y")]
    x, y = map(read_npy, paths)
    if x.ndim != 2 or x.shape[1] != 784 or y.shape != (len(x),) or len(x) < 30:
        raise ValueError(
            f"expected X_test_part{number}.npy [N, 784] and y_test_part{number}.npy [N] of at least 30 images in "
            f"{staff}, got {list(x.shape)} and {list(y.shape)}"
        )
    order = rng.permutation(len(x))
    return x[order], y[order].astype(np.int64)


def hand_in(part: Part) -> tuple[HandIn, HandIn]:
    """The two files of a part; those of part 3 are extra credit, so not required."""
    inputs = ("train_set", "train_labels", "dev_set") if part.n_classes else ("train_set", "dev_set")
    methods = ("forward", "step", "get_parameters")
    code = HandIn(
        f"{part.module}.py",
        required=part.number < 3,
        functions={"fit": (*inputs, "n_iter", "batch_size")},
        classes={"NeuralNet": methods},
        unwanted={"DataLoader": "the assignment asks for batches that fit cuts itself"},
    )
    # as much as a whole net with Adam's two moments takes, so that a file carries few images beside it; part 3 may have
    # any number of parameters and gets part 2's bytes
    most = 3 * 4 * (part.max_parameters or MOST_PARAMETERS) + 2**16
    return code, HandIn(part.model, most_bytes=most, required=part.number < 3, opened_by=code.name)


def checks(part: Part, points: dict[str, float], none_at: float, full_at: float | None = None) -> list[Check]:
    """The checks of a part, numbered in the order of `points`, which maps their names to points.

    Args:
        full_at: the accuracy or MSE that earns all points; None for the handout's threshold.
    """
    full_at = part.threshold if full_at is None else full_at
    assert full_at is not None, part
    k, labels = part.number, part.n_classes > 0
    fit, alone, file = f"fit {k}", (f"evaluate {k}",), (f"saved {k}",)
    score = classes.accuracy(part, none_at, full_at) if labels else autoencoder.mse("fitted", none_at, full_at)
    saved = classes.saved_accuracy(part, none_at, full_at) if labels else autoencoder.mse("saved", none_at, full_at)
    known = {
        "returns": ("fit's return values are valid and match the returned net", verdicts.returns(part), alone),
        "losses": ("one finite loss for each iteration", verdicts.problem(part, "losses"), ()),
        "loss_falls": ("the loss falls", verdicts.loss_falls(part), ()),
        "batches": ("one step an iteration, on a batch of 100", verdicts.problem(part, "batches", "budget"), ()),
        "any_size": ("any number of images", verdicts.problem(part, "any_size"), ()),
        "no_iterations": ("n_iter of 0", verdicts.problem(part, "no_iterations"), ()),
        "repeatable": ("the same seed gives the same results", verdicts.problem(part, "repeatable"), ()),
        "independent": ("no image's prediction depends on others", verdicts.problem(part, "independent"), ()),
        "parameters": ("number of parameters", verdicts.parameters(part), ()),
        "raw_outputs": ("no activation after the last layer", classes.raw_outputs(part), alone),
        "bottleneck": (f"a bottleneck of at most {MOST_CODES} numbers, our own limit", autoencoder.bottleneck, alone),
        "accuracy": ("accuracy", score, alone),
        "mse": ("MSE of images through the bottleneck", score, alone),
        "saved": (f"{part.model} on the same images", saved, file),
    }
    return [
        Check(
            f"{k}.{i}",
            f"part {k}: {known[name][0]}",
            worth,
            (fit, *known[name][2]),
            known[name][1],
            tags=(name,),
            extra=k == 3,
            by_grader=name in ("accuracy", "mse", "saved"),
        )
        for i, (name, worth) in enumerate(points.items(), 1)
    ]


def column(part: Part, score: Callable[[Run], float | None]) -> Column:
    """A column of the scoreboard, without those who trained on more batches than the others.

    An accuracy is that of a net that has been counted: without a value if the predictions are not those of the net that
    fit returned, or if it has too many parameters.
    """

    def value(run: Run) -> float | None:
        if part.n_classes and (verdicts.parameters(part)(run).share < 1 or not classes.of_returned_net(run, part)):
            return None
        return score(run) if results.ranked(run, part) else None

    if part.n_classes:
        name = f"part {part.number} accuracy"
        return Column(name, (f"fit {part.number}", f"evaluate {part.number}"), value, images=HIDDEN)
    return Column("part 3 MSE", ("fit 3", "evaluate 3", "decode fitted"), value, "low")


def steps() -> Iterator[Step]:
    """The runs, a part after the other, so that the time that one takes is not that of those before it."""
    for part in PARTS.values():
        yield from (jobs.fit_step(part), evaluations.evaluate_step(part))
    yield from (evaluations.decode_step("fitted"), evaluations.all_saved_step())
    yield from (*map(evaluations.saved_again_step, PARTS.values()), evaluations.decode_step("saved"))


COMMON = {"returns": 6.0, "losses": 2.0, "loss_falls": 2.0, "batches": 3.0, "any_size": 3.0, "no_iterations": 1.0,
          "repeatable": 1.0, "independent": 3.0}  # fmt: skip
OF_CLASSES = COMMON | {"parameters": 5.0, "raw_outputs": 3.0}
OF_IMAGES = dict.fromkeys(COMMON, 0.25) | {"returns": 0.5, "bottleneck": 1.75, "mse": 4.0, "saved": 2.0}

LAB = Lab(
    name="mp6",
    title="MP6: neural nets on Fashion-MNIST",
    hand_in=tuple(file for part in PARTS.values() for file in hand_in(part)),
    load=load,
    sources=(Path("/usr/share/datasets/fashion-mnist"),),
    steps=tuple(steps()),
    checks=(
        *checks(PARTS[1], OF_CLASSES | {"accuracy": 11.0, "saved": 5.0}, none_at=0.5, full_at=0.93),
        *checks(PARTS[2], OF_CLASSES | {"accuracy": 20.0, "saved": 6.0}, none_at=0.4),
        *checks(PARTS[3], OF_IMAGES, none_at=0.06),
    ),
    columns=(
        column(PARTS[1], lambda run: classes.accuracy_of(run, PARTS[1])[0]),
        column(PARTS[2], lambda run: classes.accuracy_of(run, PARTS[2])[0]),
        column(PARTS[3], autoencoder.ranked_mse),
    ),
    limits=Limits(cpu_seconds=120, wall_seconds=240),
    handout=Handout(
        folder="",
        blanks={
            f"{part.module}.py": (
                "NeuralNet.__init__",
                "NeuralNet.set_parameters",
                "NeuralNet.get_parameters",
                "NeuralNet.forward",
                "NeuralNet.step",
                "fit",
            )
            for part in PARTS.values()
        },
        drops={
            "neuralnet_p1.py": ("orthogonalise", "batches", "NeuralNet.standardise", "NeuralNet.roots"),
            "neuralnet_p2.py": ("orthogonalise", "batches", "cosines", "NeuralNet.whiten", "NeuralNet.set_filters"),
            "neuralnet_p3.py": ("orthogonalise", "batches", "Shift", "NeuralNet.centre"),
        },
        says={
            f"{PARTS[2].module}.py": {
                "NeuralNet": f"At most {PARTS[2].max_parameters:,} parameters; raw pixels in, logits out.",
            },
            f"{PARTS[3].module}.py": {
                "NeuralNet": f"1x28x28 -> at most {MOST_CODES} numbers -> 1x28x28; pixels in [0, 1] in and out.",
            },
        },
        files=("mp6.py", "reader.py", "data/fashion_mnist/*_part?.npy", "data/fashion_mnist/class_names.json"),
        readme="labs/mp6/grading/handout.md",
    ),
    needs=("data/fashion_mnist/*_part?.npy",),
    places=("", "models"),
    # part 1's accuracies are all near 0.98; for a place: batches, independent images, number of parameters
    ranking=Ranking("part 2 accuracy", rules=("2.1", "2.4", "2.8", "2.9"), ties=True),
)
