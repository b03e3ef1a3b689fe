"""Whether one neuralnet_pK.py is better than another: the same seeds and draws, in turns.

python -m records.compare 2 neuralnet_p2.py other.py --seeds 10 --draws 101 102

Every other file is compared with the first one. p is that of a paired t-test, two-sided, over all pairs; those of one
draw share their images, so a small p over few draws says less than it seems to. The time is that of the whole fit.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import mp6
from records import timing, trial
from smallnets import cli, files, samples, splits, tables, threads
from smallnets.student import imported


def fit(path: Path, part: int, split: splits.Split, seed: int, max_iter: int) -> tuple[float, float]:
    """(score, seconds of fit) of a file's training.

    Raises:
        ValueError: the file has no fit.
    """
    with imported(path) as module:
        mp6.import_part(path.stem)  # checks that there is a fit
        run = trial.run(module, part, split, seed, max_iter)
    return trial.score(run), sum(run.seconds.values())


def against(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the second file changes: mean difference of the scores, p, and the median ratio of times in a pair."""
    return {
        "difference": after["mean"] - before["mean"],
        "p": samples.p_value(before["values"], after["values"]),
        "time_ratio": timing.ratios(after["seconds"], before["seconds"]).median,
    }


def compare(args: argparse.Namespace, drawn: list[splits.Split]) -> list[dict[str, Any]]:
    """A row for each file; all but the first have what they change against it."""
    fits: dict[Path, list[tuple[float, float]]] = {path: [] for path in args.file}
    for split in drawn:
        for seed in range(args.seeds):
            for path in args.file:
                fits[path].append(fit(path, args.part, split, seed, args.max_iter))
    rows = []
    for path, pairs in fits.items():
        scores, seconds = ([pair[i] for pair in pairs] for i in (0, 1))
        rows.append({"file": path.name} | samples.summary(scores) | {"seconds": seconds})
    return [rows[0], *(row | against(rows[0], row) for row in rows[1:])]


def table(rows: list[dict[str, Any]]) -> str:
    """A line for each file."""
    lines = [["file", "n", "mean", "std", "difference", "p", "time ratio"]]
    for row in rows:
        change = ["", "", ""]
        if "p" in row:
            change = [f"{row['difference']:+.5f}", f"{row['p']:.1g}", f"{row['time_ratio']:.2f}"]
        lines.append([row["file"], str(len(row["values"])), f"{row['mean']:.5f}", f"{row['std']:.5f}", *change])
    return tables.aligned(lines)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line.

    Raises:
        ValueError: fewer than two files, or one that is no file of Python.
    """
    parser = cli.parser(__doc__)
    parser.add_argument("part", type=int, choices=[1, 2, 3], help="which part")
    parser.add_argument("file", type=Path, nargs="+", help="neuralnet_pK.py files of any names, two at least")
    parser.add_argument("--seeds", type=cli.whole_number(2), default=10, help="how many, from seed 0 on")
    parser.add_argument("--draws", type=cli.whole_number(0), nargs="+", default=[101, 102], help="seeds of prepare.py")
    parser.add_argument("--max_iter", type=cli.whole_number(1), default=50, help="iterations; twice in parts 2 and 3")
    parser.add_argument("--source", type=Path, help="folder with Fashion-MNIST's IDX files")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    if len(set(args.file)) < max(2, len(args.file)):
        raise ValueError(f"expected two or more different files, got {', '.join(map(str, args.file))}")
    for path in args.file:
        if path.suffix != ".py" or not path.is_file():
            raise ValueError(f"expected a file of Python, got {path}")
    return args


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, compare, print."""
    args = parse(argv)
    if args.json is not None:
        files.expect_file(args.json, *files.JSON)
    with threads.limited(args.threads), tempfile.TemporaryDirectory() as name:
        folders = trial.draw(args.draws, args.source, Path(name))
        rows = compare(args, [splits.load(split, folder, args.part) for split, folder in folders.items()])
    if args.json is not None:
        found = timing.environment() | {"part": args.part, "seeds": args.seeds, "draws": args.draws, "files": rows}
        files.write_text(args.json, json.dumps(found, indent=1) + "\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
