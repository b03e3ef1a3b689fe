"""Run one job in one tier and say what came of it."""

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

from autograder.sandbox import bubblewrap, container, supervisor, uids, unsafe
from autograder.sandbox.job import Cause, Job, Outcome, Tier
from autograder.sandbox.launch_spec import LaunchSpec
from autograder.sandbox.outcome import judge
from autograder.sandbox.pipes import STREAMS, Process, collect
from autograder.sandbox.usage import of_user
from autograder.sandbox.workspace import Place, place
from smallnets import faults

TIERS = {Tier.FULL: bubblewrap, Tier.CONTAINER: container, Tier.UNSAFE: unsafe}
GRACE = 20.0  # seconds that a supervisor may take beyond the job's wall time before it is given up


# (spec, the other ends of its pipes by name, input and files of control groups) -> the supervisor, which has these
# files open and finds the spec in the control pipe
Launch = Callable[[LaunchSpec, dict[str, IO[bytes]], list[IO[bytes]]], Process]


def run(job: Job, tier: Tier, trust: bool = False, launch: Launch | None = None) -> Outcome:
    """Run a job; afterwards none of its processes, files or shared memory is left (unsafe: but what it hid).

    Args:
        job: what to run.
        tier: between the job and this machine; `tiers.detect` says which this machine has.
        trust: the caller vouches for the job's code. Without it the unsafe tier refuses.
        launch: starts the supervisor; left out, as a program of its own.

    Raises:
        ValueError: the unsafe tier without trust; files that may not be shown to a job (see `copy_in.copy_job_files`).
    """
    if tier is Tier.UNSAFE and not trust:
        raise ValueError("expected trusted code for the unsafe tier, which is not safe; got no word that it is")
    try:
        if reason := TIERS[tier].missing():
            raise OSError(reason)
        with place(job, tier) as here:
            return _run(job, tier, TIERS[tier].launch_spec(job, here), here, launch or start)
    except OSError as error:
        return Outcome(Cause.GRADER_FAULT, tier, faults.words(error))


def _run(job: Job, tier: Tier, spec: LaunchSpec, here: Place, launch: Launch) -> Outcome:
    """Start the supervisor, hand it the spec, collect what comes back, judge."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open(here.given, "rb"))
        groups = [
            stack.enter_context(open(path, "wb", buffering=0)) for path in (here.group.procs if here.group else [])
        ]
        ours, theirs = _pipes(stack)
        numbers = tuple(file.fileno() for file in groups)
        spec = dataclasses.replace(
            spec, input_fd=source.fileno(), result_fd=theirs["result"].fileno(), cgroup_fds=numbers
        )
        process = launch(spec, theirs, [source, *groups])
        stack.callback(_end, process, spec.uid)
        for file in theirs.values():
            file.close()
        with contextlib.suppress(BrokenPipeError):  # it has died, and its stderr says of what
            ours["control"].write(spec.message())
        most = {"status": 2**16, "result": job.result_bytes, "stdout": job.limits.output, "stderr": job.limits.output}
        streams = collect(ours, most, process, started + job.limits.wall_seconds + GRACE)
    return judge(job, tier, streams, here.group is not None and here.group.out_of_memory())


def _pipes(stack: contextlib.ExitStack) -> tuple[dict[str, IO[bytes]], dict[str, IO[bytes]]]:
    """Our ends and the other ends of the pipes of one job, by name."""
    ours: dict[str, IO[bytes]] = {}
    theirs: dict[str, IO[bytes]] = {}
    for name in ("control", *STREAMS):
        descriptors = os.pipe()
        read = stack.enter_context(open(descriptors[0], "rb", buffering=0))
        write = stack.enter_context(open(descriptors[1], "wb", buffering=0))
        ours[name], theirs[name] = (write, read) if name == "control" else (read, write)
    return ours, theirs


def start(spec: LaunchSpec, theirs: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Process:
    """The supervisor as a program of its own, in a session of its own and with an environment that tells nothing."""
    control, status = theirs["control"].fileno(), theirs["status"].fileno()
    return subprocess.Popen(
        [*spec.command, sys.executable, "-I", "-S", "-c", supervisor.START, spec.root, str(control), str(status)],
        stdin=subprocess.DEVNULL,
        stdout=theirs["stdout"],
        stderr=theirs["stderr"],
        pass_fds=[control, status, theirs["result"].fileno(), *(file.fileno() for file in files)],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        start_new_session=True,
    )


def _end(process: Process, uid: int | None) -> None:
    """Whatever has happened: no supervisor and no process of the job's user is left."""
    try:
        process.wait(timeout=supervisor.PATIENCE)  # its control pipe is closed by now
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if uid is not None and of_user(uid):
        uids.kill_all(uid)
