"""How often nets stay right when images change: 18 kinds of change, five strengths each.

python robustness.py                      the shipped nets: model.pt, and those in comparison/
python robustness.py model.pt my_cnn.pt   any state_dicts of MyNet, SimpleCNN or FCNet, told apart by their shapes

The table of kinds and strengths was fixed before anything was trained on it. Thirteen kinds also occur in
training (augment.py, with random strengths); five, marked *, are held out, as tomorrow's photographs are.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import augment
import numpy as np
import torch
from augment import signs
from pytorch_cnn import MODELS, SHIPPED, classify
from torch import nn

from smallnets import cli, fashion, modelfile, tables

HERE = Path(__file__).parent
Corruption = Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]


def motion_blur(x: torch.Tensor, length: float, generator: torch.Generator) -> torch.Tensor:
    """The mean along a line of `length` pixels, in a direction drawn for each image."""
    angle = math.pi * torch.rand(len(x), generator=generator)
    places = torch.linspace(-0.5, 0.5, 4 * round(length) - 3) * (length - 1)
    moved = [augment.affine(x, place * torch.cos(angle), place * torch.sin(angle)) for place in places]
    return torch.stack(moved).mean(dim=0)


def salt_and_pepper(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """A share of the pixels turned black or white."""
    draw = torch.rand(x.shape, generator=generator)
    return torch.where(draw < share / 2, 0.0, torch.where(draw > 1 - share / 2, 1.0, x))


def shading(x: torch.Tensor, depth: float, generator: torch.Generator) -> torch.Tensor:
    """Light that falls off in a straight line, in a direction drawn for each image, to 1 - depth in a corner."""
    angle = 2 * math.pi * torch.rand(len(x), 1, 1, 1, generator=generator)
    cos, sin = torch.cos(angle), torch.sin(angle)
    place = torch.linspace(-1, 1, 28)
    slope = (place * cos + place[:, None] * sin) / (cos.abs() + sin.abs())
    return x * (1 - depth * (slope + 1) / 2)


def perspective(x: torch.Tensor, reach: float, generator: torch.Generator) -> torch.Tensor:
    """Each corner moved by up to `reach` of the image's side, and the rest as seen in perspective."""
    corners = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]).expand(len(x), 4, 2)
    targets = corners + 2 * reach * (2 * torch.rand(corners.shape, generator=generator) - 1)
    # the homography [a b c; d e f; g h 1] that sends the corners to their targets, from its eight linear equations
    one, zero = torch.ones(len(x), 4, 1), torch.zeros(len(x), 4, 3)
    rows = [torch.cat([corners, one], dim=2), zero]
    sides = [torch.cat([*order, -corners * targets[..., k, None]], dim=2) for k, order in enumerate((rows, rows[::-1]))]
    solution = torch.linalg.solve(torch.cat(sides, dim=1), torch.cat([targets[..., 0], targets[..., 1]], dim=1))
    homography = torch.cat([solution, one[:, 0]], dim=1).reshape(-1, 1, 3, 3)
    points = torch.cat([augment.centres(), torch.ones(28, 28, 1)], dim=2) @ homography.mT
    return augment.warp(x, points[..., :2] / points[..., 2:])


def elastic(x: torch.Tensor, reach: float, generator: torch.Generator) -> torch.Tensor:
    """Every point moved by about `reach` pixels, neighbours alike (Simard et al., 2003), smoothed over 3 pixels."""
    moves = augment.blur(torch.randn(2 * len(x), 1, 28, 28, generator=generator), 3.0)
    moves = moves / moves.std(dim=(2, 3), keepdim=True) * reach / 14
    return augment.warp(x, augment.centres() + moves.reshape(len(x), 2, 28, 28).permute(0, 2, 3, 1))


# kind: the change, its five strengths (what they are: the function's own docstring); either sign is as likely
CORRUPTIONS: dict[str, tuple[Corruption, tuple[float, ...]]] = {
    "brightness": (lambda x, s, g: augment.brightness(x, s * signs(len(x), g)), (0.08, 0.16, 0.24, 0.32, 0.4)),
    "contrast": (lambda x, s, g: augment.contrast(x, s), (0.75, 0.5, 0.35, 0.2, 0.1)),
    "gamma": (lambda x, s, g: augment.gamma(x, s ** signs(len(x), g)), (1.5, 2, 2.5, 3, 4)),
    "inversion": (lambda x, s, g: augment.inversion(x, s), (1, 0.8, 0.6, 0.4, 0.2)),
    "blur": (lambda x, s, g: augment.blur(x, s), (0.4, 0.7, 1, 1.3, 1.6)),
    "noise": (augment.noise, (0.05, 0.1, 0.15, 0.2, 0.3)),
    "quantisation": (lambda x, s, g: augment.quantisation(x, s), (50, 30, 20, 12, 6)),
    "shift": (lambda x, s, g: augment.affine(x, s * signs(len(x), g), s * signs(len(x), g)), (1, 2, 3, 4, 5)),
    "scale": (lambda x, s, g: augment.affine(x, scale=s), (0.9, 0.8, 0.7, 0.6, 0.5)),
    "rotation": (lambda x, s, g: augment.affine(x, degrees=s * signs(len(x), g)), (5, 10, 20, 30, 40)),
    "shear": (lambda x, s, g: augment.affine(x, shear=s * signs(len(x), g)), (0.1, 0.2, 0.3, 0.4, 0.5)),
    "background": (augment.background, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "occlusion": (augment.occlusion, (4, 6, 8, 10, 12)),
    "motion blur": (motion_blur, (2, 3, 4, 6, 8)),
    "salt and pepper": (salt_and_pepper, (0.02, 0.05, 0.1, 0.15, 0.2)),
    "shading": (shading, (0.2, 0.4, 0.6, 0.8, 0.95)),
    "perspective": (perspective, (0.05, 0.1, 0.15, 0.2, 0.25)),
    "elastic": (elastic, (0.5, 1, 1.5, 2, 2.5)),
}
HELD_OUT = ("motion blur", "salt and pepper", "shading", "perspective", "elastic")


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
    state = modelfile.read_weights(path)
    for net_class in MODELS.values():
        net = net_class()
        expected = net.state_dict()
        if isinstance(state, dict) and {k: getattr(v, "shape", None) for k, v in state.items()} == {
            k: v.shape for k, v in expected.items()
        }:
            net.load_state_dict(state)
            return net
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
    nets = {path.stem: load_net(path) for path in args.nets}
    if len(nets) < len(args.nets):
        raise ValueError(f"expected nets of different names, got {', '.join(map(str, args.nets))}")
    x, y = test_images(args.data)
    x, y = x[: args.images], y[: args.images]
    if args.plots is not None:
        args.plots.mkdir(parents=True, exist_ok=True)  # better to fail now than after minutes
    found = {}
    for name, net in nets.items():
        start = time.perf_counter()
        found[name] = evaluate(net, x, y, args.seed)
        print(f"{name}: {len(x)} images, {time.perf_counter() - start:.0f} s", flush=True)
    print(tables.aligned(summary(found)))
    if args.plots is not None:
        draw(found, args.plots / "robustness.png")
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
    return cli.exit_codes(run)(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
