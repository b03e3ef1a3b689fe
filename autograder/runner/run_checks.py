"""Inside the sandbox: run check functions on a submission, each in a process of its own.

So a check that never ends, or ends the program, costs only its own points, and its changes to the student's modules do
not reach the next check.
"""

import importlib
import os
import random
import select
import signal
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.explanations import spent, where
from autograder.runner import channel, student_module, whereabouts
from autograder.runner.protocol import MOST_TEXT, Blob, Layout
from autograder.sandbox.job import Cause, Usage
from smallnets.cli import StudentError
from smallnets.student import student_code

PATIENCE = 2.0  # seconds for a process that is to say where it is
PAUSE = 0.5  # seconds without another piece, after which they are complete
MOST_CALLS = 2**16  # bytes of them


def layout(n: int) -> Layout:
    """The layout of the message on n checks."""
    return [Blob("problems", 2 * MOST_TEXT * max(4, n))]


def generator(seed: int, name: str) -> np.random.Generator:
    """The check's own generator; it also seeds the global ones, which students' code may use."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    random.seed(int(rng.integers(2**32)))
    np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002, as students draw from it
    if torch := sys.modules.get("torch"):
        torch.manual_seed(int(rng.integers(2**32)))
    return rng


def outcome(check: Callable[[Any, np.random.Generator], None], that: Any, seed: int) -> str:
    """The problem that a check finds, "" if it passes."""
    problems: dict[str, str] = {}
    with student_module.noted(problems, ""), student_code(student_module.SUBMISSION.absolute()):
        check(that, generator(seed, check.__name__))
    return problems.get("", "").removeprefix("AssertionError: ")


def in_a_process(compute: Callable[[], str], seconds: float) -> str:
    """The text that `compute` returns in a process of its own, or why that process failed.

    Windows cannot fork: there it runs in this process, and if it never ends, the whole job is ended.
    """
    if not hasattr(os, "fork"):
        return compute()
    ours, theirs = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(ours)
        whereabouts.write_calls(theirs)
        text = compute()
        os.write(theirs, b"." + text.encode(errors="replace")[: 4 * MOST_TEXT])  # less than a pipe holds
        os._exit(0)
    os.close(theirs)
    ends, data = time.monotonic() + seconds, b""
    while select.select([ours], [], [], max(0, ends - time.monotonic()))[0]:
        if not (block := os.read(ours, 2**16)):
            break
        data += block
    else:
        data += calls_of(pid, ours)
        os.kill(pid, signal.SIGKILL)
    os.close(ours)
    _, status, usage = os.wait4(pid, 0)
    code, cpu_seconds = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
    text = data.decode(errors="replace")
    if text.startswith("."):
        return text[1:]
    if time.monotonic() >= ends:
        files = {path.name: path for path in student_module.SUBMISSION.absolute().rglob("*.py")}
        place = whereabouts.line(whereabouts.split(text)[1], files)
        at = where(place, Cause.WALL_TIME, Usage(cpu_seconds, seconds))
        return f"expected the check to end within {seconds:g} seconds, got no end\n{at}{spent(cpu_seconds, seconds)}"
    return f"expected the code to return to its caller, got a program that ended with exit code {code}"


def calls_of(pid: int, file: int) -> bytes:
    """What a process that does not end writes when it is asked for its calls; b"" if it does not answer."""
    os.kill(pid, signal.SIGALRM)
    data = b""
    # it writes them piece by piece, and no mark at the end
    while len(data) < MOST_CALLS and select.select([file], [], [], PAUSE if data else PATIENCE)[0]:
        if not (block := os.read(file, 2**16)):
            break
        data += block
    return data


def main() -> None:
    """Import the student's files, run the checks, return their problems."""
    arrays = channel.read_arrays()
    names = [str(name) for name in arrays["names"]]
    problems: dict[str, str] = {}
    checks = importlib.import_module(sys.argv[1])
    folder = str(student_module.SUBMISSION.absolute())
    sys.path.insert(0, folder)
    try:
        with student_code(folder):
            that = checks.load()
    except StudentError as error:
        problems["load"] = str(error).replace(folder + os.sep, "")
        names = []
    for name in names:
        problems[name] = in_a_process(
            lambda name=name: outcome(getattr(checks, name), that, int(arrays["seed"])),  # type: ignore[misc]
            float(arrays["seconds"]),
        )
    channel.hand_back(layout(len(arrays["names"])), {}, problems)


if __name__ == "__main__":
    main()
