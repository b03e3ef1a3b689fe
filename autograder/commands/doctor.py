"""Say which tier of the sandbox this machine has, and replay every known attack against it.

Exit code 0: every attack ended as expected for the tier. 1: one did not, or the tier is unavailable.
"""

import argparse
import os

from autograder.attacks import forgeable
from autograder.attacks.replay import Replay, replay
from autograder.attacks.table import ATTACKS, Attack, Fate
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import Tier
from autograder.sandbox.tiers import SAFE, detect, forks

NOT_SAFE = "NOT SAFE: only for code that you trust"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder doctor`."""
    parser.add_argument("--tier", choices=list(Tier), type=str, help="attack this tier instead of the best one")
    parser.add_argument("--attack", nargs="+", metavar="NAME", help="replay only these")
    parser.add_argument("--table", action="store_true", help="print instead which checks of each lab can be forged")


def command(args: argparse.Namespace) -> int:
    """Print tiers and attacks; returns the exit code.

    Raises:
        ValueError: an attack of an unknown name.
    """
    attacks = _chosen(args.attack)
    if args.table:
        print(forgeable.table())
        return 0
    detection = detect()
    print(f"tier: {detection.tier}")
    for tier, reason in detection.reasons.items():
        print(f"  {tier:<10} {reason or ('yes' if tier in SAFE else 'yes. ' + NOT_SAFE)}")
    tier = Tier(args.tier) if args.tier else detection.tier
    if detection.reasons[tier]:
        return 1
    with launcher() as launch:  # as grading starts its jobs
        print(f"jobs: {'forked' if forks(tier, launch) else 'started as programs, which takes longer'}")
        print(f"\nattacks on the {tier} tier{'' if tier in SAFE else '. ' + NOT_SAFE}")
        replays = [_show(replay(attack, tier, launch)) for attack in attacks]
    wrong = [done.attack.name for done in replays if not done.as_expected]
    caught = sum(done.fate is Fate.CAUGHT for done in replays)
    print(f"\n{caught} of {len(replays)} caught; {_conclusion(wrong)}")
    if tier is Tier.UNSAFE and os.geteuid() != 0:
        print("the expected results are those for root; for other users, fewer attacks get through")
    return 1 if wrong else 0


def _chosen(names: list[str] | None) -> list[Attack]:
    unknown = [name for name in names or [] if name not in ATTACKS]
    if unknown:
        raise ValueError(f"expected attacks among {', '.join(ATTACKS)}; got {', '.join(unknown)}")
    return [ATTACKS[name] for name in names or ATTACKS]


def _show(done: Replay) -> Replay:
    """Print a line for an attack, and a second one on its end if that was unexpected."""
    print(f"  {done.attack.name:<17}{done.fate:<14}{done.attack.tries}", flush=True)
    if not done.as_expected:
        print(f"    NOT AS EXPECTED: {done.how}")
    return done


def _conclusion(wrong: list[str]) -> str:
    return f"not as expected: {', '.join(wrong)}" if wrong else "all as expected for this tier"
