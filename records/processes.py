"""What a whole `python mp6.py --part K --max_iter 50` costs: time against a bare `import torch`, and memory."""

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from records import timing

STATUS = "import mp6; mp6.main({arguments!r}); print(open('/proc/self/status').read())"


def arguments(part: int, dataset: Path, models: Path) -> list[str]:
    """mp6.py's arguments, for as many threads as this process has."""
    options = [f"--part={part}", "--max_iter=50", f"--threads={torch.get_num_threads()}", "--quiet"]
    return [*options, f"--dataset={dataset}", f"--models={models}"]


def times(parts: Sequence[int], dataset: Path, models: Path, turns: int) -> dict[int | None, list[float]]:
    """Seconds of each part's process, and of a bare import under None; all take one turn after another."""
    commands = {None: ["-c", "import torch"]} | {part: ["mp6.py", *arguments(part, dataset, models)] for part in parts}
    sides = [functools.partial(timing.process_seconds, *command) for command in commands.values()]
    return dict(zip(commands, timing.in_turns(sides, turns), strict=True))


def multiple(found: dict[int | None, list[float]], part: int) -> float:
    """How many bare imports a part takes, the median of the turns."""
    return timing.ratios(found[part], found[None]).median


def peak_memory(part: int, dataset: Path, models: Path) -> float | None:
    """The most memory that a part's process ever held, in MB; None where the system does not say (not Linux).

    The process reads its own record, as what wait4 reports of a child includes its parent's.
    """
    if not Path("/proc/self/status").exists():
        return None
    command = STATUS.format(arguments=arguments(part, dataset, models))
    done = subprocess.run([sys.executable, "-c", command], cwd=timing.ROOT, check=True, capture_output=True, text=True)
    return timing.peak_megabytes(done.stdout)
