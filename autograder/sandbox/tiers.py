"""The tiers of this machine, found by running a small job in each."""

import dataclasses
import json
import os

from autograder.sandbox.job import Cause, Job, Limits, Tier
from autograder.sandbox.run import TIERS, Launch, run

SAFE = (Tier.FULL, Tier.CONTAINER)
# the job reports its own rights; it is ours, so its report is trusted
PROBE = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {"uid": os.getuid(), "parent": os.getppid(), "rights": status["CapEff"].strip()}
found |= {"seccomp": int(status["Seccomp"]), "privileges": int(status["NoNewPrivs"])}
found["network"] = len(open("/proc/net/dev").readlines()) - 2 if os.access("/proc/net/dev", os.R_OK) else 0
print(json.dumps(found))
os.write(4, b"done")
"""


@dataclasses.dataclass(frozen=True)
class Detection:
    """The best tier, and for each tier why it is unavailable ("" if it is available)."""

    tier: Tier
    reasons: dict[Tier, str]

    @property
    def safe(self) -> bool:
        """Whether untrusted code may be run."""
        return self.tier in SAFE


def unavailable(tier: Tier) -> str:
    """Why a tier is unavailable on this machine, in one line; "" if a small job ran in it as expected."""
    if reason := TIERS[tier].missing():
        return reason
    job = Job(["-c", PROBE if tier is not Tier.UNSAFE else "import os; os.write(4, b'done')"], result_bytes=4)
    job = dataclasses.replace(job, limits=Limits(cpu_seconds=5, wall_seconds=10))
    outcome = run(job, tier, trust=True)
    if outcome.cause is not Cause.OK:
        words = " ".join(f"{outcome.detail} {outcome.stderr}".split())
        return f"a small job ended with {outcome.cause}: {words[-300:]}"
    return "" if tier is Tier.UNSAFE else _weakness(tier, json.loads(outcome.stdout))


def forks(tier: Tier, launch: Launch) -> bool:
    """Whether jobs that import libraries are forked in this tier, and not started as programs, which takes longer."""
    program = "import os, sys; os.write(4, b'yes' if 'numpy' in sys.modules else b'no ')"
    return (
        run(Job(["-c", program], imports=("numpy",), result_bytes=3), tier, trust=True, launch=launch).result == b"yes"
    )


def _weakness(tier: Tier, found: dict) -> str:
    """A right that the small job should not have had, or ""."""
    if found["seccomp"] != 2 or found["privileges"] != 1 or int(found["rights"], 16):
        return f"a small job kept rights it should have lost: {found}"
    if os.geteuid() == 0 and found["uid"] == 0:
        return "a small job still ran as root"
    if tier is Tier.FULL and (found["parent"] != 1 or found["network"] > 1):
        return f"a small job saw processes or networks of the machine: {found}"
    return ""


def detect() -> Detection:
    """Try every tier; the best one is the unsafe tier if no safe one works."""
    reasons = {tier: unavailable(tier) for tier in Tier}
    return Detection(next(tier for tier in Tier if not reasons[tier] or tier is Tier.UNSAFE), reasons)


def best() -> Detection:
    """As `detect`, but tiers below the best one are not tried, as their reasons say."""
    reasons = dict.fromkeys(Tier, "not tried")
    for tier in Tier:
        reasons[tier] = unavailable(tier)
        if not reasons[tier]:
            return Detection(tier, reasons)
    return Detection(Tier.UNSAFE, reasons)
