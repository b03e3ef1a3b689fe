"""Run one attack against one tier, among bystanders, and record its effects."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder.attacks import leftovers
from autograder.attacks.bystanders import N_LABELS, Bystanders, bystanders
from autograder.attacks.table import PAYLOADS, Attack, Fate
from autograder.sandbox.job import Cause, Job, Outcome, Tier
from autograder.sandbox.readable import readable
from autograder.sandbox.run import Launch, run


@dataclasses.dataclass(frozen=True)
class Replay:
    """The result of an attack: its achievements (none if caught) and its job's outcome, None if it was refused."""

    attack: Attack
    tier: Tier
    achieved: list[str]
    outcome: Outcome | None

    @property
    def fate(self) -> Fate:
        return Fate.THROUGH if self.achieved else Fate.CAUGHT

    @property
    def as_expected(self) -> bool:
        """Whether the tier did what it promises, or more; the unsafe tier's expectations are those for root."""
        expected = self.attack.expected(self.tier)
        if expected is Fate.CAUGHT:
            return not self.achieved and self._cause_is_right()
        return expected is Fate.EITHER or bool(self.achieved) or os.geteuid() != 0

    def _cause_is_right(self) -> bool:
        return self.attack.cause is None or (self.outcome is not None and self.outcome.cause is self.attack.cause)

    @property
    def how(self) -> str:
        """One line on how it ended."""
        if self.achieved:
            return "; ".join(self.achieved)
        return f"{self.outcome.cause}: {self.outcome.detail}" if self.outcome else "refused before anything ran"


def replay(attack: Attack, tier: Tier, launch: Launch | None = None) -> Replay:
    """Run an attack, which is trusted code and so runs in every tier, and remove its leftovers; see `Attack.chances`.

    Args:
        launch: starts the supervisor, see `run.run`.

    Raises:
        OSError: the tier is unavailable.
    """
    found = _once(attack, tier, launch)
    for _ in range(attack.chances - 1):
        if found.as_expected:
            break
        found = _once(attack, tier, launch)
    return found


def _once(attack: Attack, tier: Tier, launch: Launch | None) -> Replay:
    with bystanders() as around, _open_by_mistake(around):
        outcome = None
        try:
            outcome = run(_job(attack, around), tier, trust=True, launch=launch)
        except ValueError:
            if not attack.hands_in:
                raise
        if outcome is not None and outcome.cause is Cause.GRADER_FAULT and tier is not Tier.UNSAFE:
            raise OSError(f"{attack.name}: {outcome.detail}")
        achieved = around.harm() + (_words(outcome, around) if outcome else [])
        achieved += [f"left behind: {thing}" for thing in leftovers.found(around.token, around.key)]
        leftovers.clear(around.token, around.key)
    return Replay(attack, tier, achieved, outcome)


def _words(outcome: Outcome, around: Bystanders) -> list[str]:
    """Secrets that the job's output reveals, one line each."""
    text = outcome.stdout + outcome.stderr + outcome.result.decode("latin-1")
    found = ["a secret came out" for secret in around.secrets if secret in text][:1]
    found += [line for line in outcome.stdout.splitlines() if line.startswith("REACHED")][:1]
    if np.array_equal(np.frombuffer(outcome.result, np.int64), around.labels):
        found.append("the labels came out")
    if set(outcome.stdout + outcome.stderr) & set(map(chr, [*range(9), *range(11, 32), 127, 0x9B, 0x202E])):
        found.append("control characters came out")
    return found


def _job(attack: Attack, around: Bystanders) -> Job:
    limits = dataclasses.asdict(attack.limits)
    aim = limits | {
        "labels": str(around.labels_file),
        "results": str(around.results_file),
        "grader": around.grader.pid,
        "bystander": around.other.pid,
        "port": around.port,
        "abstract": around.folder.name,
        "token": around.token,
        "key": around.key,
        "readable": readable(),
    }
    # the file's name becomes that of a forked process, by which others that are left are known
    files = {f"{around.token}.py": attack.payload, "aims.py": PAYLOADS / "aims.py"}
    files["submission"] = _submission(attack, around)
    argv = [f"{around.token}.py", json.dumps(aim)]
    return Job(argv, files, result_bytes=8 * N_LABELS, limits=attack.limits, imports=attack.imports)


def _submission(attack: Attack, around: Bystanders) -> Path:
    """A folder with a net.py: a file, a link or a pipe, as the attack says."""
    folder = around.folder / "submission"
    folder.mkdir()
    (folder / around.token).touch()
    net = folder / "net.py"
    if attack.hands_in == "link":
        net.symlink_to(around.labels_file)
    elif attack.hands_in == "pipe":
        os.mkfifo(net)
    else:
        net.write_text("# a net\n")
    return folder


@contextlib.contextmanager
def _open_by_mistake(around: Bystanders) -> Iterator[None]:
    """Keep results.json open in this process, inheritable for children."""
    fd = os.open(around.results_file, os.O_RDWR)
    os.set_inheritable(fd, True)
    try:
        yield
    finally:
        os.close(fd)
