"""A board is two processes: one serves pages and has no labels; the other grades and cannot be reached from outside."""

import argparse
import datetime
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import FrameType

from autograder.registry import ROOT
from smallnets import executors

AGAIN = 5.0  # seconds before a grader that ended is started again
LOOK = 0.2


def commands(args: argparse.Namespace, seed: int) -> tuple[list[str], list[str]]:
    """The command lines of the server and of the grader; the server's does not name the staff's folder."""
    start = [sys.executable, "-m", "autograder"]
    both = ["--lab", args.lab, "--db", str(args.db.resolve())]
    server = [*start, "serve", *both, "--no-grading", "--host", args.host, "--port", str(args.port)]
    if args.deadline is not None:
        server += ["--deadline", datetime.datetime.fromtimestamp(args.deadline, datetime.UTC).isoformat()]
    for option in ("uploads", "cool_down", "proxy", "rank_by"):
        if (value := getattr(args, option)) not in (None, ""):
            server += [f"--{option.replace('_', '-')}", str(value)]
    server += ["--final"] * args.final
    grader = [*start, "class", "--watch", *both, "--seed", str(seed), "--workers", str(args.workers)]
    if args.staff is not None:
        grader += ["--staff", str(args.staff.resolve())]
    return server, [*grader, *["--i-trust-this"] * args.i_trust_this]


def run(server: Sequence[str], grader: Sequence[str]) -> int:
    """Run both until told to stop; the grader is started again if it ends. Returns the server's exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="board-") as folder:  # the server may write there
        return _run(server, grader, os.environ | {"TMPDIR": folder})


def _run(server: Sequence[str], grader: Sequence[str], for_server: dict[str, str]) -> int:
    processes = [_start(server, for_server), _start(grader)]
    due = 0.0
    try:
        while (code := processes[0].poll()) is None:
            if processes[1].poll() is not None and not due:
                print(
                    f"the grader ended with exit code {processes[1].returncode}; new start in {AGAIN:g} s", flush=True
                )
                due = time.monotonic() + AGAIN
            if due and time.monotonic() > due:
                processes[1], due = _start(grader), 0.0
            time.sleep(LOOK)
        return code
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _start(command: Sequence[str], env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    end = functools.partial(executors.end_with, os.getpid())
    # a session of its own, so that Ctrl-C reaches only this process, which ends both
    return subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True, preexec_fn=end)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
