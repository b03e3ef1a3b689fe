"""Pictures of a net: its most confident mistakes, its first filters, and the curves of its training.

python look.py --out pictures                                           model.pt: mistakes.png and filters.png
python pytorch_cnn.py | tee log.txt; python look.py --log log.txt       curves.png as well
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

import argparse
import re
from pathlib import Path

import numpy as np
import torch
from robustness import HERE, load_net, test_images

from smallnets import cli, files, filters, plots, threads, train
from smallnets.data.fashion import NAMES

LOSS = re.compile(r"^\[TRN\] Train epoch: (\d+), batch: (\d+)\tLoss: ([\d.]+)$", re.MULTILINE)
ACCURACY = re.compile(r"^\[VAL\] Validation accuracy: ([\d.]+)%$", re.MULTILINE)
SHOWN = 20


def draw_mistakes(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, path: Path) -> int:
    """Draw the mistakes of which the net was most certain; returns how many there are in all."""
    p = train.predict(net, x.float() / 255).exp()  # the nets return log-probabilities
    certainty, found = p.max(dim=1)
    wrong = torch.nonzero(found != y).ravel()
    shown = wrong[certainty[wrong].argsort(descending=True)][:SHOWN]
    captions = [f"predicted {NAMES[found[k]]}\n{certainty[k]:.2f}, is {NAMES[y[k]]}" for k in shown]
    title = f"the {len(shown)} most confident of {len(wrong)} mistakes on {len(y)} images"
    plots.save(plots.image_grid(x[shown, 0].numpy(), captions, title, columns=5), path)
    return len(wrong)


def read_log(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Loss [N, 3], each with its epoch and batch, and validation accuracy of each epoch, from pytorch_cnn.py's words.

    Raises:
        ValueError: no such words.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    losses = np.array(LOSS.findall(text), dtype=float)
    accuracies = np.array(ACCURACY.findall(text), dtype=float) / 100
    if not len(losses) or not len(accuracies):
        raise ValueError(f"expected the output of pytorch_cnn.py in {path}, got no line of it")
    return losses, accuracies


def draw_curves(losses: np.ndarray, accuracies: np.ndarray, path: Path) -> None:
    """Draw the loss of every hundredth batch and the validation accuracy against the epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    n_batches = losses[:, 1].max() + 100  # the last line of an epoch is of one of its last hundred batches
    left.plot(losses[:, 0] + losses[:, 1] / n_batches, losses[:, 2], linewidth=0.8)
    left.set(xlabel="epoch", ylabel="loss of a training batch")
    right.plot(np.arange(1, len(accuracies) + 1), accuracies, marker=".")
    right.set(xlabel="epoch", ylabel="validation accuracy")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    plots.save(figure, path)


def run(args: argparse.Namespace) -> int:
    """Draw what there is."""
    files.expect_folder(args.out)  # better to fail now than after prediction
    log = None if args.log is None else read_log(args.log)
    net = load_net(args.net)
    x, y = test_images(args.data)
    wrong = draw_mistakes(net, x, y, args.out / "mistakes.png")
    first = dict(list(filters.of_net(net).items())[:1])
    plots.save(filters.picture(first, f"{args.net.name}: what the first layer looks for"), args.out / "filters.png")
    if log is not None:
        draw_curves(*log, args.out / "curves.png")
    print(f"accuracy {1 - wrong / len(y):.4f} on {len(y)} images")
    print(f"written: mistakes.png, filters.png{', curves.png' if log else ''} in {args.out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and draw."""
    parser = cli.parser(__doc__)
    parser.add_argument("--net", type=Path, default=HERE / "model.pt", help="weights of one of the three nets")
    parser.add_argument("--log", type=Path, help="what pytorch_cnn.py printed")
    parser.add_argument("--data", type=Path, help="folder of Fashion-MNIST's IDX files; left out: Debian's package")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="where the pictures go")
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
