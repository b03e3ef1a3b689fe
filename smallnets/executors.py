"""Where work is done that takes long: in processes of this machine, or on a Dask cluster; each task in a fresh process.

Both are `concurrent.futures` executors, so whoever submits tasks need not know which it is. What is submitted to a
cluster must be importable there, from a checkout like this one, and be given and return plain data.
"""

import argparse
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK = 0.2  # seconds between two looks at whether to stop
TAIL = 1000  # characters of a failed program's error output that are told


@dataclass(frozen=True)
class Crew:
    """An executor, and how many tasks it should have at hand: those that run, and on a cluster the next ones."""

    executor: Executor
    slots: Callable[[], int]


@contextlib.contextmanager
def local(workers: int) -> Iterator[Crew]:
    """Threads of this process, which `fresh` keeps waiting for processes."""
    executor = ThreadPoolExecutor(workers)
    try:
        yield Crew(executor, lambda: workers)
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def cluster(address: str, ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> Iterator[Crew]:
    """The workers of a Dask scheduler, reached with TLS only: whoever reaches a scheduler without it runs code there.

    Args:
        address: such as tls://node1:8786.
        ca, cert, key: files of the certificates, as Dask's Security takes them; left out, those of Dask's settings.

    Raises:
        ValueError: another kind of address.
        ModuleNotFoundError: the extra [cluster] is not installed.
        OSError: no scheduler there, or no such certificate.
    """
    if not address.startswith("tls://"):
        raise ValueError(f"expected the address of a scheduler with TLS, such as tls://HOST:8786, got {address}")
    from distributed import Client, Security

    files = {"tls_ca_file": ca, "tls_client_cert": cert, "tls_client_key": key}
    given = {name: str(path) for name, path in files.items() if path is not None}
    security = Security(require_encryption=True, **given)
    if security.get_connection_args("client")["ssl_context"] is None:
        raise ValueError("expected --tls-ca, --tls-cert and --tls-key, or Dask's settings to name them, got too few")
    with Client(address, security=security, set_as_default=False) as client:
        # one more for each that runs, so that no worker waits for the network
        yield Crew(client.get_executor(pure=False, retries=0), lambda: max(1, 2 * sum(client.nthreads().values())))


@contextlib.contextmanager
def chosen(args: argparse.Namespace, workers: int) -> Iterator[Crew]:
    """The cluster that the options of `add_arguments` name, else `workers` processes of this machine."""
    if args.scheduler is None:
        with local(workers) as crew:
            yield crew
    else:
        with cluster(args.scheduler, args.tls_ca, args.tls_cert, args.tls_key) as crew:
            yield crew


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name a cluster."""
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, tls://HOST:PORT")
    for name, what in (("ca", "authority"), ("cert", "client's certificate"), ("key", "client's key")):
        parser.add_argument(f"--tls-{name}", type=Path, metavar="FILE", help=f"{what}, if Dask's settings name none")


def fresh(
    command: Sequence[str], given: bytes = b"", seconds: float | None = None, stop: threading.Event | None = None,
    cwd: Path | None = None, show: bool = False,
) -> bytes:  # fmt: skip
    """The output of a Python program, which gets the id of this process as its last argument, for `end_with`.

    Args:
        command: the interpreter's arguments.
        given: its standard input.
        seconds: after which it is ended.
        stop: ends it when set.
        cwd: where it starts.
        show: let it print where this process does; nothing is returned then.

    Raises:
        OSError: it ended otherwise than with exit code 0, or was ended.
    """
    ends = time.monotonic() + (seconds or float("inf"))
    words = [sys.executable, *command, str(os.getpid())]
    out_to = None if show else subprocess.PIPE
    with tempfile.TemporaryFile() as source:
        # no pipe: after a timeout, communicate() does not go on with an input that is larger than a pipe holds
        source.write(given)
        source.seek(0)
        # a session of its own, so that Ctrl-C comes to us alone
        process = subprocess.Popen(words, stdin=source, stdout=out_to, stderr=out_to, cwd=cwd, start_new_session=True)
    with process:
        while True:
            try:
                out, errors = process.communicate(timeout=LOOK)
                break
            except subprocess.TimeoutExpired:
                if (stop is not None and stop.is_set()) or time.monotonic() > ends:
                    process.kill()
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        tail = (errors or b"").decode(errors="replace")[-TAIL:].strip()
        raise OSError(f"{' '.join(command)} ended with {process.returncode}{f': {tail}' if tail else ''}")
    return out or b""


def end_with(parent: int) -> None:
    """Let this process be killed when the one that has started it ends, as far as the system can do that (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)
