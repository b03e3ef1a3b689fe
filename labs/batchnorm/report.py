"""Train the nets of the handout's report and write it: python3 report.py --out report.

The folder gets report.md with its discussion, the curves, and runs.json, the figures of the runs. With --again, the
report is written from OUT/runs.json, and nothing is trained.
"""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import json
import math
from argparse import Namespace
from pathlib import Path
from typing import Any

import experiment
import run_cnn
import run_mlp
import run_resnet
import torch
from torch.utils.data import TensorDataset
from utils import find_mnist, load, plot_loss_acc

from smallnets import cli, files, modelfile, tables, threads
from smallnets.data import mnist

COMPARED = {"mlp": run_mlp.program, "cnn": run_cnn.program}
RUNS = "runs.json"
Figures = dict[str, Any]


def trained(program: experiment.Program, epochs: int | None, compared: bool, args: Namespace) -> list[experiment.Run]:
    """The runs of a program with its own settings: with BatchNorm, and, to compare, without it as well."""
    own = {name: getattr(program, name) for name in ("lr", "momentum", "weight_decay")}
    args = Namespace(**vars(args) | own, batch_size=program.train_batch_size)
    args.epochs = epochs or program.epochs
    data: list[TensorDataset] = [load(args.source, split, program.shape) for split in ("train", "t10k")]
    torch.manual_seed(args.seed)
    nets = {"with BN": program.build()}
    if compared:
        nets["without BN"] = experiment.without_batchnorm(nets["with BN"])
    return [experiment.fit(name, net, program, args, data) for name, net in nets.items()]


def train_all(args: Namespace) -> Figures:
    """Train every net, draw the curves into OUT, and return the figures of all runs."""
    args.source = find_mnist(args.data)
    sizes = [len(mnist.read(args.source, split)[1]) for split in ("train", "t10k")]
    found: Figures = {"note": mnist.note(args.source), "sizes": sizes, "seed": args.seed, **modelfile.environment()}
    for name, make in COMPARED.items():
        runs = trained(make(), args.epochs, True, args)
        curves = [{run.name: getattr(run, what) for run in runs} for what in ("losses", "accuracies")]
        plot_loss_acc(curves[0], curves[1], args.out / f"{name}_loss_acc.png")
        found[name] = {"net": str(runs[0].model), "runs": [experiment.figures(run) for run in runs]}
    runs = trained(run_resnet.program(), args.resnet_epochs, False, args)
    return found | {"resnet": {"runs": [experiment.figures(runs[0])]}}


def discussion(bn: Figures, plain: Figures, n_test: int) -> str:
    """The handout's four aspects of one net with and without BatchNorm, in words that follow from the figures."""
    ratio = bn["cpu seconds"] / plain["cpu seconds"]
    longer = f"{ratio:.2f} times as long as without it" if abs(ratio - 1) > 0.05 else "as long as without it"
    more = bn["parameters"] - plain["parameters"]
    accuracies = [run["tests"][-1][1] for run in (bn, plain)]
    gain = accuracies[0] - accuracies[1]
    error = math.sqrt(sum(p * (1 - p) for p in accuracies) / n_test)
    wrong = [round((1 - p) * n_test) for p in accuracies]
    chance = "more than twice" if abs(gain) > 2 * error else "less than twice"
    first = [run["tests"][0][1] for run in (bn, plain)]
    return f"""- **Time.** Training with BatchNorm takes {longer}, in time of the processor
  ({bn["cpu seconds"]:.1f} s and {plain["cpu seconds"]:.1f} s), which other programs hardly change.
- **Convergence.** {convergence(bn, plain)}
  After one epoch, the test accuracy is {first[0]:.4f} with BatchNorm and {first[1]:.4f} without it.
- **Parameters.** BatchNorm adds {more:,} to {plain["parameters"]:,}, a weight and a bias for each channel:
  {more / plain["parameters"]:.1%}. The running means and variances are as many again, and nothing trains them.
- **Accuracy.** {wrong[0]:,} of {n_test:,} test images are wrong with BatchNorm and {wrong[1]:,} without it.
  The difference in accuracy is {100 * gain:+.2f} points, {chance} its standard error of {100 * error:.2f} points,
  which covers the choice of test images and not that of the seed."""


def convergence(bn: Figures, plain: Figures) -> str:
    """A sentence on the iterations that both nets need to reach the goal in training."""
    goal = f"a training accuracy of {experiment.GOAL:.0%}"
    if bn["reached"] is None and plain["reached"] is None:
        return f"Neither net reaches {goal}."
    if bn["reached"] is None or plain["reached"] is None:
        which, run = ("with", bn) if plain["reached"] is None else ("without", plain)
        return f"The net {which} BatchNorm reaches {goal} after {run['reached']:,} iterations; the other never does."
    ratio = plain["reached"] / bn["reached"]
    words = f"{ratio:.1f} times as soon" if ratio >= 1.05 else "no sooner"
    return (
        f"With BatchNorm, the net reaches {goal} after {bn['reached']:,} iterations instead of\n"
        f"  {plain['reached']:,}, {words}."
    )


def section(title: str, name: str, figures: Figures, n_test: int) -> str:
    """The part of the report on one net."""
    runs = figures[name]["runs"]
    return f"""## The {title}

![loss and accuracy of the {title}'s training batches](./{name}_loss_acc.png)

{tables.markdown(experiment.comparison(runs))}

{discussion(runs[0], runs[1], n_test)}

Test set after each epoch:

{tables.markdown(experiment.each_test(runs))}

The net with BatchNorm:

```text
{figures[name]["net"]}
```
"""


def report(figures: Figures) -> str:
    """The whole report as Markdown."""
    n_train, n_test = figures["sizes"]
    data = f"on {figures['note']}" if figures["note"] else "on MNIST"
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    resnet = figures["resnet"]["runs"]
    epochs = [len(figures[name]["runs"][0]["tests"]) for name in COMPARED]
    return f"""# BatchNorm on MNIST

Written by `python3 report.py`: {data}, {n_train:,} images to train on and {n_test:,} to test with,
seed {figures["seed"]}, threads: {figures["threads"]}, {versions}.
Epochs: {epochs[0]} for the MLP and {epochs[1]} for the CNN, in batches of 100. SGD has a momentum of 0.9
and a learning rate that falls from 0.1 to zero along a cosine. Both nets of a pair start from the same weights and see
the same batches. "Iterations to {experiment.GOAL:.0%}" counts to the first one at which the mean training accuracy of
the last 50 batches is there. Training time is by the clock, with whatever else the machine had to do. In the pictures,
thin lines are single batches and thick ones means of 50; the scales of the iteration and of the loss are logarithmic.

{section("MLP", "mlp", figures, n_test)}
{section("CNN", "cnn", figures, n_test)}
## Why

Without BatchNorm, each layer learns on inputs whose mean and spread change whenever the layers before it learn.
BatchNorm gives every channel mean 0 and variance 1 on each batch, and a weight and a bias of its own, which may undo
that. A step on one layer then shifts the inputs of the next less, so large learning rates are safe from the first
iteration on. The price is the work on each value, which a CNN pays at every pixel of every channel. As the statistics
are those of a batch, each image also sees some noise from the others in its batch. Single images have no batch: in
evaluation, running averages take its place, and the output for an image does not depend on the others.

## Bonus: a mini-ResNet

Seven convolutions and a Linear on the main path, BatchNorm after each convolution, training images that are turned,
sheared, scaled and shifted a little. Epochs: {len(resnet[0]["tests"])}.

{tables.markdown(experiment.comparison(resnet))}
"""


def run(args: Namespace) -> int:
    """Train, or read the figures of earlier runs, and write the report."""
    files.expect_folder(args.out)  # better to fail now than after training
    path = args.out / RUNS
    if not args.again:
        files.write_text(path, json.dumps(train_all(args)) + "\n")
    try:
        text = report(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected the figures of earlier runs in {path}, got {error!r}") from None
    files.write_text(args.out / "report.md", text)
    print(f"written: {args.out / 'report.md'}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and write the report."""
    parser = cli.parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("report"), help="the folder of the report")
    parser.add_argument("--again", action="store_true", help="write the text from OUT/runs.json, and train nothing")
    parser.add_argument("--epochs", type=cli.whole_number(1), help="of the MLP and the CNN; left out: their own")
    parser.add_argument("--resnet_epochs", type=cli.whole_number(1), help="of the mini-ResNet; left out: its own")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of weights and order")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files; left out: data/MNIST/raw, data/mnist")
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
