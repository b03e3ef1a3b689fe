"""The unsafe tier: limits of the kernel and nothing more. NOT SAFE: a job can read and write whatever you can."""

from autograder.sandbox.job import Job
from autograder.sandbox.launch_spec import PACKAGE, Plan
from autograder.sandbox.workspace import Place


def missing() -> str:
    """Why this tier cannot even be tried, or ""."""
    return ""


def plan(job: Job, place: Place) -> Plan:
    """The machine as it is."""
    return Plan([], root=str(PACKAGE.parent), folder=str(place.files), scratch=str(place.scratch), confined=False)
