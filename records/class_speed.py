"""How many jobs a class run grades in a second, and how that grows with workers.

python -m records.class_speed    from the repository's root, as root, with nothing else running

A lab of one short job: torch is imported, a net of one layer takes 50 steps. A course with this lab is set up in a
temporary folder and its class graded from the command line. Rates are those between the first and the last job that
was recorded, so they leave out starting up, which stands beside them.
Processor time of a job, which other programs on the machine change little, is the difference between runs over all and
over a quarter of the class.
"""

import contextlib
import functools
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

from records import timing
from smallnets import cli, files, tables

FEWER = 4  # times fewer submissions in a run that tells what starting up costs
LAB = '''
from autograder.lab import Check, HandIn, Lab, Step, Verdict
from autograder.sandbox.job import Job

RUNNER = """
import os, sys
sys.path.insert(0, "submission")
import answer
os.write(4, answer.answer().to_bytes(8, "little"))
"""

LAB = Lab(
    name="speed",
    title="A short job with torch",
    hand_in=(HandIn("answer.py"),),
    load=lambda staff, seed: (None, "no data"),
    steps=(Step("run", ("answer.py",), lambda run: Job(
        ["-c", RUNNER], {"submission/answer.py": run.submission.files["answer.py"]}, result_bytes=8),
        lambda run, result: int.from_bytes(result, "little")),),
    checks=(Check("1.1", "steps", 1, ("run",), lambda run: Verdict(float(run.results["run"].value == 50))),),
)
'''
ANSWER = """
import torch

def answer():
    net, x, y = torch.nn.Linear(784, 10), torch.randn(100, 784), torch.randint(10, (100,))
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    for step in range(50):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    return step + 1  # {}
"""


def course(folder: Path, count: int) -> None:
    """A checkout with the lab, and a class that has handed in."""
    for name in ("autograder", "smallnets"):
        shutil.copytree(timing.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "labs/speed/grading").mkdir(parents=True)
    (folder / "labs/speed/grading/declaration.py").write_text(LAB)
    for number in range(count):
        for submissions in ("all", "few") if number < count // FEWER else ("all",):
            path = folder / submissions / f"s{number}/answer.py"
            path.parent.mkdir(parents=True)
            path.write_text(ANSWER.format(number))


def run(folder: Path, workers: int, submissions: str = "all") -> dict[str, Any]:
    """One run over the class with a new record; raises CalledProcessError where one was not graded."""
    out = folder / f"out-{workers}-{submissions}"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "autograder",
        "class",
        submissions,
        "--lab",
        "speed",
        "--out",
        str(out),
        "--seed",
        "1",
    ]
    command += ["--workers", str(workers)]
    started, spent = time.time(), processor()
    env = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - started
    with contextlib.closing(sqlite3.connect(out / "class.sqlite")) as record:
        ended = sorted(row[0] for row in record.execute("SELECT ended FROM job WHERE state = 'done'"))
        scores = {json.loads(row[0])["score"] for row in record.execute("SELECT report FROM job")}
    if scores != {1.0}:
        raise ValueError(f"expected all points for everyone, got {scores}")
    rate = (len(ended) - 1) / (ended[-1] - ended[0])
    return {"workers": workers, "jobs": len(ended), "jobs_per_second": rate,
            "first_after": ended[0] - started, "seconds": seconds, "cpu_seconds": processor() - spent}  # fmt: skip


def processor() -> float:
    """Seconds of processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print, write."""
    parser = cli.parser(__doc__)
    parser.add_argument("--jobs", type=cli.whole_number(10), default=40, help="of each run")
    parser.add_argument("--turns", type=cli.whole_number(1), default=2, help="of all runs; the best one counts")
    parser.add_argument("--out", type=Path, default=timing.ROOT / "records/class_speed.json", help="what to write")
    args = parser.parse_args(argv)
    files.expect_file(args.out, *files.JSON)
    cores = len(os.sched_getaffinity(0))
    counts = [count for count in (1, 2, 4) if count <= cores]
    with tempfile.TemporaryDirectory(prefix="speed-") as name:
        course(Path(name), args.jobs)
        turns = timing.in_turns([functools.partial(run, Path(name), count) for count in counts], args.turns)
        best = [max(rows, key=lambda row: row["jobs_per_second"]) for rows in turns]
        found = dict(zip(counts, best, strict=True))
        few, row = run(Path(name), 1, "few"), found[1]
        a_job = row["cpu_seconds_a_job"] = (row["cpu_seconds"] - few["cpu_seconds"]) / (row["jobs"] - few["jobs"])
    files.write_text(args.out, json.dumps({"cores": cores, "runs": list(found.values())}, indent=1) + "\n")
    base = found[1]["jobs_per_second"]
    cells = [["workers", "jobs a second", "to one worker", "first after, s", "all, s"]]
    for row in found.values():
        rate = row["jobs_per_second"]
        numbers = [f"{rate:.2f}", f"{rate / base:.1f}", f"{row['first_after']:.1f}", f"{row['seconds']:.1f}"]
        cells.append([str(row["workers"]), *numbers])
    print(tables.aligned(cells))
    print(f"processor time of a job: {a_job:.2f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
