"""What grading a submission to MP6 costs beyond the training itself, and the grader's own memory.

python -m records.grading_speed    from the repository's root

In turns: our own solution is graded whole; its three fits run directly, as students run them
(`python mp6.py --part K --max_iter 50`), each a process that imports torch; and the grader starts and does nothing.
Grading is compared with the other two together. One thread each, as the grader has it; all times on the clock, medians
with the least and the greatest.
"""

import functools
import json
import tempfile
from pathlib import Path

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

from records import timing
from smallnets import cli, tables

seconds = functools.partial(timing.process_seconds, env={"OMP_NUM_THREADS": "1"})


def hand_in(folder: Path) -> None:
    """Our own solution as a submission."""
    for path in (*timing.ROOT.glob("neuralnet_p?.py"), *(timing.ROOT / "models" / "reference").glob("net_p?.model")):
        (folder / path.name).write_bytes(path.read_bytes())


def turn(folder: Path) -> tuple[float, float, float, float]:
    """Seconds of grading, of the three fits and of starting the grader; the grader's largest resident set in MB."""
    out = folder / "graded.json"
    grading = seconds(
        "-m", "autograder", "grade", str(folder / "work"), "--lab", "mp6", "--seed", "0", "--json", str(out)
    )
    fits = sum(
        seconds("mp6.py", "--part", part, "--max_iter", "50", "--quiet", "--models", str(folder / "models"))
        for part in ("1", "2", "3")
    )
    memory = json.loads(out.read_text())["audit"]["grader_maxrss"] / 2**20
    return grading, fits, seconds("-m", "autograder", "--help"), memory


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--turns", type=cli.whole_number(1), default=5, help="of the three measurements")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        hand_in(folder / "work")
        turns = [turn(folder) for _ in range(args.turns)]
    columns = [*zip(*turns, strict=True), [grading / (fits + start) for grading, fits, start, _ in turns]]
    labels = ("grading, s", "three fits directly, s", "a start, s", "grader's memory, MB", "ratio")
    rows = [["", "median", "least", "greatest"]]
    for label, values in zip(labels, columns, strict=True):
        rows.append([label, *(f"{value:.2f}" for value in timing.spread(values))])
    print(tables.aligned(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
