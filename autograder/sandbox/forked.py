"""Start jobs of the container tier by forking a process that has imported torch, in a tenth of the time.

Everything else is the same: the same supervisor sets up user, limits, files, system calls and monitoring as in the
container tier. For practice runs; `zygote.py` lists the things that forked jobs share.
"""

import contextlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from autograder.sandbox import container, zygote
from autograder.sandbox.fds import HELD_FD
from autograder.sandbox.job import MB, Job, environment
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec
from autograder.sandbox.pipes import Process
from autograder.sandbox.run import Launch, start

IMPORTS = ("numpy", "torch", "torch._dynamo")  # the last takes a second at the first step of an optimiser
PATIENCE = 120.0  # seconds for the imports, on a busy machine
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


@contextlib.contextmanager
def launcher() -> Iterator[Launch]:
    """A launcher for `run.run`, with a zygote while the block lasts: for jobs of the container tier, one at a time.

    Jobs with less address space than torch needs, or another number of threads, are started as usual.

    Raises:
        OSError: the container tier is unavailable, or the zygote does not start.
    """
    if reason := container.missing():
        raise OSError(reason)
    python, more, held = container.interpreter()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, contextlib.ExitStack() as stack:
        with theirs:
            folders = [os.open(path, os.O_PATH) for path in held]
            env = environment(Job([]), "/nonexistent", more)
            root, number = str(PACKAGE.parent), HELD_FD + len(held)
            argv = [python, "-s", "-c", zygote.START, root, str(number), *IMPORTS]
            numbers = [*folders, theirs.fileno()]
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", ZYGOTE, root, marshal.dumps((python, argv, env, numbers)).hex()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=numbers, cwd="/", env={},
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            for folder in folders:
                os.close(folder)
        ours.settimeout(PATIENCE)
        shared, size = marshal.loads(ours.recv(2**16) or marshal.dumps(("its end", 0)))
        if shared:
            raise OSError(f"expected a process whose memory is its own, to fork jobs from; got: {shared}")

        def launch(spec: LaunchSpec, pipes: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Process:
            threads = all(spec.env[name] == value for name, value in env.items() if name.endswith("_NUM_THREADS"))
            if threads and spec.rlimits["RLIMIT_AS"][0] >= size + ROOM and zygote.program(spec.argv[1:]):
                return _fork(ours, spec, pipes, files)
            return start(spec, pipes, files)

        yield launch


def _fork(channel: socket.socket, spec: LaunchSpec, theirs: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Forked:
    """Fork a supervisor with these open files; OSError if the zygote has ended."""
    if spec.uid is None or spec.readable is None or not spec.confined:
        raise OSError("expected a job of the container tier, as only there a fork is as confined as a program")
    sent = [theirs[name].fileno() for name in ("control", "status", "stdout", "stderr", "result")]
    sent += [file.fileno() for file in files]
    socket.send_fds(channel, [marshal.dumps(sent)], sent)
    _, received, _, _ = socket.recv_fds(channel, 64, 1)
    if not received:
        raise OSError("the process that jobs are forked from has ended")
    return Forked(received[0])
