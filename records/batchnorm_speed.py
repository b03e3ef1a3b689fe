"""How long our BatchNorm takes against torch.nn's, forward and backward, in training.

python -m records.batchnorm_speed                    from the repository's root
python -m records.batchnorm_speed --threads 2        with more than one thread

The two take turns in one process; the ratio is that of the medians within a round of turns, and the table has
the median of the rounds, the least and the greatest. torch.nn's runs as one fused operation each way, ours as
the dozen that its formula names.
"""

import argparse
import functools
import importlib
import statistics
import sys

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import torch

from records import timing
from smallnets import cli, tables, threads

SHAPES = {"BatchNorm1d": (100, 128), "BatchNorm2d": (100, 16, 28, 28)}
ROUNDS = 9


def compare(ours: torch.nn.Module, theirs: torch.nn.Module, shape: tuple[int, ...], turns: int) -> list[list[float]]:
    """The median seconds of a step, forward and backward, in each round: those of ours, then of theirs."""
    x = torch.randn(shape, requires_grad=True)
    gradient = torch.randn(shape)

    def step(layer: torch.nn.Module) -> float:
        return timing.seconds(lambda: layer(x).backward(gradient))

    sides = [functools.partial(step, layer) for layer in (ours, theirs)]
    return timing.in_rounds(sides, ROUNDS, turns, statistics.median)


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--turns", type=cli.whole_number(1), default=50, help="steps of each in a round")
    threads.add_option(parser)
    return threads.applied(measured)(parser.parse_args(argv))


def measured(args: argparse.Namespace) -> int:
    """Time each layer against torch's and print a line."""
    sys.path.insert(0, str(timing.ROOT / "labs" / "batchnorm"))  # a lab is not installed
    layer = importlib.import_module("layer")
    print(timing.described(timing.environment()))
    rows = [["layer, input", "ours", "torch.nn", "ours to torch.nn (range)"]]
    for name, shape in SHAPES.items():
        sides = compare(getattr(layer, name)(shape[1]), getattr(torch.nn, name)(shape[1]), shape, args.turns)
        cells = [f"{statistics.median(side) * 1e6:.0f} us" for side in sides]
        rows.append([f"{name} {list(shape)}", *cells, timing.ratios(*sides).text()])
    print(tables.aligned(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
