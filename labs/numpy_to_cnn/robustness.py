"""The accuracy of nets on changed images: 18 kinds of change, five strengths each.

python robustness.py                      the shipped nets: model.pt, and those in comparison/
python robustness.py model.pt my_cnn.pt   any state_dicts of MyNet, SimpleCNN or FCNet, told apart by their shapes

Kinds and strengths are those of corruptions.py; the five marked * are held out from training.
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
import contextlib
import time
from pathlib import Path

import numpy as np
import torch
from corruptions import CORRUPTIONS, HELD_OUT
from pytorch_cnn import MODELS, SHIPPED, classify
from torch import nn

from smallnets import cli, files, modelfile, netfile, tables, threads
from smallnets.data import fashion

HERE = Path(__file__).parent


@torch.no_grad()
def evaluate(model: nn.Module, x: torch.Tensor, y: torch.Tensor, seed: int = 0) -> dict[str, list[float]]:
    """{kind: accuracies at its five strengths} on x uint8 [N, 1, 28, 28]; every model meets the same images.

    "clean" has one accuracy, that on x itself.
    """
    found = {"clean": [_accuracy(model, x, y)]}
    for k, (kind, (corrupt, strengths)) in enumerate(CORRUPTIONS.items()):
        found[kind] = []
        for level, strength in enumerate(strengths):
            generator = torch.Generator().manual_seed(seed + 100 * k + level)
            changed = [corrupt(batch.float() / 255, strength, generator) for batch in x.split(1000)]
            found[kind].append(_accuracy(model, torch.cat(changed), y))
    return found


def _accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    return (classify(model, x) == y).float().mean().item()


def summary(found: dict[str, dict[str, list[float]]]) -> list[list[str]]:
    """A row for each kind with the mean over its strengths for each net, then the means over kinds."""
    groups = {kind + (" *" if kind in HELD_OUT else ""): [kind] for kind in ("clean", *CORRUPTIONS)}
    groups |= {"mean of all kinds": list(CORRUPTIONS), "mean of held out *": list(HELD_OUT)}
    rows = [["", *found]]
    for title, kinds in groups.items():
        rows.append(
            [title, *(f"{np.mean([np.mean(scores[kind]) for kind in kinds]):.4f}" for scores in found.values())]
        )
    return rows


def draw(found: dict[str, dict[str, list[float]]], path: Path) -> None:
    """A panel for each kind, accuracy against strength, a line for each net."""
    from matplotlib.figure import Figure

    from smallnets import plots

    figure = Figure(figsize=(15, 8), layout="constrained")
    for axes, (kind, (_, strengths)) in zip(figure.subplots(3, 6, sharey=True).flat, CORRUPTIONS.items(), strict=True):
        for name, scores in found.items():
            axes.plot(range(6), scores["clean"] + scores[kind], marker=".", label=name)
        axes.set(title=kind + (" *" if kind in HELD_OUT else ""), ylim=(0, 1))
        axes.set_xticks(range(6), ["0", *map(str, strengths)], fontsize=7)
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(found))
    figure.suptitle("accuracy against strength of the change, on the left unchanged (* held out of training)")
    plots.save(figure, path)


def load_net(path: Path) -> nn.Module:
    """The net of a state_dict, of the class whose names and shapes it has.

    Raises:
        ValueError: not a file of weights, or of none of the three classes.
    """
    content = modelfile.read_weights(path)
    for net_class in MODELS.values():
        with contextlib.suppress(ValueError):
            return netfile.restored(content, net_class, path)
    raise ValueError(f"expected {path} to be a state_dict of {', '.join(MODELS)}, got other names or shapes")


def test_images(data: Path | None) -> tuple[torch.Tensor, torch.Tensor]:
    """The 10,000 test images uint8 [N, 1, 28, 28] and labels; without them the shipped validation images, and a note.

    Args:
        data: folder with Fashion-MNIST's IDX files; left out: Debian's package.
    """
    if data is None and not fashion.DEBIAN.is_dir():
        with np.load(SHIPPED) as shipped:
            x, y = shipped["x_val"], shipped["y_val"]
        print(f"no Fashion-MNIST test images here (--data DIR): tested on {len(x)} shipped validation images instead")
    else:
        x, y = fashion.read_split("t10k", data)
    return torch.from_numpy(x.copy())[:, None], torch.from_numpy(y.astype(np.int64))


def run(args: argparse.Namespace) -> int:
    """Evaluate every net, print the table, draw."""
    if args.plots is not None:
        files.expect_folder(args.plots)  # better to fail now than after minutes
    nets = {path.stem: load_net(path) for path in args.nets}
    if len(nets) < len(args.nets):
        raise ValueError(f"expected nets of different names, got {', '.join(map(str, args.nets))}")
    x, y = test_images(args.data)
    x, y = x[: args.images], y[: args.images]
    found = {}
    for name, net in nets.items():
        start = time.perf_counter()
        found[name] = evaluate(net, x, y, args.seed)
        print(f"{name}: {len(x)} images, {time.perf_counter() - start:.0f} s", flush=True)
    if args.plots is not None:
        draw(found, args.plots / "robustness.png")
    print(tables.aligned(summary(found)))
    if args.plots is not None:
        print(f"written: {args.plots / 'robustness.png'}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and evaluate."""
    shipped = [HERE / "model.pt", *sorted((HERE / "comparison").glob("*.pt"))]
    parser = cli.parser(__doc__)
    parser.add_argument("nets", type=Path, nargs="*", default=shipped, help="files of weights; left out: the shipped")
    parser.add_argument("--images", type=cli.whole_number(1), help="only the first so many of the test images")
    parser.add_argument("--data", type=Path, help="folder of Fashion-MNIST's IDX files; left out: Debian's package")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of what is random in a change")
    parser.add_argument("--plots", type=Path, help="draw accuracy against strength into this folder")
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
