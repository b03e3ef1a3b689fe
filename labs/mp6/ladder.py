"""From the handout's net to the record, one technique a rung: what each brings, over seeds.

python labs/mp6/ladder.py --part 2 --seeds 5                   the table, and pictures of it in models/ladder
python labs/mp6/ladder.py --part 2 --rung Convolution --write mine    that rung as mine/neuralnet_p2.py, and its net

The rungs are the classes of rungs_pK.py; the last one is the neuralnet_pK.py in the repository's root. Each gain is
over the rung whose class a rung is derived from, with the p of a paired t-test over seeds and data sets.
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
import functools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from smallnets import cli, files, fitcheck, modelfile, parts, progress, samples, splits, tables, tasks, threads
from smallnets import train as seeds
from smallnets.snapshots import Snapshots
from smallnets.student import imported, student_code

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHIPPED = ROOT / "data/fashion_mnist"
HANDED_IN = "NeuralNet = Handout\n"  # the line of rungs_pK.py that says which rung its fit trains


@dataclass
class Rung:
    """One net of the ladder, and what came of its trainings: scores and seconds of fit, in one order for all rungs."""

    name: str
    below: str | None
    fit: Callable[..., Any]
    module: ModuleType
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    parameters: int = 0
    losses: list[float] = field(default_factory=list)  # of the first training, as is the curve
    curve: dict[int, float] = field(default_factory=dict)


@contextlib.contextmanager
def rungs(part: int) -> Iterator[list[Rung]]:
    """The rungs of rungs_pK.py, from the lowest, while the block runs."""
    with imported(HERE / f"rungs_p{part}.py") as module:
        names = {kind.__name__ for kind in module.RUNGS}
        yield [
            Rung(kind.__name__, below if (below := kind.__base__.__name__) in names else None,
                 functools.partial(module.train, kind), module)
            for kind in module.RUNGS
        ]  # fmt: skip


@contextlib.contextmanager
def top_rung(path: Path, below: str) -> Iterator[Rung]:
    """A neuralnet_pK.py as a rung, while the block runs.

    Raises:
        StudentError: it cannot be imported.
        ValueError: it is not there, or has no fit.
    """
    if not path.is_file():
        raise ValueError(f"expected {path.name} in {path.parent}, got no such file")
    with contextlib.ExitStack() as stack:
        with student_code(path):
            module = stack.enter_context(imported(path))
        if not callable(getattr(module, "fit", None)):
            raise ValueError(f"expected a function fit in {path.name}, got none")
        yield Rung(path.name, below, module.fit, module)


def trained(rung: Rung, part: parts.Part, split: splits.Split, seed: int, n_iter: int) -> None:
    """Train once, and note in the rung what came of it.

    Raises:
        StudentError: fit raised.
        ValueError: it returned something that cannot be scored.
    """
    task, path = tasks.task_of(part), str(rung.module.__file__)
    first = not rung.scores
    snapshots = Snapshots(n_iter if first else 0)
    inputs = task.inputs(split.x.clone(), split.y.clone(), split.dev.x.clone())
    seeds.seed_everything(seed)
    classes, start = progress.step_classes(rung.module), time.perf_counter()
    with progress.watch_steps(classes, n_iter, rung.name, False, after=snapshots), student_code(path):
        result = rung.fit(*inputs, n_iter)
    rung.seconds.append(time.perf_counter() - start)
    losses, predictions, net = fitcheck.unpack(result, task.returns, (n_iter, len(split.dev.y)))
    rung.scores.append(task.score(task.check(predictions, split.dev, []), split.dev)[task.metric])
    if first:
        rung.losses = fitcheck.losses(losses, n_iter, [])
        if not isinstance(net, torch.nn.Module):
            raise ValueError(fitcheck.no_net(net))
        rung.parameters = sum(p.numel() for p in net.parameters())
        rung.curve = snapshots.curve(lambda copied: tasks.score(task, copied, split.dev), path)


def table(found: list[Rung], part: parts.Part) -> list[list[str]]:
    """A head and a line for each rung; a gain is positive where a rung is better than the one below."""
    task, digits = tasks.task_of(part), 4 if part.n_classes else 5
    better = 1 if task.bound == "at least" else -1
    by_name, rows = {rung.name: rung for rung in found}, []
    for rung in found:
        mean, std = (samples.summary(rung.scores)[key] for key in ("mean", "std"))
        gain, p = "", ""
        if rung.below is not None:
            below = by_name[rung.below].scores
            gain = f"{better * (mean - statistics.fmean(below)):+.{digits}f}"
            p = f"{samples.p_value(below, rung.scores):.1g}" if len(below) > 1 else ""
        seconds = f"{statistics.median(rung.seconds):.2f}"
        scores = [f"{mean:.{digits}f}", f"{std:.{digits}f}", gain, p]
        rows.append([rung.name, *scores, rung.below or "", seconds, f"{rung.parameters:,}"])
    return [["rung", task.label, "std", "gain", "p", "over", "seconds", "parameters"], *rows]


def measure(args: argparse.Namespace) -> None:
    """Train all rungs in turns, print the table, draw."""
    import ladder_pictures  # matplotlib takes longer to import than part 1 takes to train

    from smallnets import plots

    part, n_iter = parts.PARTS[args.part], parts.PARTS[args.part].rounds * args.max_iter
    data = [splits.load(folder.name, folder, args.part) for folder in args.dataset]
    with rungs(args.part) as classes, top_rung(ROOT / f"{part.module}.py", classes[-1].name) as top:
        found = [*classes, top]
        for split in data:
            for seed in range(args.seeds):
                for rung in found:
                    trained(rung, part, split, seed, n_iter)
                if sys.stderr.isatty():
                    cli.say(f"{split.name}: {seed + 1} of {args.seeds} seeds")
        seeds_of = f"{args.seeds} seed{'s' * (args.seeds > 1)} on {', '.join(split.name for split in data)}"
        print(f"part {args.part}: {seeds_of}, n = {len(found[0].scores)}; {n_iter} iterations")
        print(tables.aligned(table(found, part)))
        label, scale = tasks.task_of(part).label, "linear" if part.n_classes else "log"
        pictures = {"scores": ladder_pictures.scores(found, label, scale, part.threshold)}
        pictures["curves"] = ladder_pictures.curves(found, label, scale)
    for name, figure in pictures.items():
        path = args.plots / f"part{args.part}_{name}.png"
        plots.save(figure, path)
        print(f"written: {path}")


def write(args: argparse.Namespace) -> None:
    """Write one rung as a student hands it in: neuralnet_pK.py, and net_pK.model trained from seed 0.

    Raises:
        ValueError: there is no rung of this name.
    """
    part, split = parts.PARTS[args.part], splits.load("", args.dataset[0], args.part)
    inputs = (*tasks.task_of(part).inputs(split.x, split.y, split.dev.x), part.rounds * args.max_iter)
    with rungs(args.part) as found:
        own = {rung.name: rung for rung in found}
        if args.rung not in own:
            raise ValueError(f"expected a rung of part {args.part}, one of {', '.join(own)}; got {args.rung}")
        source = (HERE / f"rungs_p{args.part}.py").read_text(encoding="utf-8")
        seeds.seed_everything(0)
        net: torch.nn.Module = own[args.rung].fit(*inputs)[2]
    code = args.write / f"{part.module}.py"
    files.write_text(code, source.replace(HANDED_IN, HANDED_IN.replace("Handout", args.rung)))
    modelfile.save(args.write / part.model, net, {"part": args.part, "rung": args.rung, "seed": 0})
    for path in (code, args.write / part.model):
        print(f"written: {path}")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line.

    Raises:
        ValueError: options that do not go together.
    """
    parser = cli.parser(__doc__)
    parser.add_argument("--part", type=int, choices=list(parts.PARTS), required=True, help="which ladder")
    parser.add_argument("--seeds", type=cli.whole_number(1), default=5, help="how many, from seed 0 on")
    words = "iterations; twice in parts 2 and 3"
    parser.add_argument("--max_iter", type=cli.whole_number(1), default=parts.MAX_ITER, help=words)
    text = "folders with .npy splits, such as prepare.py --seed N --out DIR writes"
    parser.add_argument("--dataset", type=Path, nargs="+", default=[SHIPPED], metavar="DIR", help=text)
    parser.add_argument("--plots", type=Path, default=ROOT / "models/ladder", help="draw pictures into this folder")
    parser.add_argument("--rung", help="the one to write, by the name that the table gives it")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write that rung as it would be handed in")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    if (args.rung is None) != (args.write is None):
        raise ValueError("expected --rung and --write together, got one of them")
    return args


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Measure the ladder, or write one rung."""
    args = parse(argv)
    files.expect_folder(args.plots if args.write is None else args.write)
    try:
        with threads.limited(args.threads):
            (measure if args.write is None else write)(args)
    except cli.StudentError as error:  # of the root's neuralnet_pK.py, which may be the user's
        return cli.complain(error)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
