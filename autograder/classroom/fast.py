"""Long-lived graders, each with a process from which the sandbox's jobs are forked: for practice runs.

The checks are the same, in the container tier. Final grades come from fresh processes (`grading.grade_one`) because
here a grader has graded others before, and jobs share addresses and a hash seed.

Run as `python -m autograder.classroom.fast PARENT`, it reads tasks and answers each with a line, as `grading` does.
"""

import contextlib
import json
import marshal
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

from autograder.classroom import grading
from autograder.registry import ROOT
from autograder.sandbox import tiers
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import Tier
from smallnets import executors

PATIENCE = 5.0  # seconds for a worker to end by itself
LENGTH = 8  # bytes before a task that hold its length, little-endian


class Worker:
    """A grader that is started when it is needed, and again after a failure."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.process: subprocess.Popen[bytes] | None = None
        self.busy = False

    def grade(self, task: dict[str, Any]) -> dict[str, Any]:
        """As `grading.grade_one`."""
        self.busy = True
        try:
            self.process = self.process or self._start()
            content = marshal.dumps(task)
            assert self.process.stdin is not None and self.process.stdout is not None
            self.process.stdin.write(len(content).to_bytes(LENGTH, "little") + content)
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line(self.process.stdout, task["seconds"]))
        except (OSError, ValueError) as error:
            self.end()
            answer = grading.failed(error)
        self.busy = False
        return answer

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "autograder.classroom.fast", str(os.getpid())]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, start_new_session=True)

    def _line(self, file: IO[bytes], seconds: float) -> bytes:
        """The answer; OSError if there is none in time, or the run was stopped."""
        ends, line = time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            if not select.select([file], [], [], executors.LOOK)[0]:
                if self.stop.is_set() or time.monotonic() > ends:
                    raise TimeoutError("the grader was ended before it had an answer")
                continue
            if not (block := os.read(file.fileno(), 2**16)):
                raise OSError("the grader ended without an answer")
            line += block
        return line

    def end(self, patience: float = 0.0) -> None:
        """End the process, if there is one; without tasks, it may take `patience` seconds to end by itself."""
        if self.process is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # its pipe may be closed already
                self.process.communicate(timeout=patience)
            self.process.kill()
            with contextlib.suppress(OSError):
                self.process.communicate()
            self.process = None


class Workers:
    """A function for `scheduler.run` that shares `count` workers among its calling threads."""

    def __init__(self, count: int, stop: threading.Event) -> None:
        self.all = [Worker(stop) for _ in range(count)]
        self.idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self.all:
            self.idle.put(worker)

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        worker = self.idle.get()
        try:
            return worker.grade(task)
        finally:
            self.idle.put(worker)


@contextlib.contextmanager
def workers(count: int, stop: threading.Event) -> Iterator[Workers]:
    """Workers, ended after the block.

    Raises:
        ValueError: this machine lacks the container tier.
    """
    if reason := tiers.unavailable(Tier.CONTAINER):
        raise ValueError(f"expected the container tier, in which --fast runs, on this machine; got: {reason}")
    made = Workers(count, stop)
    try:
        yield made
    finally:
        for worker in made.all:
            worker.end(0.0 if worker.busy else PATIENCE)


def main() -> None:
    """Grade tasks until the input ends."""
    executors.end_with(int(sys.argv[1]))
    tasks, answers = sys.stdin.buffer, sys.stdout
    with launcher() as launch:
        while length := tasks.read(LENGTH):
            task = marshal.loads(tasks.read(int.from_bytes(length, "little")))
            print(json.dumps(grading.graded(task, launch), allow_nan=False), file=answers, flush=True)


if __name__ == "__main__":
    main()
