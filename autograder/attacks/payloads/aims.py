"""What an attack aims at, handed over by the replay, and how it says that it got there."""

import json
import os
import re
import sys
from typing import Any

AIM: dict[str, Any] = json.loads(sys.argv[1])
SECRET = re.compile(rb"SECRET-[0-9a-f]{32}")
SCRATCH = os.environ["TMPDIR"]


def reached(what: object) -> None:
    """Say that the attack got where it wanted."""
    print("REACHED", what, flush=True)


def spill(data: bytes) -> None:
    """Print the secrets in some bytes, for the replay to know again."""
    for secret in set(SECRET.findall(data)):
        print(secret.decode(), flush=True)


def read(path: str) -> bytes:
    """A file, empty if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
