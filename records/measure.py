"""How good and how fast the three parts are, over seeds, on the shipped splits and on fresh draws of them.

python -m records.measure --references --json FILE         everything, in about half an hour
python -m records.measure --seeds 5 --draws 1 2 --parts 2  a first look

A fresh draw is what data/fashion_mnist/prepare.py --seed N writes. Accuracy of parts 1 and 2, MSE of part 3, on the
development set. Times and memory are those of whole processes of mp6.py.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import mp6
from records import processes, timing, trial
from smallnets import cli, faults, files, samples, splits, tables, threads

SHIPPED = timing.ROOT / "data/fashion_mnist"
ALL_DRAWS = "all draws"


def split_folders(args: argparse.Namespace, temporary: Path) -> dict[str, Path]:
    """Where the shipped splits and the fresh draws are; without a source of images, the shipped ones alone."""
    try:
        draws = trial.draw(args.draws, args.source, temporary) if args.draws else {}
    except OSError as error:
        print(f"no fresh draws, measuring the shipped splits alone: {faults.words(error)}")
        draws = {}
    return {"shipped": args.dataset} | draws


def figures(part: int, split: splits.Split, args: argparse.Namespace) -> dict[str, Any]:
    """The part's scores over the seeds on one split, with what goes with them."""
    module = mp6.import_part(mp6.PARTS[part].module)
    runs = [trial.run(module, part, split, seed, args.max_iter) for seed in range(args.seeds)]
    row = {"part": part, "split": split.name, "metric": mp6.PARTS[part].task.metric}
    row |= samples.summary([trial.score(run) for run in runs])
    row |= {"parameters": runs[0].num_parameters, "bottleneck": runs[0].bottleneck}
    row["training_seconds"] = statistics.median(run.seconds["training"] for run in runs)
    if part == 3:
        starts = [trial.run(module, part, split, seed, 0) for seed in range(args.seeds)]
        row["start"] = statistics.fmean(trial.score(run) for run in starts)
    if args.references:
        from records import references  # scikit-learn takes seconds to import

        row["references"] = references.scores(part, split, runs[0].bottleneck)
    return row


def costs(args: argparse.Namespace, models: Path) -> list[dict[str, Any]]:
    """What each part's whole process costs."""
    times = processes.times(args.parts, args.dataset, models, args.turns)
    bare = statistics.median(times[None])
    rows = []
    for part in args.parts:
        row = {"part": part, "seconds": statistics.median(times[part]), "import_torch_seconds": bare}
        row["multiple"] = processes.multiple(times, part)
        rows.append(row | {"peak_megabytes": processes.peak_memory(part, args.dataset, models)})
    return rows


def mean_of_draws(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for a part's fresh draws; its std is that over seeds within a draw, not that between draws."""
    means = {key: statistics.fmean(row[key] for row in rows) for key in ("mean", "std", "training_seconds")}
    values = [value for row in rows for value in row["values"]]
    row = rows[0] | means | {"split": ALL_DRAWS, "min": min(values), "max": max(values), "values": values}
    if "start" in row:
        row["start"] = statistics.fmean(row["start"] for row in rows)
    if "references" in row:
        names = row["references"]
        row["references"] = {name: statistics.fmean(row["references"][name] for row in rows) for name in names}
    return row


def score_table(rows: list[dict[str, Any]]) -> str:
    """A line for each part and split."""
    lines = [["part, split", "n", "mean", "std", "min", "max", "iteration 0", "parameters", "bottleneck", "training"]]
    for row in rows:
        scores = [f"{row[key]:.5f}" if key in row else "" for key in ("mean", "std", "min", "max", "start")]
        sizes = [f"{row['parameters']:,}", "" if row["bottleneck"] is None else str(row["bottleneck"])]
        head = [f"{row['part']}, {row['split']}", str(len(row["values"]))]
        lines.append([*head, *scores, *sizes, f"{row['training_seconds']:.2f} s"])
    return tables.aligned(lines)


def reference_lines(rows: list[dict[str, Any]]) -> list[str]:
    """scikit-learn's scores, a line for each part and split."""
    return [
        f"{row['part']}, {row['split']}: " + ", ".join(f"{name} {score:.5f}" for name, score in found.items())
        for row in rows
        if (found := row.get("references"))
    ]


def cost_table(rows: list[dict[str, Any]]) -> str:
    """A line for each part."""
    lines = [["whole process", "time", "import torch", "multiple", "peak memory"]]
    for row in rows:
        memory = "unknown" if row["peak_megabytes"] is None else f"{row['peak_megabytes']:.0f} MB"
        times = [f"{row[key]:.2f} s" for key in ("seconds", "import_torch_seconds")]
        lines.append([f"part {row['part']}", *times, f"{row['multiple']:.2f}", memory])
    return tables.aligned(lines)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser, number = cli.parser(__doc__), cli.whole_number(0)
    parser.add_argument("--seeds", type=cli.whole_number(1), default=20, help="how many, from seed 0 on")
    parser.add_argument("--draws", type=number, nargs="*", default=[1, 2, 3, 4, 5], help="seeds of prepare.py")
    parser.add_argument("--parts", type=int, nargs="+", choices=[1, 2, 3], default=[1, 2, 3], help="which parts")
    parser.add_argument("--max_iter", type=cli.whole_number(1), default=50, help="iterations; twice in parts 2 and 3")
    parser.add_argument("--dataset", type=Path, default=SHIPPED, help="folder with the shipped .npy splits")
    parser.add_argument("--source", type=Path, help="folder with Fashion-MNIST's IDX files, for the draws")
    parser.add_argument("--turns", type=number, default=5, help="of whole processes, for their time; 0 for none")
    parser.add_argument("--references", action="store_true", help="also scikit-learn on the same images")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    args.dataset = args.dataset.absolute()
    return args


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    args = parse(argv)
    if args.json is not None:
        files.expect_file(args.json, *files.JSON)
    with threads.limited(args.threads):
        return measured(args)


def measured(args: argparse.Namespace) -> int:
    """Measure as the command line says, print, write."""
    found = timing.environment()
    print(timing.described(found))
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        folders = split_folders(args, temporary)
        rows = []
        for part in args.parts:
            own = [figures(part, splits.load(split, folder, part), args) for split, folder in folders.items()]
            rows += [*own, mean_of_draws(own[1:])] if len(own) > 2 else own
            print(f"part {part}: measured", file=sys.stderr)
        found |= {"figures": rows, "processes": costs(args, temporary) if args.turns else []}
    if args.json is not None:
        files.write_text(args.json, json.dumps(found, indent=1) + "\n")
    print(score_table(rows), *reference_lines(rows), sep="\n")
    for row in (row for row in rows if row["split"] != ALL_DRAWS):
        print(f"{row['part']}, {row['split']}, each seed: " + " ".join(f"{value:.5f}" for value in row["values"]))
    if args.turns:
        print(cost_table(found["processes"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
