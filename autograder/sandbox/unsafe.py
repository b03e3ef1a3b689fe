"""The unsafe tier: limits of the kernel and nothing more. NOT SAFE: a job can read and write whatever you can."""

import sys

from autograder.sandbox.job import Job
from autograder.sandbox.launch_spec import PACKAGE, LaunchSpec, environment
from autograder.sandbox.workspace import Place


def missing() -> str:
    """Why this tier cannot even be tried, or ""."""
    return ""


def launch_spec(job: Job, place: Place) -> LaunchSpec:
    """The machine as it is."""
    return LaunchSpec(
        command=[],
        root=str(PACKAGE.parent),
        argv=[sys.executable, "-s", *job.argv],
        env=environment(job, str(place.scratch)),
        folder=str(place.files),
        limits=job.limits,
        confined=False,
    )
