"""Start jobs by forking a clean process that has imported their libraries, in a tenth of the time.

Everything else is the same: the same supervisor sets up user, limits, files, system calls and monitoring. A `launcher`
serves the jobs of one submission, which run one student's code. Unlike jobs that are started as programs, they share

* the addresses of libraries and the hash seed; so each submission gets a process of its own;
* imported modules, in memory that is copied when a job writes to it. No job writes to the process that it is forked
  from, nor to anything that this process has open or mapped, so what `fit` has learned, say, does not reach `evaluate`.
  A job can change no more than the time that the next one takes to read a page which was swapped out;
* in the full tier, if an ordinary user grades: the user namespace, in which none of them has a right.

A control group counts only those pages of the imported modules that a job writes to.
"""

import contextlib
import dataclasses
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from autograder.sandbox import bubblewrap, container, supervisor, zygote
from autograder.sandbox.fds import HELD_FD
from autograder.sandbox.job import MB, Job, Limits, environment
from autograder.sandbox.launch_spec import LaunchSpec
from autograder.sandbox.pipes import Process
from autograder.sandbox.run import Launch, start

PATIENCE = 120.0  # seconds for the imports, on a busy machine
ENDING = 5.0  # seconds for a process without work to end by itself
ROOM = 256 * MB  # least address space left for a job
ZYGOTE = (
    "import sys, marshal; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.zygote import become_zygote; "
    "become_zygote(*marshal.loads(bytes.fromhex(sys.argv[2])))"
)


class Forked:
    """A supervisor that the zygote has forked, seen through its pidfd."""

    def __init__(self, file: int) -> None:
        self.file = file

    def poll(self) -> int | None:
        """0 once it has ended, as its exit code is unknown."""
        return 0 if select.select([self.file], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and close its pidfd; raises subprocess.TimeoutExpired after the timeout."""
        if not select.select([self.file], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("supervisor", timeout or 0.0)
        os.close(self.file)
        return 0

    def kill(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.file, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Zygote:
    """A process that jobs are forked from.

    Args:
        process: it, or the program that has started it and ends with it.
        channel: a socket to it.
        threads: the setting of its numerical libraries, as in `LaunchSpec.env`.
        size: bytes of its address space.
        user_namespace: an open file.
    """

    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    threads: dict[str, str]
    size: int
    user_namespace: int

    def can_fork(self, spec: LaunchSpec) -> bool:
        """Whether it lives, and a job's settings and limits are such that it may be forked from this process."""
        room = spec.rlimits["RLIMIT_AS"][0] >= self.size + ROOM
        return room and self.threads == threads(spec) and self.process.poll() is None

    def launch(self, spec: LaunchSpec, pipes: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Process:
        """Start a job that is forked from it, see `run.Launch`."""
        if spec.command:
            command = bubblewrap.joining(spec.command, self.user_namespace)
            return start(
                dataclasses.replace(spec, command=command), pipes, files, (self.channel.fileno(), self.user_namespace)
            )
        return self._fork(pipes, files)

    def _fork(self, theirs: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Forked:
        """Fork a supervisor with these open files; OSError if the zygote ends or hangs."""
        sent = [theirs[name].fileno() for name in ("control", "status", "stdout", "stderr", "result")]
        sent += [file.fileno() for file in files]
        socket.send_fds(self.channel, [marshal.dumps(sent)], sent)
        answers = select.select([self.channel], [], [], supervisor.PATIENCE)[0]
        received = socket.recv_fds(self.channel, 64, 1)[1] if answers else []
        if not received:
            raise OSError("the process that jobs are forked from has ended or does not answer")
        return Forked(received[0])


def threads(spec: LaunchSpec) -> dict[str, str]:
    """The setting of numerical libraries, which read it when they are imported."""
    return {name: value for name, value in spec.env.items() if name.endswith("_NUM_THREADS")}


@contextlib.contextmanager
def launcher() -> Iterator[Launch]:
    """A launcher for `run.run` while the block lasts, for the jobs of one submission, one at a time.

    The process to fork from is started at the first job of a safe tier that names imports, and again if it has ended. A
    job that cannot be forked is started as a program: one with less address space than the libraries need, say.
    """
    zygotes: dict[tuple[bool, tuple[str, ...]], Zygote | None] = {}
    with contextlib.ExitStack() as stack:

        def launch(spec: LaunchSpec, pipes: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Process:
            if not (spec.imports and spec.confined and zygote.program(spec.argv[1:])):
                return start(spec, pipes, files)
            key = bool(spec.command), spec.imports
            known = zygotes.get(key)
            if key not in zygotes or (known and known.process.poll() is not None):
                zygotes[key] = None  # where none can be had, jobs are as confined, but take longer
                with contextlib.suppress(OSError):
                    zygotes[key] = known = stack.enter_context(_started(spec))
            if known and known.can_fork(spec):
                with contextlib.suppress(BrokenPipeError):  # it has ended since
                    return known.launch(spec, pipes, files)
            return start(spec, pipes, files)

        yield launch


@contextlib.contextmanager
def _started(spec: LaunchSpec) -> Iterator[Zygote]:
    """A process to fork jobs like this one from, ended after the block.

    Raises:
        OSError: it does not start, shares memory that jobs could write to, or has several threads.
    """
    before = bubblewrap.forking(spec.uid) if spec.command else []
    python, more, held = container.interpreter() if not spec.command else (sys.executable, {}, [])
    env = environment(Job([], limits=Limits(threads=int(spec.env["OMP_NUM_THREADS"]))), "/nonexistent", more)
    argv = [python, "-s", "-c", zygote.START, spec.root, str(HELD_FD + len(held)), *spec.imports]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, contextlib.ExitStack() as stack:
        with theirs:
            numbers = [*(_opened(path, stack) for path in held), theirs.fileno()]
            process = subprocess.Popen(
                [*before, sys.executable, "-I", "-S", "-c", ZYGOTE, spec.root,
                 marshal.dumps((python, argv, env, numbers)).hex()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=numbers,
                cwd="/", env={}, start_new_session=True,
            )  # fmt: skip
        stack.callback(_end, process, ours)
        if not select.select([ours], [], [], PATIENCE)[0]:
            raise TimeoutError("the process to fork jobs from is not ready in time")
        message, received, _, _ = socket.recv_fds(ours, 2**16, 1)
        if not received:
            raise OSError("the process to fork jobs from has ended")
        stack.callback(os.close, received[0])
        unfit, size = marshal.loads(message)
        if unfit:
            raise OSError(f"expected a process of one thread whose memory is its own, to fork jobs from; got: {unfit}")
        yield Zygote(process, ours, threads(spec), size, received[0])


def _opened(path: str, stack: contextlib.ExitStack) -> int:
    """A folder, open until the stack is closed."""
    file = os.open(path, os.O_PATH)
    stack.callback(os.close, file)
    return file


def _end(process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
    """End a zygote, by closing its channel."""
    channel.close()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
