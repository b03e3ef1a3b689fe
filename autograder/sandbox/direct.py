"""Run a job as a plain program on any system, for the code's own author: it has all of the user's rights."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.sandbox.copy_in import copy_job_files, remove
from autograder.sandbox.fds import INPUT_FD, RESULT_FD
from autograder.sandbox.job import Job, Outcome, Tier, environment
from autograder.sandbox.outcome import Streams, judge, out_of_memory_kills

# opens input and result under the numbers that a job expects, as not every system can pass open files
START = f"""
import json, os, runpy, sys
given, result, limits, *argv = sys.argv[1:]
binary = getattr(os, "O_BINARY", 0)
for path, flags, number in ((given, os.O_RDONLY, {INPUT_FD}), (result, os.O_WRONLY, {RESULT_FD})):
    opened = os.open(path, flags | binary)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
try:
    import resource
    for name, pair in json.loads(limits).items():
        resource.setrlimit(getattr(resource, name), tuple(pair))
except (ImportError, AttributeError, ValueError, OSError):
    pass  # limits that this system does not have
while argv[0].startswith("-") and argv[0] not in ("-m", "-c"):
    del argv[0]
way, *sys.argv = argv if argv[0] in ("-m", "-c") else ["", *argv]
if way == "-c":
    code, sys.argv[0] = sys.argv[0], "-c"
    exec(compile(code, "<string>", "exec"), {{"__name__": "__main__"}})
elif way == "-m":
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
# limits of one process; a limit on the number of processes would count all of the user's
KEPT = ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE")


def run(job: Job) -> Outcome:
    """Run a job; only its limits on time, output and file sizes hold, on Windows only time and output.

    Raises:
        ValueError: files that may not be shown to a job, see `copy_in.copy_job_files`.
        OSError: the disk fails.
    """
    kills = out_of_memory_kills()
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="check-job-"))
        stack.callback(remove, folder)
        for name in ("files", "scratch"):
            (folder / name).mkdir()
        copy_job_files(job.files, folder / "files")
        (folder / "input").write_bytes(job.input)
        (folder / "result").touch()
        streams = _run(job, folder)
    return judge(job, Tier.UNSAFE, streams, False, out_of_memory_kills() > kills)


def _run(job: Job, folder: Path) -> Streams:
    limits = {name: pair for name, pair in job.limits.rlimits().items() if name in KEPT}
    paths = [str(folder / name) for name in ("input", "result")]
    command = [sys.executable, "-s", "-c", START, *paths, json.dumps(limits), *job.argv]
    own = {"PATH": os.environ.get("PATH", os.defpath)}
    env = os.environ | environment(job, str(folder / "scratch"), own)
    started, cpu = time.monotonic(), _children()[0]
    with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
        process = subprocess.Popen(
            command, cwd=folder / "files", env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True,
        )  # fmt: skip
        stopped = "-"
        try:
            code = process.wait(job.limits.wall_seconds)
        except subprocess.TimeoutExpired:
            stopped = "wall"
        finally:
            _kill(process)
        code = process.wait()
    wall, (spent, largest) = time.monotonic() - started, _children()
    printed = {name: _start(folder / name, job.limits.output + 1) for name in ("stdout", "stderr")}
    result = _start(folder / "result", job.result_bytes + 1)
    flood = sum(map(len, printed.values())) > job.limits.output
    over = "output" if flood else "result" if len(result) > job.result_bytes else ""
    status = f"ended {stopped} {code} {spent - cpu:.3f} {wall:.3f} {largest}"
    return Streams(got={**printed, "result": result, "status": status.encode()}, over=over)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the program and, if the system has process groups, all processes that it started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, 9)
        else:
            process.kill()


def _start(path: Path, most: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def _children() -> tuple[float, int]:
    """CPU seconds of all ended programs, and the largest resident set in bytes; 0 if the system does not count."""
    try:
        import resource
    except ModuleNotFoundError:
        return 0.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
