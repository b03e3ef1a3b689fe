"""Where a program was when its time was over: it writes its calls on stderr shortly before, and the grader reads them.

Nothing here is a defence: students' code may write such lines itself, and no points depend on them.
"""

import faulthandler
import re
import signal
from collections.abc import Mapping
from pathlib import Path

SHARE = 0.9  # of a time limit, after which the calls are written
# of a thread; the innermost call comes first
CALLS = re.compile(r"^(?:Current thread|Thread) 0x.*\(most recent call first\):\n(?:  .*\n?)*\n?", re.MULTILINE)
FRAME = re.compile(r'File "([^"\n]+)", line (\d{1,7})')
LONGEST_LINE = 100


def write_calls(file: int = 2) -> None:
    """Let this process write the calls of all threads on an open file whenever it gets SIGALRM or SIGPROF."""
    if hasattr(signal, "SIGALRM"):  # Windows has no such signals
        for number in (signal.SIGALRM, signal.SIGPROF):
            faulthandler.register(number, file)


def set_timers(cpu_seconds: float, wall_seconds: float) -> None:
    """Send this process these signals shortly before a limit on its time is reached."""
    if hasattr(signal, "SIGALRM"):
        signal.setitimer(signal.ITIMER_PROF, SHARE * cpu_seconds)
        signal.setitimer(signal.ITIMER_REAL, SHARE * wall_seconds)


def split(stderr: str) -> tuple[str, str]:
    """Error output without such calls; and those of the last thread in a student's file, in a traceback's order."""
    own = [calls for calls in CALLS.findall(stderr) if "submission/" in calls]
    return CALLS.sub("", stderr), "\n".join(reversed(own[-1].splitlines())) if own else ""


def line(text: str, files: Mapping[str, Path]) -> str:
    """The innermost line of a traceback that lies in a student's file, as that file has it; "" if there is none."""
    for path, number in reversed(FRAME.findall(text)):
        name = path.rpartition("submission/")[2]
        lines = files[name].read_bytes().decode(errors="replace").splitlines() if name in files else []
        if 0 < int(number) <= len(lines):
            return f"{name}, line {number}: {lines[int(number) - 1].strip()[:LONGEST_LINE]}"
    return ""
