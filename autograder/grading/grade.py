"""Grade one submission: take it in, run the lab's jobs in the sandbox, judge their results."""

import contextlib
import functools
import math
import time
from pathlib import Path

from autograder.grading.pipeline import judge
from autograder.intake.take_in import take_in
from autograder.lab import Lab, Report
from autograder.packaging.checkout_files import grader_hash
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import Tier
from autograder.sandbox.run import Launch
from autograder.sandbox.run import run as run_job
from autograder.sandbox.tiers import SAFE, best, detect
from autograder.sandbox.workspace import own_folder


def grade(
    path: Path,
    lab: Lab,
    tier: Tier,
    staff: Path | None = None,
    seed: int = 0,
    trust: bool = False,
    seconds: float = math.inf,
    launch: Launch | None = None,
) -> Report:
    """Run and judge a submission.

    Args:
        path: folder or zip.
        staff: folder of hidden data, see the lab's `load`.
        seed: of order, draw and training.
        trust: the caller trusts the code; without it the unsafe tier refuses.
        seconds: wall time, after which steps are stopped or not begun; the steps finished by then are judged.
        launch: starts the jobs; left out, they are forked from a process of this submission alone.

    Raises:
        ValueError: no submission; malformed data; the unsafe tier without trust.
        OSError: data is missing.
    """
    start = time.perf_counter()
    loaded = lab.loaded(staff, seed)
    with own_folder("handed-in-") as folder, contextlib.nullcontext(launch) if launch else launcher() as starting:
        submission = take_in(path, lab, folder)
        execute = functools.partial(run_job, tier=tier, trust=trust, launch=starting)
        return judge(
            submission,
            lab,
            loaded,
            execute,
            tier,
            seed,
            seconds - (time.perf_counter() - start),
            grader_hash(lab),
            hidden=staff is not None,
        )


def chosen_tier(name: str | None, trust: bool) -> Tier:
    """The tier asked for, or the best one; ValueError if it is unavailable, or unsafe without trust."""
    detection = detect() if name else best()
    tier = Tier(name) if name else detection.tier
    if reason := detection.reasons[tier]:
        raise ValueError(f"expected the {tier} tier on this machine, got: {reason}")
    if tier not in SAFE and not trust:
        better = "; ".join(f"{other}: {detection.reasons[other]}" for other in SAFE if detection.reasons[other])
        raise ValueError(
            f"expected a safe sandbox, or --i-trust-this for code of your own, got the {tier} tier"
            + (f" ({better})" if better else "")
        )
    return tier
