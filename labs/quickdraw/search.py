"""Search learning rate and batch size with Optuna: python search.py --model densenet --trials 20 --jobs 2.

With --grid, each of GRID_RATES is tried with each batch size, for the table of the handout's 1.6.3.
With --scheduler tls://HOST:PORT the workers run on a Dask cluster, from this folder on a disk that all machines share.

Trials are suggested by TPE, and one that falls behind the others at the same step is cut short (median pruning).
Everything is kept in a journal file: run the same line again to go on, from several machines with a shared disk
if you like. A worker that is killed costs the trial it was at.
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
import csv
import functools
import io
import threading
import warnings
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from failures import PROGRAMS
from utils import session

from smallnets import cli, executors, files, journal, plots, tables, threads, train

LEARNING_RATES = {"densenet": (1e-5, 0.1), "convnet": (1e-4, 0.3), "bestmodel": (1e-4, 0.1)}
BATCH_SIZES = {"densenet": [100], "convnet": [50, 100, 200, 400], "bestmodel": [50, 100, 200, 400]}
GRID_RATES = [0.001, 0.003, 0.01, 0.03, 0.1]


def open_study(args: argparse.Namespace, seed: int) -> Any:
    """The study of this model in the journal, made when it is not there yet."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lock = JournalFileOpenLock(str(args.storage))  # works on Windows and on shared disks, too
    journal.mend(args.storage, lock)
    sampler: Any = optuna.samplers.TPESampler(seed=seed)
    pruner: Any = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=300)
    if args.grid:  # a table has no empty cells, so nothing is cut short
        # it numbers the pairs in an order that it draws, which must be the same for all workers
        sampler = optuna.samplers.GridSampler({"LR": GRID_RATES, "bs": BATCH_SIZES[args.model]}, seed=args.seed)
        pruner = optuna.pruners.NopPruner()
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(args.storage), lock)),
        study_name=f"{args.model}, {args.epochs} steps{', grid' * args.grid}",
        direction="maximize",
        load_if_exists=True,
        sampler=sampler,
        pruner=pruner,
    )


def work(args: argparse.Namespace, index: int) -> None:
    """Run trials until the study has as many finished ones as asked for."""
    import optuna

    folder = session.find_data(args.dataDir)
    program = PROGRAMS[args.model]()
    sets = [session.load_split(folder, split, program.n_classes) for split in ("train", "dev")]

    def objective(trial: Any) -> float:
        lr = trial.suggest_float("LR", *LEARNING_RATES[args.model], log=True)
        bs = trial.suggest_categorical("bs", BATCH_SIZES[args.model])
        train.seed_everything(args.seed)
        row = {"dev_acc": 0.0}
        try:
            for row in session.fit(program, program.net_class(), sets[0], sets[1], lr, bs, args.epochs, args.seed):
                trial.report(float(row["dev_acc"]), row["step"])
                if trial.should_prune():
                    raise optuna.TrialPruned
        except ValueError:  # a rate so high that the loss is no number any more: as bad as it gets
            return 0.0
        return float(row["dev_acc"])

    study = open_study(args, (args.seed + index) % 2**32)
    # two workers may try one pair of a grid, so that trials alone do not tell whether all pairs were tried
    while not (study.sampler.is_exhausted(study) if args.grid else len(finished(study)) >= args.trials):
        study.optimize(objective, n_trials=1)
        done = finished(study)
        print(f"{len(done)} of {args.trials} trials, best accuracy {best(study):.4f}", flush=True)


def finished(study: Any) -> list[Any]:
    """The trials that came to their end or were cut short."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name in ("COMPLETE", "PRUNED")]


def best(study: Any) -> float:
    """The best accuracy of a trial that came to its end; 0 where none has."""
    return max((trial.value for trial in finished(study) if trial.state.name == "COMPLETE"), default=0.0)


def run(args: argparse.Namespace) -> int:
    """Search with one process or several, then write what was found."""
    args.storage = args.storage or args.out / f"{args.model}.journal"
    if args.grid:
        args.trials = len(GRID_RATES) * len(BATCH_SIZES[args.model])
    files.expect_folder(args.out)  # better to fail now than after the search
    files.expect_file(args.storage)
    import optuna  # noqa: F401  it is missed here rather than after the data are read

    args.storage.parent.mkdir(parents=True, exist_ok=True)
    if args.worker is not None:
        index, parent = args.worker
        executors.end_with(parent)
        work(args, index)
        return 0
    if args.jobs == 1 and args.scheduler is None:
        work(args, 0)
    else:
        session.find_data(args.dataDir)  # a stand-in is made once, and named before anything else
        open_study(args, args.seed)
        if not crowd(args):
            return 1
    report(open_study(args, args.seed), args)
    return 0


def crowd(args: argparse.Namespace) -> int:
    """Let several processes search, here or on a cluster; returns how many came to their end."""
    command = [str(Path(__file__).resolve()), *sys.argv[1:], "--storage", str(args.storage.resolve())]
    stop, ended = threading.Event(), 0
    one = functools.partial(executors.fresh, show=True, cwd=Path.cwd())
    one = one if args.scheduler else functools.partial(one, stop=stop)
    with executors.chosen(args, args.jobs) as crew:
        workers = {crew.executor.submit(one, [*command, "--worker", str(k)]): k for k in range(args.jobs)}
        try:
            for worker in as_completed(workers):
                try:
                    worker.result()
                    ended += 1
                except Exception as error:  # its own, or whatever a lost machine looks like
                    print(f"worker {workers[worker]} failed, its trial is lost: {error}", file=sys.stderr)
        finally:
            stop.set()
    return ended


def report(study: Any, args: argparse.Namespace) -> None:
    """Print the best settings; write every trial as a table, and a picture of them."""
    import optuna.visualization.matplotlib as drawing

    trials = sorted(finished(study), key=lambda trial: (trial.state.name, -(trial.value or 0)))
    rows = [["trial", "state", "LR", "bs", "last step", "dev_acc"]]
    for trial in trials:
        step = max(trial.intermediate_values, default=0)
        value = trial.value if trial.value is not None else trial.intermediate_values.get(step, 0.0)
        settings = [f"{trial.params['LR']:.3g}", str(trial.params["bs"])]
        rows.append([str(trial.number), trial.state.name.lower(), *settings, str(step), f"{value:.4f}"])
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    files.write_text(args.out / f"{args.model}_trials.csv", content.getvalue())
    if sum(trial.state.name == "COMPLETE" for trial in trials) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # these drawings are called experimental
            figure = drawing.plot_parallel_coordinate(study, target_name="dev_acc").get_figure(root=True)
        assert figure is not None
        plots.save(figure, args.out / f"{args.model}_trials.png")
    if args.grid:
        table = grid(trials)
        heading = f"Accuracy on the development set after {args.epochs:,} steps, seed {args.seed}\n\n"
        files.write_text(args.out / f"{args.model}_grid.md", heading + tables.markdown(table) + "\n")
        print(tables.aligned(table))
    else:
        print(tables.aligned(rows[:11]))
    chosen = study.best_trial
    print(f"best: {chosen.value:.4f} with --LR {chosen.params['LR']:.4g} --bs {chosen.params['bs']}")


def grid(trials: list[Any]) -> list[list[str]]:
    """The accuracy of each learning rate (rows) with each batch size (columns), below a row of headings."""
    values = {(trial.params["LR"], trial.params["bs"]): trial.value for trial in trials if trial.value is not None}
    sizes = sorted({bs for _, bs in values})
    rows = [["learning rate", *(f"batch of {bs}" for bs in sizes)]]
    for lr in sorted({lr for lr, _ in values}):
        rows.append([f"{lr:g}", *(f"{values[lr, bs]:.4f}" if (lr, bs) in values else "" for bs in sizes)])
    return rows


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and search."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", choices=PROGRAMS, required=True)
    parser.add_argument("--trials", type=cli.whole_number(1), default=20, help="finished trials to reach in all")
    parser.add_argument("--grid", action="store_true", help="instead, try each pair of GRID_RATES and a batch size")
    parser.add_argument("--jobs", type=cli.whole_number(1, 1024), default=1, help="worker processes")
    parser.add_argument("--epochs", type=cli.whole_number(1), default=2000, help="steps of a trial")
    parser.add_argument("--storage", type=Path, help="the journal; left out: OUT/MODEL.journal")
    parser.add_argument("--out", type=Path, default=Path("search_results"), help="where table and picture go")
    parser.add_argument("--dataDir", default="datasets", help="folder of the fruit_*.npy files")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="of the trials and of each training")
    executors.add_arguments(parser)
    parser.add_argument("--worker", nargs=2, type=cli.whole_number(0), help=argparse.SUPPRESS)
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
