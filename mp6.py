"""Train and score the three parts of MP6 on 28x28 images.

python mp6.py --part 2 --max_iter 50                  train part 2 for 2 * 50 iterations, score, save
python mp6.py --load models/reference/net_p2.model    score a saved net without training
"""

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import argparse
import importlib.util
import inspect
import json
import math
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from smallnets import cli, files, fitcheck, metrics, modelfile, netfile, parts, progress, tasks, threads, train
from smallnets.data import reader
from smallnets.snapshots import Snapshots
from smallnets.student import StudentError, student_code
from smallnets.tasks import Dev, Task, encode

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part(parts.Part):
    """What the handout fixes for a part, and what its fit is asked for."""

    task: Task


PARTS = {k: Part(**vars(part), task=tasks.task_of(part)) for k, part in parts.PARTS.items()}


@dataclass
class Run:
    """One part, trained or loaded, with its scores on the development set."""

    part: int
    net: Any
    predictions: NDArray
    losses: list[float]
    seconds: dict[str, float]
    scores: dict[str, Any] = field(default_factory=dict)
    num_parameters: int = 0
    bottleneck: int | None = None
    notes: list[str] = field(default_factory=list)  # what is not as it should be, a line each
    snapshots: Snapshots = field(default_factory=lambda: Snapshots(0))  # of the training, where pictures are asked for

    def reaches(self, bound: float) -> bool:
        """Whether the accuracy is at least, or the MSE at most, `bound`."""
        task = PARTS[self.part].task
        score = self.scores[task.metric]
        return score >= bound if task.bound == "at least" else score <= bound

    @property
    def passed(self) -> bool | None:
        """Whether the handout's threshold is reached; None where it names none."""
        threshold = PARTS[self.part].threshold
        return None if threshold is None else self.reaches(threshold)


def compute_accuracies(
    predicted_labels: ArrayLike, dev_set: object, dev_labels: ArrayLike, N_class: int
) -> tuple[float, list[float], list[float], list[float]]:
    """Score predictions with the signature of the course's driver (dev_set has no part in it).

    Args:
        predicted_labels: [M] integers in 0..N_class-1.
        dev_labels: [M] the truth, likewise.

    Returns:
        (accuracy, f1, precision, recall), the last three a float per class; 0 for an empty class.
    """
    confusion = metrics.confusion_matrix(dev_labels, predicted_labels, N_class)
    f1, precision, recall = (f(confusion).tolist() for f in (metrics.f1, metrics.precision, metrics.recall))
    return metrics.accuracy(confusion), f1, precision, recall


def import_part(name: str) -> ModuleType:
    """Import neuralnet_pK.

    Raises:
        ValueError: there is no such file, or it has no fit.
        StudentError: importing it fails.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError(f"expected {name}.py beside mp6.py, got no such file")
    with student_code(spec.origin):
        module = importlib.import_module(name)
    if not callable(getattr(module, "fit", None)):
        raise ValueError(f"expected a function fit in {name}.py, got none")
    return module


def train_part(
    part: int, module: ModuleType, x: torch.Tensor, y: torch.Tensor, dev: Dev, args: argparse.Namespace
) -> Run:
    """Call the part's fit and check what it returns.

    Raises:
        ValueError: fit returned something that cannot be scored.
        StudentError: it raised.
    """
    spec, n_iter, own_file = PARTS[part], PARTS[part].rounds * args.max_iter, str(module.__file__)
    # a fit that changes its inputs in place must not change what it is scored against
    inputs = spec.task.inputs(x, y, dev.x.clone())
    train.seed_everything(args.seed)
    show, snapshots = False if args.quiet else None, Snapshots(n_iter if args.plots else 0)
    start = time.perf_counter()
    # at once, as this loop may be an endless one
    beyond = f"note: part {part}: {n_iter} batches are trained, and fit goes on; an iteration is a batch, not an epoch"
    with (
        progress.watch_steps(progress.step_classes(module), n_iter, f"part {part}", show, beyond, snapshots) as steps,
        student_code(own_file),
    ):
        result = module.fit(*inputs, n_iter)
    end = time.perf_counter()
    losses, predictions, net = fitcheck.unpack(result, spec.task.returns, (n_iter, len(dev.y)))
    notes: list[str] = []
    seconds = {"training": (steps.last_end or end) - start, "prediction": end - (steps.last_end or end)}
    predictions = spec.task.check(predictions, dev, notes)
    run = Run(part, net, predictions, fitcheck.losses(losses, n_iter, notes), seconds, notes=notes, snapshots=snapshots)
    if steps.count > n_iter and len(run.losses) <= n_iter:  # else the number of losses has said it
        notes.append(f"fit trained {steps.count} batches in {n_iter} iterations, so these figures are not comparable")
    if not isinstance(net, torch.nn.Module):
        notes.append(f"{fitcheck.no_net(net)}; it is not saved")
    return run


def load_part(part: int, module: ModuleType, path: Path, dev: Dev) -> Run:
    """Build the part's net from a model file and let it predict.

    Raises:
        StudentError: the student's code raises.
        ValueError: not a model file, or weights of another net than neuralnet_pK's.
    """
    content = modelfile.read_weights(path)
    init = content.get("init") if isinstance(content, dict) else None

    def build() -> torch.nn.Module:
        if not isinstance(init, dict):
            with student_code(str(module.__file__)):
                return train.untrained(module.fit, PARTS[part].n_classes, PARTS[part].divisor)
        try:
            # some nets do without a loss_fn of their own
            takes_loss = "loss_fn" in inspect.signature(module.NeuralNet).parameters
            return module.NeuralNet(**init, **({"loss_fn": None} if takes_loss else {}))
        except Exception as error:  # a constructor that is not ours can raise anything
            net, reason = f"{module.__name__}.NeuralNet", f"{type(error).__name__}: {error}"
            raise ValueError(f"expected {path} to hold a {net}, got another net ({reason})") from None

    net = netfile.restored(content, build, path)
    task = PARTS[part].task
    start = time.perf_counter()
    with student_code(str(module.__file__)):
        output = train.predict(net, dev.x)
    if not torch.isfinite(output).all():
        raise ValueError(f"expected the net in {path} to give finite outputs, got nan or inf")
    notes: list[str] = []
    predictions = task.check(task.decide(output), dev, notes)
    return Run(part, net, predictions, [], {"prediction": time.perf_counter() - start}, notes=notes)


def held_parameters(net: Any) -> int:
    """How many numbers a net's parameters are; 0 of what is no net."""
    return sum(parameter.numel() for parameter in net.parameters()) if isinstance(net, torch.nn.Module) else 0


def measure(run: Run, module: ModuleType, dev: Dev) -> None:
    """Set scores, num_parameters and bottleneck of a run; what can't be counted is said, and costs no score."""
    spec = PARTS[run.part]
    run.scores = spec.task.score(run.predictions, dev)
    try:
        with student_code(str(module.__file__)):
            if hasattr(run.net, "get_parameters") and not isinstance(run.net, type):
                run.num_parameters = sum(int(np.prod(np.shape(parameter))) for parameter in run.net.get_parameters())
            else:
                run.num_parameters = held_parameters(run.net)
    except StudentError as error:
        run.num_parameters = held_parameters(run.net)
        run.notes.append(f"get_parameters failed ({str(error).splitlines()[-1]}), counted parameters() instead")
    if spec.max_bottleneck is not None and hasattr(run.net, "encoder"):
        try:
            run.bottleneck = encode(run.net, dev.x[:1]).shape[1]
        except ValueError as error:
            run.notes.append(f"bottleneck not measured: {error}")


def verdicts(run: Run, n_classes: int) -> list[str]:
    """Parameters against the budget, bottleneck against its limit, score against the threshold, time."""
    spec, lines = PARTS[run.part], []
    held = held_parameters(run.net)
    note = "" if held == run.num_parameters else f" (get_parameters names {run.num_parameters:,})"
    lines.append(f"parameters: {held:,}{note}{spec.of_budget(held, n_classes)}")
    if run.bottleneck is not None and spec.max_bottleneck is not None:
        fits = "ok" if run.bottleneck <= spec.max_bottleneck else "TOO WIDE (the limit is ours, not the handout's)"
        lines.append(f"bottleneck: {run.bottleneck} numbers an image of at most {spec.max_bottleneck}: {fits}")
    if spec.threshold is not None:
        verdict = "passed" if run.passed else "NOT PASSED"
        lines.append(f"threshold: {spec.task.metric} {spec.task.bound} {spec.threshold}: {verdict}")
    lines += [f"note: {note}" for note in run.notes]
    return [*lines, "time: " + ", ".join(f"{name} {value:.2f} s" for name, value in run.seconds.items())]


def run_part(part: int, args: argparse.Namespace) -> tuple[Run, dict[str, Any]]:
    """Load the data, train or load the net, print, save and draw; returns the run and its card.

    Raises:
        ExceptionGroup: with --strict, a ValueError for each note; nothing is printed or written then.
    """
    spec, start = PARTS[part], time.perf_counter()
    splits = reader.load_dataset(args.dataset, part)
    # torch.tensor copies, so nothing that fit does to its inputs reaches the arrays it is scored against
    x, dev_x = (torch.tensor(pixels, dtype=torch.float32) / spec.divisor for pixels in (splits[0], splits[2]))
    names = reader.load_class_names(args.dataset, part, int(splits[1].max()) + 1)
    dev = Dev(dev_x, splits[3], names)
    loading = time.perf_counter() - start

    module = import_part(spec.module)
    if args.load is None:
        run = train_part(part, module, x, torch.tensor(splits[1]), dev, args)
    else:
        run = load_part(part, module, args.load, dev)
    run.seconds = {"loading": loading} | run.seconds
    measure(run, module, dev)
    if args.strict and run.notes:
        raise ExceptionGroup("not as expected", [ValueError(note) for note in run.notes])

    card, written = run_card(run, args, files.sha256_of_arrays(splits)), []
    try:  # files first, as whoever reads the output may go at any moment; and the scores are shown in any case
        if args.load is None and isinstance(run.net, torch.nn.Module):
            modelfile.save(args.models / spec.model, run.net, card)
            written.append(args.models / spec.model)
        if args.plots is not None:
            written += draw(run, module, dev, args.plots)
    finally:
        tell(run, dev, written, args.quiet)
    return run, card


def tell(run: Run, dev: Dev, written: list[Path], quiet: bool) -> None:
    """Print the scores and, unless `quiet`, all that people want to know besides."""
    task = PARTS[run.part].task
    print(f" ##### Part {run.part} results #####", *task.lines(run.scores), sep="\n")
    print(f"num_parameters: {run.num_parameters}")
    if not quiet:
        for block in [*task.details(run.predictions, dev), "\n".join(verdicts(run, len(dev.names)))]:
            print(f"\n{block}")
        for path in written:
            print(f"written: {shown(path, Path.cwd())}")
    else:
        for note in run.notes:  # off the lines that other tools read
            cli.note(f"part {run.part}: {note}")


def shown(path: Path, folder: Path) -> str:
    """A path as people read it: from `folder` on if it lies inside."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def run_card(run: Run, args: argparse.Namespace, data_sha256: str) -> dict[str, Any]:
    """The run as plain data, for its run card and --json."""
    return {
        "part": run.part,
        "arguments": {
            key: shown(value, HERE) if isinstance(value, Path) else value for key, value in vars(args).items()
        },
        "seed": args.seed,
        "metrics": run.scores,
        "passed": run.passed,
        "num_parameters": run.num_parameters,
        "bottleneck": run.bottleneck,
        "seconds": {name: round(value, 4) for name, value in run.seconds.items()},
        "losses": [loss if math.isfinite(loss) else None for loss in run.losses],  # JSON has no nan
        "notes": run.notes,
        "sha256": {"data": data_sha256},
        **({"note": note} if (note := reader.stand_in_note(args.dataset)) else {}),
        **modelfile.environment(),
    }


def least_loss(net: Any, n_classes: int) -> float:
    """Below which no loss can fall, because the net's loss smooths labels; 0 if it does not."""
    loss_fn = getattr(net, "loss_fn", None)
    if not isinstance(loss_fn, torch.nn.CrossEntropyLoss):
        return 0.0
    return metrics.least_cross_entropy(loss_fn.label_smoothing, n_classes)


def draw(run: Run, module: ModuleType, dev: Dev, folder: Path) -> list[Path]:
    """Write the pictures of a run into `folder`, return their paths."""
    from smallnets import filters, plots  # matplotlib takes longer to import than part 1 takes to train

    task = PARTS[run.part].task
    figures = task.figures(run.net, run.predictions, dev)
    if run.losses:
        figures["loss"] = plots.loss_curve(run.losses, "training", least_loss(run.net, len(dev.names)))
    # taken now that the training is over: the copies were made between the calls of net.step
    if curve := run.snapshots.curve(lambda net: tasks.score(task, net, dev), str(module.__file__)):
        figures["development"] = plots.curve(curve, task.label, "development set, after each iteration")
    if isinstance(run.net, torch.nn.Module) and (found := filters.of_net(run.net)):
        figures["filters"] = filters.picture(found, "weights, each filter on a scale of its own")
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"part{run.part}_{name}.png")
        plots.save(figure, paths[-1])
    return paths


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line, with --part as a list of parts.

    Raises:
        ValueError: options that do not go together.
    """
    parser = cli.parser(__doc__)
    parser.add_argument("--part", choices=["1", "2", "3", "all"], default="all", help="which part to run")
    words = "iterations; twice in parts 2 and 3"
    parser.add_argument("--max_iter", type=cli.whole_number(0), default=parts.MAX_ITER, help=words)
    parser.add_argument("--dataset", type=Path, default=HERE / "data/fashion_mnist", help="folder with .npy splits")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of every random generator")
    parser.add_argument("--models", type=Path, default=HERE / "models", help="where net_pK.model and its run card go")
    parser.add_argument("--load", type=Path, help="score this model file instead of training")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    parser.add_argument("--plots", type=Path, help="draw pictures into this folder")
    parser.add_argument("--target", type=cli.number(), help="exit with 1 if accuracy is below (MSE above) it")
    threads.add_option(parser)
    parser.add_argument("--strict", action="store_true", help="make an error of every note on what fit returned")
    parser.add_argument("--quiet", action="store_true", help="print only the lines that other tools read")
    args = parser.parse_args(argv)
    if args.load is not None and args.part == "all":
        name = re.fullmatch(r"net_p([123])\.model", args.load.name)
        if name is None:
            raise ValueError(f"expected --part 1, 2 or 3 with --load, as {args.load.name} is not called net_pK.model")
        args.part = name[1]
    if args.target is not None and args.part == "all":
        raise ValueError("expected --part 1, 2 or 3 with --target, got all parts")
    # absolute from here on, as code that is run may change the folder
    for option in ("dataset", "models", "load", "json", "plots"):
        if (path := getattr(args, option)) is not None:
            setattr(args, option, path.absolute())
    args.part = [1, 2, 3] if args.part == "all" else [int(args.part)]
    return args


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Run the parts that the command line asks for; a part that fails does not stop the next."""
    args = parse(argv)
    args.dataset = reader.find_dataset(args.dataset)
    if (note := reader.stand_in_note(args.dataset)) and not args.quiet:
        print(note)
    for folder in (args.models if args.load is None else None, args.plots):
        if folder is not None:
            files.expect_folder(folder)
    if args.json is not None:
        files.expect_file(args.json, *files.JSON)
    cards, code = [], 0
    for part in args.part:
        try:
            with threads.limited(args.threads):
                run, card = run_part(part, args)
        except BrokenPipeError:
            raise
        except (OSError, ValueError, StudentError, ExceptionGroup) as error:
            errors = error.exceptions if isinstance(error, ExceptionGroup) else [error]
            for each in errors:
                code = cli.complain(each, f"part {part}")
            cards.append({"part": part, "error": "\n".join(map(cli.told, errors))})
            continue
        cards.append(card)
        if args.target is not None and not run.reaches(args.target):
            print(f"error: part {part} missed its target of {args.target}", file=sys.stderr)
            code = max(code, 1)
    if args.json is not None:
        files.write_text(args.json, json.dumps(cards, indent=1) + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
