"""Right and wrong answers of the best net, with the figures of the handout's section 1.8.

python failures.py --out failures      ten right and ten wrong drawings of the development set; the right ones with
                                       noise and upside down, classified again; confusions; answers.json
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
import json
from pathlib import Path
from typing import Any

import main_bestmodel
import main_convnet
import main_densenet
import numpy as np
import torch
from numpy.typing import NDArray
from utils import session

from smallnets import cli, files, metrics, plots, tables, threads, train
from smallnets.data import quickdraw

PROGRAMS = {"densenet": main_densenet.program, "convnet": main_convnet.program, "bestmodel": main_bestmodel.program}
SHOWN = 10
CHANGED = {"noisy": "with noise", "flipped": "upside down"}
Images = NDArray[np.float32]


def probabilities(net: torch.nn.Module, images: NDArray) -> Images:
    """Softmax of the net's logits for images [N, 28, 28]: [N, n_classes]."""
    return train.predict(net, torch.from_numpy(images.astype(np.float32))).softmax(dim=1).numpy()


def noisy(images: NDArray, rng: np.random.Generator) -> Images:
    """Images with Gaussian noise of a tenth of their range (handout 1.8.5)."""
    return (images + rng.normal(0, np.ptp(images) / 10, images.shape)).astype(np.float32)


def gallery(images: NDArray, p: Images, y: NDArray, names: list[str], title: str, path: Path) -> None:
    """Draw images over their prediction, its probability, and the truth where it differs."""
    captions = []
    for row, truth in zip(p, y, strict=True):
        found = int(row.argmax())
        words = f"predicted {names[found]}\n{row[found]:.2f}"
        captions.append(words if found == truth else f"{words}, is {names[truth]}")
    plots.save(plots.image_grid(np.clip(images, 0, 255), captions, title, columns=5), path)


def again(images: NDArray, p: Images, y: NDArray, names: list[str]) -> dict[str, Any]:
    """How many images that were right still are, and the answer to each."""
    found = p.argmax(axis=1)
    rows = [
        {"true": names[t], "predicted": names[k], "probability": round(float(row[k]), 4)}
        for t, k, row in zip(y, found, p, strict=True)
    ]
    return {"still_right": int((found == y).sum()), "of": len(y), "all_right": bool((found == y).all()), "images": rows}


def flattened(images: NDArray, names: list[str], path: Path) -> None:
    """Plot the first five images as vectors (handout 1.3.2)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for k, image in enumerate(images[:5]):
        axes.plot(image.ravel(), linewidth=0.7, label=f"image {k + 1}: {names[k]}")
    axes.set(xlabel="pixel of the flattened image", ylabel="ink", title="the first five training images as vectors")
    axes.legend()
    plots.save(figure, path)


def look_at_dev(net: torch.nn.Module, x: NDArray, y: NDArray, names: list[str], args: argparse.Namespace) -> dict:
    """Draw right, wrong, changed and most confident images and the confusions; returns the answers of 1.8."""
    rng = np.random.default_rng(args.seed)
    p = probabilities(net, x)
    found = p.argmax(axis=1)
    wrong = np.flatnonzero(found != y)
    rows = {"right": np.flatnonzero(found == y), "wrong": wrong}
    rows = {
        name: rng.choice(candidates, min(SHOWN, len(candidates)), replace=False) for name, candidates in rows.items()
    }
    rows["confident"] = wrong[np.argsort(-p[wrong].max(axis=1), kind="stable")][: 2 * SHOWN]
    titles = {"right": "ten right answers", "wrong": "ten wrong answers", "confident": "the most confident mistakes"}
    for name, chosen in rows.items():
        gallery(x[chosen], p[chosen], y[chosen], names, titles[name], args.out / f"{name}.png")
    right, truth = x[rows["right"]], y[rows["right"]]
    outcome = {}
    for name, images in {"noisy": noisy(right, rng), "flipped": right[:, ::-1]}.items():
        changed = probabilities(net, images)
        gallery(
            images, changed, truth, names, f"the ten that were right, now {CHANGED[name]}", args.out / f"{name}.png"
        )
        outcome[name] = again(images, changed, truth, names)
    whole = {"noisy": noisy(x, rng), "flipped": x[:, ::-1]}
    shares = {name: float(np.mean(probabilities(net, images).argmax(axis=1) == y)) for name, images in whole.items()}
    confusion = metrics.confusion_matrix(y, found, len(names))
    accuracy = metrics.accuracy(confusion)
    figure = plots.confusion_matrix(confusion, names, f"{args.model}: development set, accuracy {accuracy:.4f}")
    plots.save(figure, args.out / "confusion.png")
    print(tables.per_class(confusion, names), tables.confusion(confusion, names), sep="\n\n")
    return {
        "1.5.8b": round(100 * np.bincount(y, minlength=len(names)).max() / len(y)), "dev accuracy": accuracy,
        "1.8.7": outcome["noisy"], "1.8.10": outcome["flipped"], "whole development set": shares,
    }  # fmt: skip


def look_at_train(x: NDArray, y: NDArray, names: list[str], out: Path) -> dict:
    """Draw the first image of each class and the first vectors; returns the answers of 1.3.2 and 1.5."""
    first = [int(np.flatnonzero(y == k)[0]) for k in range(len(names)) if (y == k).any()]
    figure = plots.image_grid(x[first], [names[k] for k in y[first]], "the first training image of each class", 5)
    plots.save(figure, out / "first.png")
    flattened(x, [names[k] for k in y[:5]], out / "flattened.png")
    dense = dict(main_densenet.TwoLayerDenseNet().named_parameters())
    return {
        "1.3.2": {"images": list(x.shape), "flattened": [len(x), 784], "first of each class": first},
        "1.5.8a": round(100 / len(names)),
        "1.5.9a": sum(value.numel() for name, value in dense.items() if name.endswith("weight")),
        "1.5.9b": sum(value.numel() for name, value in dense.items() if name.endswith("bias")),
    }


def run(args: argparse.Namespace) -> int:
    """Classify, draw and write the answers."""
    files.expect_folder(args.out)
    program = PROGRAMS[args.model]()
    folder = session.find_data(args.dataDir)
    weights = args.weights or str(session.shipped(Path(f"model_files/{args.model}.pt"), folder))
    net = session.load_net(program, weights)
    session.compare_classes(weights, folder)
    train_set, dev_set = (session.load_split(folder, split, program.n_classes) for split in ("train", "dev"))
    names = quickdraw.class_names(folder, program.n_classes)
    answers: dict[str, Any] = {"data": {"folder": str(folder), "note": quickdraw.note(folder), "classes": names}}
    answers |= look_at_train(*train_set, names, args.out) | look_at_dev(net, *dev_set, names, args)
    files.write_text(args.out / "answers.json", json.dumps(answers, indent=1) + "\n")
    accuracy, shares = answers["dev accuracy"], answers["whole development set"]
    print(f"\naccuracy {accuracy:.4f}, with noise {shares['noisy']:.4f}, upside down {shares['flipped']:.4f}")
    for name, key in (("noisy", "1.8.7"), ("flipped", "1.8.10")):
        print(f"{name}: {answers[key]['still_right']} of {answers[key]['of']} are still right")
    print(f"written: answers.json and eight pictures in {args.out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and look."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", choices=PROGRAMS, default="bestmodel")
    parser.add_argument("--weights", help="a .pt file; left out: the model's in model_files that knows these drawings")
    parser.add_argument("--dataDir", default="datasets", help="folder of the fruit_*.npy files")
    parser.add_argument("--out", type=Path, default=Path("failures"), help="where pictures and answers go")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="chooses the drawings and the noise")
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
