"""The targets of an attack, passed by the replay, and its ways to report success."""

import json
import os
import re
import sys
from typing import Any

AIM: dict[str, Any] = json.loads(sys.argv[1])
SECRET = re.compile(rb"SECRET-[0-9a-f]{32}")
SCRATCH = os.environ["TMPDIR"]


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
