"""The targets of an attack, passed by the replay, and its ways to report success."""

import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

AIM: dict[str, Any] = json.loads(sys.argv[1])
SECRET = re.compile(rb"SECRET-[0-9a-f]{32}")
SCRATCH = os.environ["TMPDIR"]
HELD: list[socket.socket] = []


def reached(what: object) -> None:
    """Report that the attack succeeded."""
    print("REACHED", what, flush=True)


def spill(data: bytes) -> None:
    """Print the secrets in some bytes, for the replay to recognise."""
    for secret in set(SECRET.findall(data)):
        print(secret.decode(), flush=True)


def read(path: str) -> bytes:
    """A file, empty if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def fill_sockets() -> int:
    """Fill as many pairs of sockets as this process may open; returns the number of bytes in them."""
    size = 0
    try:
        while True:
            for one in socket.socketpair():
                HELD.append(one)
                one.setblocking(False)
                try:
                    while True:
                        size += one.send(bytes(4096))
                except BlockingIOError:
                    pass
    except OSError:
        return size


def hold_in_children(fill: Callable[[], int], seconds: float) -> None:
    """Let children fill something, in all more than the limit on memory, and report if it can be held for a while."""
    read_end, write_end = os.pipe()
    size = 0
    for _ in range(AIM["processes"] - 2):
        if os.fork() == 0:
            os.write(write_end, b"%16d" % fill())
            time.sleep(60)
        size += int(os.read(read_end, 16))
        if size > AIM["memory"]:
            break
    time.sleep(seconds)
    if size > AIM["memory"]:
        reached(size)
    os.killpg(0, signal.SIGKILL)
