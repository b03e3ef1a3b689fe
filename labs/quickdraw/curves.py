"""Draw the logs of trainings (handout 1.5.11 and 1.6.5): python curves.py log_files/*_densenet*.log --out curves.png.

Prints the last and the best row of each log, and the mean over the logs of one net.
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
import re
from pathlib import Path

import numpy as np
from utils.session import COLUMNS

from smallnets import cli, files, plots, tables

NAME = re.compile(r"^\d+_(.+?)(_\d+)?$")  # <date>_<name>, or with _2 behind it


def read_log(path: Path) -> dict[str, np.ndarray]:
    """The columns of a log by name, without a last line that was cut short as its writer was killed.

    Raises:
        ValueError: another file, or one without rows.
    """
    with open(path, newline="", encoding="ascii", errors="replace") as file:
        lines = file.readlines()
    if lines and not lines[-1].endswith(("\n", "\r")):
        print(f"{path}: the last line was cut short and is left out")
        lines.pop()
    try:
        rows = list(csv.reader(lines))
    except csv.Error as error:
        raise ValueError(f"expected a log {','.join(COLUMNS)} in {path}, got no CSV ({error})") from None
    heading = rows[0] if rows else []
    if tuple(heading) != COLUMNS or len(rows) < 2 or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"expected a log {','.join(COLUMNS)} with rows in {path}, got {','.join(heading)[:80]!r}")
    try:
        values = np.array(rows[1:], dtype=float)
    except ValueError as error:
        raise ValueError(f"expected numbers in {path}, got {error}") from None
    return dict(zip(COLUMNS, values.T, strict=True))


def net_of(path: Path) -> str:
    """The name of the net that a log's name ends with."""
    match = NAME.match(path.stem)
    return match[1] if match else path.stem


def table(logs: dict[Path, dict[str, np.ndarray]]) -> str:
    """The last row of each log and its best development accuracy, with means over the logs of a net."""
    rows = [["log", "steps", "train_acc", "dev_loss", "dev_acc", "best dev_acc"]]
    groups: dict[str, list[list[float]]] = {}
    for path, log in logs.items():
        values = [log["train_acc"][-1], log["dev_loss"][-1], log["dev_acc"][-1], log["dev_acc"].max()]
        groups.setdefault(net_of(path), []).append(values)
        rows.append([path.name, f"{log['step'][-1] + 1:.0f}", *(f"{value:.4f}" for value in values)])
    for name, values in groups.items():
        if len(values) > 1:
            rows.append([f"{name}, mean of {len(values)}", "", *(f"{mean:.4f}" for mean in np.mean(values, axis=0))])
    return tables.aligned(rows)


def draw(logs: dict[Path, dict[str, np.ndarray]], path: Path) -> None:
    """Accuracy and loss of training (dashed) and development set against the step, a colour for each log."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    panels = figure.subplots(1, 2)
    for k, (source, log) in enumerate(logs.items()):
        for axes, what in zip(panels, ("acc", "loss"), strict=True):
            axes.plot(log["step"], log[f"train_{what}"], "--", color=f"C{k % 10}", linewidth=0.8)
            axes.plot(log["step"], log[f"dev_{what}"], color=f"C{k % 10}", linewidth=1.2, label=source.stem)
    panels[0].set(xlabel="step", ylabel="accuracy")
    panels[1].set(xlabel="step", ylabel="cross-entropy", yscale="log")
    panels[0].legend(title="development set; training: dashed", fontsize="small")
    plots.save(figure, path)


def run(args: argparse.Namespace) -> int:
    """Read all logs, print the table, draw."""
    files.expect_file(args.out, *files.PICTURE)
    logs = {path: read_log(path) for path in args.logs}
    draw(logs, args.out)  # files first, as whoever reads the output may go at any moment
    print(table(logs))
    print(f"written: {args.out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and draw."""
    parser = cli.parser(__doc__)
    parser.add_argument("logs", type=Path, nargs="+", help="logs that the three programs wrote")
    parser.add_argument("--out", type=Path, default=Path("curves.png"), help="the picture")
    return cli.exit_codes(run)(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
