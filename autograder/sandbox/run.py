"""Run one job in one tier and say what came of it."""

import contextlib
import dataclasses
import marshal
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

from autograder.sandbox import bubblewrap, container, supervisor, uids, unsafe
from autograder.sandbox.job import Cause, Job, Outcome, Tier
from autograder.sandbox.launch_spec import Plan, environment
from autograder.sandbox.order import Order
from autograder.sandbox.outcome import judge
from autograder.sandbox.pipes import STREAMS, Process, collect
from autograder.sandbox.usage import of_user
from autograder.sandbox.workspace import Place, place
from smallnets import faults

TIERS = {Tier.FULL: bubblewrap, Tier.CONTAINER: container, Tier.UNSAFE: unsafe}
GRACE = 20.0  # seconds that a supervisor may take beyond the job's wall time before it is given up


# (plan, order, the other ends of its pipes by name, input and files of control groups) -> the supervisor, which has
# these files open and finds the order in the control pipe
Launch = Callable[[Plan, Order, dict[str, IO[bytes]], list[IO[bytes]]], Process]


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
            return _run(job, tier, TIERS[tier].plan(job, here), here, launch or start)
    except OSError as error:
        return Outcome(Cause.GRADER_FAULT, tier, faults.words(error))


def _run(job: Job, tier: Tier, plan: Plan, here: Place, launch: Launch) -> Outcome:
    """Start the supervisor, hand it its order, collect what comes back, judge."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open(here.given, "rb"))
        groups = [
            stack.enter_context(open(path, "wb", buffering=0)) for path in (here.group.procs if here.group else [])
        ]
        ours, theirs = _pipes(stack)
        order = _order(job, plan, source.fileno(), theirs["result"].fileno(), [file.fileno() for file in groups])
        process = launch(plan, order, theirs, [source, *groups])
        stack.callback(_end, process, plan)
        for file in theirs.values():
            file.close()
        with contextlib.suppress(BrokenPipeError):  # it has died, and its stderr says of what
            # marshal, as both ends are one interpreter and it need not be imported from a file
            ours["control"].write(marshal.dumps(dataclasses.asdict(order)))
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


def _order(job: Job, plan: Plan, input_fd: int, result_fd: int, cgroup_fds: list[int]) -> Order:
    return Order(
        argv=[plan.python, "-s", *job.argv],
        env=environment(job, plan),
        folder=plan.folder,
        uid=plan.uid,
        confined=plan.confined,
        strict=plan.strict,
        rlimits=job.limits.rlimits(),
        cpu_seconds=job.limits.cpu_seconds,
        wall_seconds=job.limits.wall_seconds,
        memory=job.limits.memory,
        memory_watched=not cgroup_fds,
        scratch=list(plan.counted_scratch),
        scratch_bytes=job.limits.scratch,
        scratch_mounted=plan.scratch_mounted,
        readable=plan.readable,
        writable=list(plan.writable),
        held=list(plan.held),
        input_fd=input_fd,
        result_fd=result_fd,
        cgroup_fds=cgroup_fds,
    )


def start(plan: Plan, order: Order, theirs: dict[str, IO[bytes]], files: list[IO[bytes]]) -> Process:
    """The supervisor as a program of its own, in a session of its own and with an environment that tells nothing."""
    control, status = theirs["control"].fileno(), theirs["status"].fileno()
    return subprocess.Popen(
        [*plan.command, sys.executable, "-I", "-S", "-c", supervisor.START, plan.root, str(control), str(status)],
        stdin=subprocess.DEVNULL,
        stdout=theirs["stdout"],
        stderr=theirs["stderr"],
        pass_fds=[control, status, theirs["result"].fileno(), *(file.fileno() for file in files)],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        start_new_session=True,
    )


def _end(process: Process, plan: Plan) -> None:
    """Whatever has happened: no supervisor and no process of the job's user is left."""
    try:
        process.wait(timeout=supervisor.PATIENCE)  # its control pipe is closed by now
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if plan.uid is not None and of_user(plan.uid):
        uids.kill_all(plan.uid)
