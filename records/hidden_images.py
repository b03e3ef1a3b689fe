"""How much the changes of hidden images cost right solutions of MP6, and how much lookups in the public set win.

python -m records.hidden_images                                 all parts, two seeds and three secrets: ten minutes
python -m records.hidden_images --parts 1 --seeds 1 --secrets 1

For each secret, 1500 of Fashion-MNIST's test images a part are predicted as they are and as the new images that
`python -m autograder hidden` makes of them. Solutions learn from the shipped images.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import numpy as np
import torch
from numpy.typing import NDArray

import mp6
from autograder import registry
from records import lookups, trial
from records.timing import ROOT
from smallnets import cli, metrics, splits, tables, threads
from smallnets.data import course, datasets, fashion
from smallnets.data.draws import secret_seed
from smallnets.student import imported
from smallnets.tasks import Dev

SOLUTIONS = ROOT / "tests/solutions"
OTHERS = {1: "of_2020/class_of_another_name", 2: "of_2020/no_set_parameters", 3: "of_2020/code_of_3136"}
Set = tuple[NDArray[np.uint8], NDArray[np.int64]]


def sets(secret: bytes, part: int, folder: Path) -> tuple[Set, Set]:
    """A part's images [N, 784] and labels [N], drawn with a secret: as they are, and as new images."""
    images, labels = fashion.read_split("t10k")
    number = min(part, 2)  # part 3 has part 2's
    names = [f"{axis}_test_part{number}.npy" for axis in "Xy"]
    course.write_splits(images, labels, {"test": course.TEST}, secret_seed(secret, course.HIDDEN), folder)
    plain = [datasets.read_npy(folder / name) for name in names]
    course.write_hidden(images, labels, secret, folder)
    x, y = (datasets.read_npy(folder / name) for name in names)
    return (plain[0], plain[1]), (x, y)


def solutions(part: int) -> Iterator[Path]:
    """Our solution's file and those of others."""
    name = f"{mp6.PARTS[part].module}.py"
    yield ROOT / name
    yield from (SOLUTIONS / style / name for style in ("terse", "pickled", "by_hand", OTHERS[part]))


def trained(path: Path, part: int, drawn: list[Set], seed: int, max_iter: int) -> list[float]:
    """The score on each set of one training of a solution."""
    split = splits.load("shipped", ROOT / "data/fashion_mnist", part)
    x = torch.from_numpy(np.concatenate([x for x, _ in drawn])).float() / mp6.PARTS[part].divisor
    dev = Dev(x, np.concatenate([y for _, y in drawn]), split.dev.names)
    with imported(path) as module:
        run = trial.run(module, part, split._replace(dev=dev), seed, max_iter)
    ends = np.cumsum([len(y) for _, y in drawn])
    task, found = mp6.PARTS[part].task, []
    for (_, y), end in zip(drawn, ends, strict=True):
        rows = slice(end - len(y), end)
        found.append(task.score(run.predictions[rows], Dev(x[rows], y, split.dev.names))[task.metric])
    return found


def looked_up(part: int, one: Set, most: int) -> dict[str, float]:
    """The score of each lookup on a set; `most` bytes of a model file."""
    public, (x, y) = lookups.known(part, *fashion.read_split("t10k")), one
    rows = lookups.nearest(public, x, most)
    if part == 3:
        return {"nearest image, in the model file": metrics.mse(x / 255, public.x[rows] / 255)}
    found = {
        "exact lookup": lookups.exact(public, x),
        f"nearest by {lookups.N_SIGNS} signs, in source": public.y[lookups.nearest_by_signs(public, x)],
        "nearest image, in the model file": public.y[rows],
    }
    return {name: float(np.mean(labels == y)) for name, labels in found.items()}


def line(part: int, name: str, pairs: list[tuple[float, float]]) -> list[str]:
    """A row of the table: the mean as they are, as new images, the difference and its range."""
    plain, new = (np.array(values) for values in zip(*pairs, strict=True))
    differences = new - plain
    found = [f"{plain.mean():.4f}", f"{new.mean():.4f}", f"{differences.mean():+.4f}"]
    return [str(part), name, *found, f"{differences.min():+.4f} to {differences.max():+.4f}", str(len(pairs))]


def measured(args: argparse.Namespace) -> Iterator[list[str]]:
    """The rows of the table."""
    most = {hand_in.name: hand_in.most_bytes for hand_in in registry.load("mp6").hand_in}
    for part in args.parts:
        drawn: list[Set] = []
        with tempfile.TemporaryDirectory() as folder:
            for k in range(args.secrets):
                drawn += sets(bytes([k]) * 16, part, Path(folder))
        for path in solutions(part):
            scores = [trained(path, part, drawn, seed, args.max_iter) for seed in range(args.seeds)]
            name = "ours" if path.parent == ROOT else path.parent.name
            yield line(part, name, [pair for row in scores for pair in zip(row[::2], row[1::2], strict=True)])
        found = [looked_up(part, one, most[mp6.PARTS[part].model]) for one in drawn]
        for name in found[0]:
            values = [row[name] for row in found]
            yield line(part, name, list(zip(values[::2], values[1::2], strict=True)))


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print a table in Markdown's form."""
    parser, number = cli.parser(__doc__), cli.whole_number(1)
    parser.add_argument("--parts", type=int, nargs="+", choices=[1, 2, 3], default=[1, 2, 3], help="which parts")
    parser.add_argument("--seeds", type=number, default=2, help="trainings of each solution, from seed 0 on")
    parser.add_argument("--secrets", type=number, default=3, help="draws of hidden images")
    parser.add_argument("--max_iter", type=number, default=50, help="iterations; twice in parts 2 and 3")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    with threads.limited(args.threads):
        heads = ["part", "solution", "as they are", "new", "difference", "least to greatest", "n"]
        print(tables.markdown([heads, *measured(args)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
