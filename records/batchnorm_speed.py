"""How long our BatchNorm takes against torch.nn's, forward and backward, in training.

python records/batchnorm_speed.py                    from the repository's root
python records/batchnorm_speed.py --threads 2        with more than one thread

The two take turns in one process; the ratio is that of the medians within a round of turns, and the table has
the median of the rounds, the least and the greatest. torch.nn's runs as one fused operation each way, ours as
the dozen that its formula names.
"""

import argparse
import importlib
import statistics
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    from smallnets import cli

    cli.start()  # during the imports below, Ctrl-C and a package that is missing are told in one line

import torch

from smallnets import cli, modelfile, threads

SHAPES = {"BatchNorm1d": (100, 128), "BatchNorm2d": (100, 16, 28, 28)}
ROUNDS = 9


def step_seconds(layer: torch.nn.Module, x: torch.Tensor, gradient: torch.Tensor) -> float:
    """Seconds of one forward and backward."""
    start = time.perf_counter()
    layer(x).backward(gradient)
    return time.perf_counter() - start


def compare(ours: torch.nn.Module, theirs: torch.nn.Module, shape: tuple[int, ...], turns: int) -> list[list[float]]:
    """For each round the median seconds of both, in turns of one step each."""
    x = torch.randn(shape, requires_grad=True)
    gradient = torch.randn(shape)
    rounds = []
    for _ in range(ROUNDS):
        times = [[step_seconds(layer, x, gradient) for layer in (ours, theirs)] for _ in range(turns)]
        rounds.append([statistics.median(side) for side in zip(*times, strict=True)])
    return rounds


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--turns", type=cli.whole_number(1), default=50, help="steps of each in a round")
    threads.add_option(parser)
    return threads.applied(measured)(parser.parse_args(argv))


def measured(args: argparse.Namespace) -> int:
    """Time each layer against torch's and print a line."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "labs" / "batchnorm"))  # a lab is not installed
    layer = importlib.import_module("layer")
    environment = modelfile.environment()
    print(f"torch {environment['versions']['torch']}, {environment['threads']} threads")
    print(f"{'layer':<12} {'input':<18} {'ours':>9} {'torch.nn':>9}   ours takes (range)")
    for name, shape in SHAPES.items():
        rounds = compare(getattr(layer, name)(shape[1]), getattr(torch.nn, name)(shape[1]), shape, args.turns)
        ratios = [ours / theirs for ours, theirs in rounds]
        ours, theirs = (statistics.median(side) * 1e6 for side in zip(*rounds, strict=True))
        ratio = f"{statistics.median(ratios):.2f} times as long ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"{name:<12} {list(shape)!s:<18} {ours:6.0f} us {theirs:6.0f} us   {ratio}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
