"""The unsafe tier: only limits of the kernel. NOT SAFE: a job can read and write everything that you can."""

import sys

from autograder.sandbox.job import Job, environment
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec
from autograder.sandbox.workspace import Workspace


def missing() -> str:
    """Why this tier cannot even be tried, or ""."""
    return ""


def launch_spec(job: Job, workspace: Workspace) -> LaunchSpec:
    """The spec of a job on the plain machine."""
    return LaunchSpec(
        command=[],
        root=str(PACKAGE.parent),
        argv=[sys.executable, "-s", *job.argv],
        env=environment(job, str(workspace.scratch)),
        folder=str(workspace.files),
        limits=job.limits,
        confined=False,
    )
