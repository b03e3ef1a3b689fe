"""Start jobs of the container tier by forking a process that has imported torch, at a tenth of the time.

Nothing else is different: user, limits, files, system calls and watch are those of the container tier, as the same
supervisor sets them up. For practice runs; `zygote.py` says what a forked job shares with others.
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
from autograder.sandbox.job import MB, Job
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec, environment
from autograder.sandbox.pipes import Process
from autograder.sandbox.run import Launch, start

IMPORTS = ("numpy", "torch", "torch._dynamo")  # the last takes a second, at a program's first step of an optimiser
PATIENCE = 120.0  # seconds that importing may take, on a machine that has much else to do
ROOM = 256 * MB  # of address space, that a job must be left with
PLACE = "import sys, marshal; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.zygote import place; " + (
    "place(*marshal.loads(bytes.fromhex(sys.argv[2])))"
)


class Forked:
    """A supervisor that the zygote has forked, seen through its pidfd."""

    def __init__(self, file: int) -> None:
        self.file = file

    def poll(self) -> int | None:
        """0 once it has ended, as nothing tells its exit code."""
        return 0 if select.select([self.file], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; subprocess.TimeoutExpired after the timeout. It is forgotten then."""
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
    """A zygote while the block lasts, as `run.run` takes it: for jobs of the container tier, one at a time.

    What cannot be the same in a fork is started as always: less address space than torch needs, or other threads.

    Raises:
        OSError: the container tier is not to be had, or the zygote does not start.
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
                [sys.executable, "-I", "-S", "-c", PLACE, root, marshal.dumps((python, argv, env, numbers)).hex()],
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
    """A supervisor that has these open files; OSError if the zygote has ended."""
    if spec.uid is None or spec.readable is None or not spec.confined:
        raise OSError("expected a job of the container tier, as only there a fork is as confined as a program")
    sent = [theirs[name].fileno() for name in ("control", "status", "stdout", "stderr", "result")]
    sent += [file.fileno() for file in files]
    socket.send_fds(channel, [marshal.dumps(sent)], sent)
    _, received, _, _ = socket.recv_fds(channel, 64, 1)
    if not received:
        raise OSError("the process that jobs are forked from has ended")
    return Forked(received[0])
