"""What a second thread brings on an idle machine, and what it costs where another program keeps one core busy.

python -m records.threads                     part 2 whole, and some thirty steps of each long training of the labs
python -m records.threads part2 --rounds 9    part 2 alone
python -m records.threads --patience 600      on a machine that others use: an idle turn waits for a quiet moment

Every turn is a process of its own; in each round all threads take theirs idle and busy, one after the other, so that
whatever else runs on the machine slows all of them. Seconds are those of training on the clock, without imports and
data; medians over the rounds with the least and the greatest. "others" is how many cores other programs kept busy
during the idle turns, the median and the most: where it is not near 0, the machine was not idle.
"""

import argparse
import functools
import importlib
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import numpy as np
import torch

import mp6
from records import timing, trial
from records.timing import ROOT, seconds
from smallnets import cli, splits, tables, threads

STEPS = 30
QUIET = 0.1  # cores that others may take when an idle turn begins
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"


class Turn(NamedTuple):
    """Seconds of a training, and how many cores other programs kept busy meanwhile."""

    seconds: float
    others: float


def part2() -> float:
    """The whole fit of part 2 as mp6.py calls it, on the shipped images."""
    split = splits.load("shipped", ROOT / "data" / "fashion_mnist", 2)
    return sum(trial.run(mp6.import_part("neuralnet_p2"), 2, split, 0, 50).seconds.values())


def images(n: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, 28, 28] and int64 [n], noise: what a step costs does not depend on them."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 6, n)


def mynet() -> float:
    """Steps of MyNet as pytorch_cnn.py trains it, in float32."""
    lab = importlib.import_module("pytorch_cnn")
    x, y = images(128 * STEPS)
    data = lab.tensors({"x_train": x, "y_train": y, "x_val": x[:100], "y_val": y[:100]})
    with tempfile.TemporaryDirectory() as folder:
        return seconds(lambda: lab.train("mynet", data, epochs=1, out=Path(folder) / "net.pt"))


def bestmodel() -> float:
    """Steps of BestModel as main_bestmodel.py trains it."""
    session, program = importlib.import_module("utils.session"), importlib.import_module("main_bestmodel").program()
    data = images(400)
    return seconds(lambda: list(session.fit(program, program.net_class(), data, data, 0.01, 100, STEPS, 0)))


def resnet() -> float:
    """Steps of the mini-ResNet as run_resnet.py trains it."""
    lab, experiment = importlib.import_module("run_resnet"), importlib.import_module("experiment")
    x, y = images(100 * STEPS)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x)[:, None] / 255, torch.from_numpy(y))
    args = argparse.Namespace(seed=0, epochs=1, lr=0.1, momentum=0.9, weight_decay=5e-4, batch_size=100)
    program = experiment.Program("mini-ResNet", lab.build, (1, 28, 28), 1, 0.1, 0.9, 5e-4, 100, 100, 100, lab.moved)
    return experiment.fit("with BN", lab.build(), program, args, [data, data]).seconds


# the lab whose folder has to be on the path, and the training
PIECES: dict[str, tuple[str | None, Callable[[], float]]] = {
    "part2": (None, part2),
    "mynet": ("numpy_to_cnn", mynet),
    "bestmodel": ("quickdraw", bestmodel),
    "resnet": ("batchnorm", resnet),
}


def work(piece: str) -> int:
    """Train one piece in this process and print its seconds alone."""
    lab, train = PIECES[piece]
    if lab is not None:
        sys.path.insert(0, str(ROOT / "labs" / lab))  # a lab is not installed
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        found = train()
    print(found)
    return 0


def turn(piece: str, number: int) -> Turn:
    """A piece in a fresh process with `number` threads; CalledProcessError if it fails."""
    command = [sys.executable, "-m", "records.threads", piece, "--worker", "--threads", str(number)]
    with taken() as others:
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Turn(float(done.stdout), others())


@contextmanager
def busy_core() -> Iterator[None]:
    """Another program, which keeps one core busy all the while."""
    with subprocess.Popen([sys.executable, "-c", SPIN]) as program:
        try:
            yield
        finally:
            program.kill()


@contextmanager
def taken() -> Iterator[Callable[[], float]]:
    """A function that says how many cores programs other than this one and its children kept busy in the block.

    Where the system has no /proc it says the load of the last minute, which has this program in it.
    """
    found = float("nan")
    start, before = time.perf_counter(), busy_seconds() - own_seconds()
    yield lambda: found
    found = (busy_seconds() - own_seconds() - before) / (time.perf_counter() - start)
    if math.isnan(found):
        found = os.getloadavg()[0]


def busy_seconds() -> float:
    """Seconds since the start in which cores were busy, all added up; nan where there is no /proc."""
    try:
        user, nice, system = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4])
    except FileNotFoundError:
        return math.nan
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Seconds of processor that this program and its children that have ended took."""
    return sum(os.times()[:4])


def wait_for_quiet(patience: float) -> None:
    """Return when others take next to nothing for a second, or when `patience` seconds are over."""
    end, quiet = time.monotonic() + patience, False
    while not quiet and time.monotonic() < end:
        with taken() as others:
            time.sleep(1)
        quiet = others() <= QUIET


def idle_turn(piece: str, number: int, patience: float) -> Turn:
    """A turn that begins in a quiet moment, if one comes within `patience` seconds."""
    wait_for_quiet(patience)
    return turn(piece, number)


def busy_turn(piece: str, number: int) -> Turn:
    """A turn beside a program that keeps one core busy."""
    with busy_core():
        return turn(piece, number)


def measure(piece: str, numbers: list[int], rounds: int, patience: float) -> dict[tuple[int, str], list[Turn]]:
    """The turns of each (threads, "idle" or "busy"), one for each round."""
    sides: dict[tuple[int, str], Callable[[], Turn]] = {}
    for number in numbers:
        sides[number, "idle"] = functools.partial(idle_turn, piece, number, patience)
        sides[number, "busy"] = functools.partial(busy_turn, piece, number)
    return dict(zip(sides, timing.in_turns(list(sides.values()), rounds), strict=True))


def rows(piece: str, found: dict[tuple[int, str], list[Turn]]) -> list[list[str]]:
    """A row for each number of threads: seconds idle and busy, how many times the first number's, and others."""
    first, _ = next(iter(found))
    lines = []
    for number in dict.fromkeys(number for number, _ in found):
        cells = []
        for state in ("idle", "busy"):
            own, base = ([turn.seconds for turn in found[key, state]] for key in (number, first))
            cells += [timing.spread(own).text(unit=" s"), f"{timing.ratios(own, base).median:.2f}"]
        others = timing.spread(turn.others for turn in found[number, "idle"])
        lines.append([f"{piece}, {number}", *cells, f"{others.median:.2f}, {others.greatest:.2f}"])
    return lines


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("piece", nargs="*", default=list(PIECES), help="of " + ", ".join(PIECES) + "; left out: all")
    parser.add_argument("--rounds", type=cli.whole_number(1), default=5, help="turns of each kind")
    parser.add_argument("--numbers", type=cli.whole_number(1), nargs="+", default=[1, 2], help="of threads")
    parser.add_argument(
        "--patience", type=cli.number(0, 86_400), default=0, help="seconds that an idle turn waits for quiet"
    )
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    threads.add_option(parser)
    args = parser.parse_args(argv)
    for piece in args.piece:
        if piece not in PIECES:
            raise ValueError(f"expected one of {', '.join(PIECES)}, got {piece}")
    if args.worker:
        with threads.limited(args.threads):
            return work(*args.piece)
    print(f"{timing.cpu()}, {os.cpu_count()} cores, torch {torch.__version__}", flush=True)
    table = [["training, threads", "idle", "ratio", "one core busy", "ratio", "others"]]
    for piece in args.piece:
        table += rows(piece, measure(piece, args.numbers, args.rounds, args.patience))
        print(f"{piece}: measured", file=sys.stderr)
    print(tables.aligned(table))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
