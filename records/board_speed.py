"""How fast the scoreboard tells its listeners, and what it takes to take many uploads at once.

python -m records.board_speed    from the repository's root, with the extra [web]

A board of MP6 with 300 students on it is served, as `python -m autograder serve` does it. Then a grade arrives every
second, always a new first place, so that all places change. Each of 500 listeners notes when it hears of it: the delay
is from the end of the transaction that records the grade to the arrival of the event. Then 50 students hand in our own
solution at the same moment. All is on one machine, and all listeners are one process, whose own work is part of the
delay.
"""

import asyncio
import contextlib
import dataclasses
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

from autograder import registry
from autograder.board import accounts
from autograder.board.declared import deciding
from autograder.board.record import Record
from autograder.classroom import jobs
from autograder.intake import own_folder
from records import timing
from smallnets import cli, tables, zipping

STUDENTS = 300
NUMBERS = [k for k in range(9001, 9999) if k % 10]  # of grades, all different
VALUE = re.compile(rb'"0\.(\d{4})"')  # by which a grade is known: each has its own


def begin(record: Record, student: str) -> str:
    """A submission that is being graded; returns the key of the part that is still to be done."""
    sha256 = accounts.hashed(student)
    record.add(student, time.time(), sha256)
    *others, last = jobs.enqueue_all(record, record.lab, sha256, record.seed, "speed")
    for _ in (*others, last):
        record.claim()
    for key in others:
        end(record, key, None)
    return last


def end(record: Record, key: str, value: float | None) -> float:
    """Record what came of a part; returns the moment at which that was done."""
    name = deciding(record.lab, False).name
    columns = [] if value is None else [{"name": name, "value": value, "better": "high"}]
    plain = {"lab": record.lab.name, "output": "", "tests": [], "columns": columns, "seconds": 1.0, "audit": {}}
    assert record.finish(key, plain | {"fault": False}, time.time())
    return time.monotonic()


async def listen(port: int, heard: dict[int, list[float]], ready: asyncio.Semaphore) -> None:
    """Note the moment at which each grade comes for the first time; the first event is the whole board."""
    known: set[bytes] = set()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    with contextlib.closing(writer):
        writer.write(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        while line := await reader.readline():
            now = time.monotonic()
            if line.startswith(b"data: "):
                new = set(VALUE.findall(line)) - known
                known |= new
                for found in new:
                    heard.setdefault(int(found), []).append(now)
                ready.release()


async def delays(port: int, record: Record, listeners: int, updates: int) -> list[float]:
    """Milliseconds from each grade to each listener."""
    keys = [begin(record, f"s{k}") for k in range(updates)]
    heard: dict[int, list[float]] = {}
    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(listen(port, heard, ready)) for _ in range(listeners)]
    for _ in tasks:
        await ready.acquire()
    await asyncio.sleep(2)
    heard.clear()
    done = {}
    for k, key in zip(NUMBERS, keys, strict=False):
        done[k] = end(record, key, k / 10_000)
        await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    assert all(len(heard[k]) == listeners for k in done), "a grade has not reached every listener once"
    return [1000 * (moment - done[k]) for k in done for moment in heard[k]]


async def hand_in(port: int, token: str, work: bytes) -> tuple[int, float]:
    """Hand in; returns the status and the seconds that it took."""
    start = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /uploads HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n"
    writer.write(f"{head}content-length: {len(work)}\r\n\r\n".encode() + work)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), time.monotonic() - start


async def at_once(port: int, tokens: list[str], work: bytes) -> list[tuple[int, float]]:
    """All of them at the same moment."""
    return await asyncio.gather(*(hand_in(port, token, work) for token in tokens))


@contextlib.contextmanager
def served(db: Path) -> Iterator[tuple[int, int]]:
    """Port and process id of a board's server."""
    line = [sys.executable, "-m", "autograder", "serve", "--lab", "mp6", "--db", str(db), "--no-grading", "--port", "0"]
    line += ["--cool-down", "0"]
    with subprocess.Popen(line, cwd=timing.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().strip().strip("/").rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def solution(folder: Path) -> bytes:
    """Our own solution as a zip."""
    lab = registry.load("mp6")
    found = own_folder.gather(dataclasses.replace(lab, places=("", "models/reference")), timing.ROOT)
    zipping.write(folder / "work.zip", found.files)
    return (folder / "work.zip").read_bytes()


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = cli.parser(__doc__)
    parser.add_argument("--listeners", type=cli.whole_number(1), default=500)
    parser.add_argument("--updates", type=cli.whole_number(1, STUDENTS), default=60, help="one a second")
    parser.add_argument("--uploads", type=cli.whole_number(1, STUDENTS), default=50, help="at once")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        record = Record(Path(name) / "board.sqlite", registry.load("mp6"))
        added = accounts.add(record, [(f"s{k}", "", "student") for k in range(STUDENTS)])
        for k in range(args.updates, STUDENTS):
            end(record, begin(record, f"s{k}"), k / 1000)
        with served(record.path) as (port, pid):
            found = asyncio.run(delays(port, record, args.listeners, args.updates))
            work = solution(Path(name))
            taken = asyncio.run(at_once(port, [token for _, token in added[: args.uploads]], work))
            peak = timing.peak_megabytes(Path(f"/proc/{pid}/status").read_text())
        query = "SELECT count(*) FROM submission JOIN archive USING (sha256)"
        kept = record.connection.execute(query).fetchone()[0]
        record.close()
    cuts = statistics.quantiles(found, n=100)
    rows = [
        ["delay to a listener, median, ms", f"{cuts[49]:.1f}"],
        ["delay to a listener, 99 of 100 within, ms", f"{cuts[98]:.1f}"],
        ["delay to a listener, greatest, ms", f"{max(found):.1f}"],
        [f"uploads of {len(work) / 1e6:.1f} MB at once, taken and kept", f"{sum(s == 202 for s, _ in taken)}, {kept}"],
        ["slowest of them, s", f"{max(seconds for _, seconds in taken):.2f}"],
        ["most memory of the server, MB", f"{peak:.0f}"],
    ]
    print(tables.aligned(rows))
    return 0 if kept == args.uploads else 1


if __name__ == "__main__":
    raise SystemExit(main())
