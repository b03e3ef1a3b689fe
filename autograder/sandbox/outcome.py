"""From a job's streams to its cause: evidence of the supervisor and the kernel first, the job's own output last."""

import dataclasses
import re
import signal
from pathlib import Path

from autograder.sandbox.job import Cause, Job, Outcome, Tier, Usage
from autograder.text import printable

STOPPED = {
    "cpu": Cause.CPU_TIME,
    "wall": Cause.WALL_TIME,
    "memory": Cause.OUT_OF_MEMORY,
    "scratch": Cause.OUTPUT_FLOOD,
}
# signals that Windows lacks
SIGKILL, SIGXCPU, SIGXFSZ = (getattr(signal, name, 0) or 10_000 for name in ("SIGKILL", "SIGXCPU", "SIGXFSZ"))
# a line that reports exhausted address space; believed, as a false one only costs its author points
NO_MEMORY = re.compile(r"^(MemoryError|numpy\S*MemoryError|RuntimeError: .*(can't allocate|not enough) memory)", re.M)


SILENT = "the supervisor ended without a report"
NEAR = 0.9  # share of the memory limit from which a kill is taken for the kernel's


@dataclasses.dataclass
class Streams:
    """The bytes of each of `pipes.STREAMS`, cut at its limit; `over` names one that exceeded it."""

    got: dict[str, bytes]
    over: str = ""


def out_of_memory_kills() -> int:
    """How many processes the kernel has killed since the machine's start for lack of memory; 0 if it does not say."""
    try:
        words = Path("/proc/vmstat").read_text(encoding="ascii").split()
        return int(words[words.index("oom_kill") + 1])
    except (OSError, ValueError):
        return 0


def judge(job: Job, tier: Tier, streams: Streams, out_of_memory: bool, kernel_killed: bool) -> Outcome:
    """The outcome of a job.

    Args:
        job: the job.
        tier: its tier.
        streams: its output.
        out_of_memory: the kernel killed one of its processes because all together used too much memory.
        kernel_killed: the kernel killed some process meanwhile because the machine had no memory left.
    """
    stdout, stderr = printable(streams.got["stdout"]), printable(streams.got["stderr"])
    try:
        stopped, exit_code, usage = _report(streams.got["status"])
    except ValueError as fault:
        cause, detail = Cause.GRADER_FAULT, str(fault)
        if detail == SILENT and tier is Tier.UNSAFE:
            cause, detail = Cause.CRASH, f"{SILENT}; in the unsafe tier, a job can end or stop it"
        return Outcome(cause, tier, detail, stdout=stdout, stderr=stderr)
    if out_of_memory and stopped == "-":
        stopped = "memory"
    at_limit = kernel_killed or usage.maxrss > NEAR * job.limits.memory
    cause, detail = _cause(job, streams, stopped, exit_code, usage, at_limit)
    if cause is Cause.EXIT_CODE and NO_MEMORY.search(stderr):
        cause, detail = Cause.OUT_OF_MEMORY, "an allocation failed"
    result = streams.got["result"] if cause is Cause.OK else b""
    return Outcome(cause, tier, detail, result, exit_code, stdout, stderr, usage)


def _report(status: bytes) -> tuple[str, int, Usage]:
    """(why the supervisor ended the job or "-", exit code, usage); raises ValueError if it reports a fault."""
    lines = status.decode().splitlines()
    for line in lines:
        if line.startswith("fault "):
            raise ValueError(line.removeprefix("fault "))
    if not lines:
        raise ValueError(SILENT)
    _, stopped, exit_code, cpu, wall, maxrss = lines[-1].split(" ")
    return stopped, int(exit_code), Usage(float(cpu), float(wall), int(maxrss))


def _cause(job: Job, streams: Streams, stopped: str, exit_code: int, usage: Usage, at_limit: bool) -> tuple[Cause, str]:
    """Cause and detail; the first that applies: ended by the supervisor, by the kernel, by itself.

    `at_limit` says that memory, its own or the machine's, was used up, so that a kill was surely the kernel's.
    """
    got = len(streams.got["result"])
    if streams.over == "output":
        return Cause.OUTPUT_FLOOD, f"more than {job.limits.output} bytes on stdout and stderr"
    if streams.over == "result":
        return Cause.PROTOCOL, f"expected {job.result_bytes} bytes of result, got more"
    if stopped in STOPPED:
        return STOPPED[stopped], f"the whole job exceeded its limit: {stopped}"
    if stopped != "-":
        return Cause.GRADER_FAULT, f"ended for a reason outside the job: {stopped}"
    if exit_code == -SIGXCPU or (exit_code == -SIGKILL and usage.cpu_seconds >= job.limits.cpu_seconds):
        return Cause.CPU_TIME, "one process was over the limit"
    if exit_code == -SIGKILL and at_limit:
        return Cause.OUT_OF_MEMORY, "killed while its memory or the machine's was used up"
    if exit_code == -SIGXFSZ:
        return Cause.OUTPUT_FLOOD, "one file was over the limit"
    if exit_code < 0:
        return Cause.CRASH, f"signal {-exit_code} ({signal.strsignal(-exit_code)})"
    if exit_code:
        return Cause.EXIT_CODE, f"exit code {exit_code}"
    if got != job.result_bytes:
        return Cause.PROTOCOL, f"expected {job.result_bytes} bytes of result, got {got}"
    return Cause.OK, ""
