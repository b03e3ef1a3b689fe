"""Targets for attacks: labels, results, a grader with secrets, a process of another user."""

import contextlib
import dataclasses
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder.sandbox.copy_in import remove

N_LABELS = 16
NOBODY = 65534
GRADER = """
import socket, sys
secret = sys.stdin.readline().strip()  # in memory only
tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)
tcp.bind(("127.0.0.1", 0))
tcp.listen()
if sys.platform == "linux":
    unix.bind("\\0" + sys.argv[1])
    unix.listen()
import selectors
selector = selectors.DefaultSelector()
for listener in (tcp, unix) if sys.platform == "linux" else (tcp,):
    selector.register(listener, selectors.EVENT_READ)
print(tcp.getsockname()[1], flush=True)
while True:
    for key, _ in selector.select():
        connection, _ = key.fileobj.accept()
        connection.sendall(secret.encode())
        connection.close()
"""


def secret() -> str:
    """A word that cannot be guessed, and is recognised wherever it appears."""
    return f"SECRET-{secrets.token_hex(16)}"


@dataclasses.dataclass(frozen=True)
class Bystanders:
    """Files and processes that an attack may not read, change, stop or kill."""

    folder: Path
    labels: np.ndarray
    secrets: tuple[str, ...]
    grader: subprocess.Popen
    other: subprocess.Popen
    port: int
    token: str

    @property
    def key(self) -> int:
        """A key for shared memory that no one else uses."""
        return int(self.token[-7:], 16)

    @property
    def labels_file(self) -> Path:
        return self.folder / "labels.bin"

    @property
    def results_file(self) -> Path:
        return self.folder / "results.json"

    def write(self) -> None:
        """Write labels and results, open to every user: only a sandbox protects them."""
        self.labels_file.write_bytes(self.labels.tobytes() + self.secrets[0].encode())
        self.results_file.write_text("{}")
        self.labels_file.chmod(0o644)
        self.results_file.chmod(0o666)

    def harm(self) -> list[str]:
        """The harm that was done to them, one line each."""
        found = []
        if self.labels_file.read_bytes() != self.labels.tobytes() + self.secrets[0].encode():
            found.append("the labels were changed")
        if self.results_file.read_text() != "{}":
            found.append("results.json was changed")
        for process, name in ((self.grader, "the grader"), (self.other, "a process of another user")):
            if process.poll() is not None:
                found.append(f"{name} was killed")
            elif _state(process.pid) in "tT":
                found.append(f"{name} was stopped")
        return found


def _state(pid: int) -> str:
    """One letter of man 5 proc; "?" where there is no /proc."""
    path = Path(f"/proc/{pid}/stat")
    return path.read_text().rpartition(")")[2].split()[0] if path.exists() else "?"


@contextlib.contextmanager
def bystanders() -> Iterator[Bystanders]:
    """Bystanders, removed after the block."""
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    folder.chmod(0o755)
    words = (secret(), secret(), secret(), secret())
    token = f"attack{secrets.token_hex(8)}"
    labels = np.random.default_rng().integers(0, 2**40, N_LABELS)
    user = NOBODY if os.geteuid() == 0 else None
    with contextlib.ExitStack() as stack:
        stack.callback(remove, folder)
        grader = stack.enter_context(_program(GRADER, folder.name, {"KEY": words[1]}, None))
        assert grader.stdin is not None and grader.stdout is not None
        grader.stdin.write(words[2].encode() + b"\n")
        grader.stdin.flush()
        port = int(grader.stdout.readline())
        other = stack.enter_context(_program("import time; time.sleep(600)", "", {"KEY": words[3]}, user))
        made = Bystanders(folder, labels, words, grader, other, port, token)
        made.write()
        yield made


@contextlib.contextmanager
def _program(source: str, argument: str, env: dict[str, str], user: int | None) -> Iterator[subprocess.Popen]:
    """A Python process, killed after the block; it becomes `user` after its start, as that user may have no Python."""
    become = f"import os; os.setresuid({user}, {user}, {user})\n" if user is not None else ""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", become + source, argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
