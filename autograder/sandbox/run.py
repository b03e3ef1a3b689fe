"""Run one job in one tier; returns its outcome."""

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
from autograder.sandbox.outcome import judge, out_of_memory_kills
from autograder.sandbox.pipes import STREAMS, Process, collect
from autograder.sandbox.usage import of_user
from autograder.sandbox.workspace import Workspace, open_workspace
from smallnets import faults

TIERS = {Tier.FULL: bubblewrap, Tier.CONTAINER: container, Tier.UNSAFE: unsafe}
GRACE = 20.0  # seconds beyond the job's wall time before the grader gives up on the supervisor


# (spec, the other ends of its pipes by name, input and files of control groups) -> the supervisor, which has these
# files open and finds the spec in the control pipe
Launch = Callable[[LaunchSpec, dict[str, IO[bytes]], list[IO[bytes]]], Process]


def run(job: Job, tier: Tier, trust: bool = False, launch: Launch | None = None) -> Outcome:
    """Run a job; afterwards no process, file or shared memory of it is left (in the unsafe tier: except hidden ones).

    Args:
        job: the job.
        tier: its tier; `tiers.detect` says which tiers this machine has.
        trust: the caller trusts the job's code. Without it the unsafe tier refuses.
        launch: starts the supervisor; left out, it is a program of its own.

    Raises:
        ValueError: the unsafe tier without trust; files that may not be shown to a job (see `copy_in.copy_job_files`).
    """
    if tier is Tier.UNSAFE and not trust:
        raise ValueError("expected trusted code for the unsafe tier, which is not safe; got code without trust")
    try:
        if reason := TIERS[tier].missing():
            raise OSError(reason)
        with open_workspace(job, tier) as workspace:
            return _run(job, tier, TIERS[tier].launch_spec(job, workspace), workspace, launch or start)
    except OSError as error:
        return Outcome(Cause.GRADER_FAULT, tier, faults.words(error))


def _run(job: Job, tier: Tier, spec: LaunchSpec, workspace: Workspace, launch: Launch) -> Outcome:
    """Start the supervisor, send it the spec, read the pipes, judge."""
    started, kills = time.monotonic(), out_of_memory_kills()
    with contextlib.ExitStack() as stack:
        procs = workspace.group.procs if workspace.group else []
        source = stack.enter_context(open(workspace.input_file, "rb"))
        groups = [stack.enter_context(open(path, "wb", buffering=0)) for path in procs]
        ours, theirs = _pipes(stack)
        numbers = tuple(file.fileno() for file in groups)
        spec = dataclasses.replace(
            spec, input_fd=source.fileno(), result_fd=theirs["result"].fileno(), cgroup_fds=numbers
        )
        process = launch(spec, theirs, [source, *groups])
        stack.callback(_end, process, spec.uid)
        for file in theirs.values():
            file.close()
        with contextlib.suppress(BrokenPipeError):  # it has died; its stderr says why
            ours["control"].write(spec.message())
        most = {"status": 2**16, "result": job.result_bytes, "stdout": job.limits.output, "stderr": job.limits.output}
        streams = collect(ours, most, process, started + job.limits.wall_seconds + GRACE)
    out_of_memory = workspace.group is not None and workspace.group.out_of_memory()
    return judge(job, tier, streams, out_of_memory, out_of_memory_kills() > kills)


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


def start(
    spec: LaunchSpec, theirs: dict[str, IO[bytes]], files: list[IO[bytes]], forking: tuple[int, ...] = ()
) -> Process:
    """Start the supervisor as a program and session of its own, with an environment that reveals nothing.

    Args:
        spec, theirs, files: see `Launch`.
        forking: a socket to the process that the job is to be forked from, and a file that the command needs.
    """
    numbers = [theirs["control"].fileno(), theirs["status"].fileno(), *forking[:1]]
    return subprocess.Popen(
        [*spec.command, sys.executable, "-I", "-S", "-c", supervisor.START, spec.root, *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        stdout=theirs["stdout"],
        stderr=theirs["stderr"],
        pass_fds=[*numbers, *forking[1:], theirs["result"].fileno(), *(file.fileno() for file in files)],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        start_new_session=True,
    )


def _end(process: Process, uid: int | None) -> None:
    """End the supervisor and all processes of the job's user."""
    try:
        process.wait(timeout=supervisor.PATIENCE)  # its control pipe is closed by now
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if uid is not None and of_user(uid):
        uids.kill_all(uid)
