"""How the programs here measure: in turns, so that other work slows all sides alike, with medians and their range."""

import importlib.metadata
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).parents[1]
T = TypeVar("T")


class Spread(NamedTuple):
    """The median of some values, the least and the greatest."""

    median: float
    least: float
    greatest: float

    def text(self, digits: int = 2, unit: str = "") -> str:
        """Such as "1.21 s (1.05-1.40)"."""
        return f"{self.median:.{digits}f}{unit} ({self.least:.{digits}f}-{self.greatest:.{digits}f})"


def spread(values: Iterable[float]) -> Spread:
    """The spread of one value or more."""
    values = list(values)
    return Spread(statistics.median(values), min(values), max(values))


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """The spread of the ratios within each round."""
    return spread(a / b for a, b in zip(numerators, denominators, strict=True))


def in_turns(sides: Sequence[Callable[[], T]], turns: int) -> list[list[T]]:
    """What each side returns in its turns; after each turn it is the next side's."""
    found = [[side() for side in sides] for _ in range(turns)]
    return [list(results) for results in zip(*found, strict=True)]


def in_rounds(
    sides: Sequence[Callable[[], T]], rounds: int, turns: int, figure: Callable[[list[T]], float]
) -> list[list[float]]:
    """For each side one figure a round, from all that it returns in the turns of that round."""
    found = [[figure(results) for results in in_turns(sides, turns)] for _ in range(rounds)]
    return [list(figures) for figures in zip(*found, strict=True)]


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def process_seconds(*arguments: str, env: Mapping[str, str] | None = None) -> float:
    """How long a Python process takes, with more variables in `env`; CalledProcessError if it fails."""
    command, variables = [sys.executable, *arguments], os.environ | (env or {})
    return seconds(lambda: subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True))


def peak_megabytes(status: str) -> float:
    """The largest resident set so far, from what Linux has in /proc/PID/status."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) / 1024


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def environment() -> dict[str, Any]:
    """What figures depend on besides the code: the processor, the number of threads, versions."""
    from smallnets import modelfile  # brings torch, whose memory would count as that of the processes started here

    found: dict[str, Any] = {"cpu": cpu(), "cores": os.cpu_count()} | modelfile.environment()
    found["versions"]["scikit-learn"] = importlib.metadata.version("scikit-learn")
    return found


def described(found: dict[str, Any]) -> str:
    """What environment() found, in two lines."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"{found['cpu']}, {found['cores']} cores, {found['threads']} threads\n{versions}"
