"""How far the images of part 2 let its net come: with more of them, with more iterations, and in spite of labels.

python -m records.limits --json FILE    about half an hour on one core

A draw holds out 2,400 images of the five classes among Fashion-MNIST's 60,000 training images, and lets `fit` of
neuralnet_p2.py train on the first N of the others, from fewer than the course's 7,500 to all 27,600. Two more nets
are trained on one half of those each, as two annotators who have seen nothing in common: where both are surer of the
same other class than of most images that they get right, the label is probably wrong, or nothing in the image tells.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import numpy as np
import torch
from numpy.typing import NDArray

import neuralnet_p2
from records import timing
from smallnets import cli, files, samples, tables, threads, train
from smallnets.data import course, draws, fashion

PART = 2
HALF = 13_800  # of 30,000 images less the development set


class Labelled(NamedTuple):
    """x float32 [N, 784] in 0..255, as part 2's fit gets them, and y int64 [N]."""

    x: torch.Tensor
    y: torch.Tensor


def draw(images: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int) -> tuple[Labelled, Labelled]:
    """(all other images, development set) of a draw, shuffled; in the former, each half is balanced."""
    groups = list(course.CLASSES[PART].values())
    sizes = {"dev": course.DEV // len(groups), "one": HALF // len(groups), "two": HALF // len(groups)}
    rows, y = zip(*draws.draw_splits(labels, groups, sizes, seed).values(), strict=True)
    x = [torch.tensor(images[of_split].reshape(-1, 784), dtype=torch.float32) for of_split in rows]
    dev, one, two = (Labelled(pixels, torch.tensor(truth)) for pixels, truth in zip(x, y, strict=True))
    return Labelled(torch.cat([one.x, two.x]), torch.cat([one.y, two.y])), dev


def trained(data: Labelled, dev: Labelled, n_iter: int, seed: int) -> neuralnet_p2.NeuralNet:
    """The net that fit returns."""
    train.seed_everything(seed)
    _, _, net = neuralnet_p2.fit(data.x, data.y, dev.x, n_iter)
    return net


def accuracy(net: neuralnet_p2.NeuralNet, dev: Labelled) -> float:
    """The share of images whose class is right."""
    return float((probabilities(net, dev.x).argmax(dim=1) == dev.y).double().mean())


def probabilities(net: neuralnet_p2.NeuralNet, x: torch.Tensor) -> torch.Tensor:
    """Softmax of the logits, [N, n_classes]."""
    with torch.no_grad():
        return torch.cat([net(part).softmax(dim=1) for part in x.split(500)])


def annotators(one: torch.Tensor, two: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """What two nets say of labels int64 [N] by their probabilities [N, n_classes]: shares of all images.

    "surely another": both give the same class, which is not the label's, each with a probability above the median of
    those of its own right answers.
    """
    (p, a), (q, b) = one.max(dim=1), two.max(dim=1)
    sure = (p > p[a == y].median()) & (q > q[b == y].median())
    shares = {
        "agree": a == b,
        "both right": (a == y) & (b == y),
        "the same other class": (a == b) & (a != y),
        "surely another": (a == b) & (a != y) & sure,
        "sure": sure,
    }
    return {name: float(share.double().mean()) for name, share in shares.items()}


def measure(args: argparse.Namespace, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Any]:
    """{"curve": a row for each size and number of iterations, "annotators": mean shares}."""
    scores: dict[tuple[int, int], list[float]] = {(n, n_iter): [] for n_iter in args.n_iter for n in args.sizes}
    shares: list[dict[str, float]] = []
    for seed in args.draws:
        rest, dev = draw(images, labels, seed)
        for n, n_iter in scores:
            # from both halves, so that all classes have about the same share
            first = torch.arange(len(rest.y)).view(2, -1).T.reshape(-1)[:n]
            scores[n, n_iter].append(accuracy(trained(Labelled(rest.x[first], rest.y[first]), dev, n_iter, seed), dev))
        halves = [Labelled(x, y) for x, y in zip(rest.x.chunk(2), rest.y.chunk(2), strict=True)]
        one, two = (probabilities(trained(half, dev, max(args.n_iter), seed), dev.x) for half in halves)
        shares.append(annotators(one, two, dev.y))
    curve = [{"images": n, "n_iter": n_iter} | samples.summary(found) for (n, n_iter), found in scores.items()]
    return {"curve": curve, "annotators": {k: statistics.fmean(each[k] for each in shares) for k in shares[0]}}


def report(found: dict[str, Any]) -> str:
    """Two Markdown tables."""
    lines: list[Sequence[str]] = [("images", "iterations", "n", "accuracy")]
    for row in found["curve"]:
        score = f"{row['mean']:.4f} ± {row['std']:.4f}"
        lines.append((f"{row['images']:,}", f"{row['n_iter']:,}", str(len(row["values"])), score))
    shares = [("two nets of one half each", "share"), *((k, f"{v:.4f}") for k, v in found["annotators"].items())]
    return tables.markdown(lines) + "\n\n" + tables.markdown(shares)


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    seeds, sizes = [601, 602, 603, 604, 605, 606], [1000, 2000, 4000, 7500, 15_000, 2 * HALF]
    says = "seeds of the held-out images, of the order of the others and of the training"
    parser.add_argument("--draws", type=cli.whole_number(0), nargs="+", default=seeds, help=says)
    parser.add_argument("--sizes", type=cli.whole_number(100), nargs="+", default=sizes, help="images to train on")
    parser.add_argument("--n_iter", type=cli.whole_number(1), nargs="+", default=[100, 1500], help="iterations of fit")
    parser.add_argument("--source", type=Path, help="folder with Fashion-MNIST's IDX files")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    if max(args.sizes) > 2 * HALF:
        raise ValueError(f"expected --sizes of at most {2 * HALF}, got {max(args.sizes)}")
    if args.json is not None:
        files.expect_file(args.json, *files.JSON)
    with threads.limited(args.threads):
        found = measure(args, *fashion.read_split("train", args.source))
    if args.json is not None:
        files.write_text(args.json, json.dumps(timing.environment() | {"draws": args.draws} | found, indent=1) + "\n")
    print(report(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
