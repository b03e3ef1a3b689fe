"""Every lab's judges on messages that a hostile job may write: no exception, and no more points than honest ones."""

import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Once
from forged import SEED, judged, made_up, message, names_of_problems, noted, wrong_work
from graded import own, submission, tier

from autograder import registry
from autograder.grading import grade
from autograder.lab import Lab, Report, Submission
from autograder.runner.protocol import Layout, message_bytes
from autograder.sandbox.job import Job, Outcome, Tier
from autograder.sandbox.run import Launch
from autograder.sandbox.run import run as run_job

every_lab = pytest.mark.parametrize("name", registry.names())


def loaded(lab: Lab) -> tuple[Any, str]:
    """The images that students have, without changes that take a process of their own."""
    data, line = lab.load(None, SEED)
    return (dataclasses.replace(data, changes=None) if hasattr(data, "changes") else data), line


def recorded(lab: Lab, path: Path, forked: Launch, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, bytes], Report]:
    """The messages of all jobs on a submission, by step, and the report on them."""
    messages: dict[str, bytes] = {}
    steps: list[str] = []

    def run(job: Job, tier: Tier, **options: Any) -> Outcome:
        outcome = run_job(job, tier, **options)
        messages[steps[-1]] = outcome.result
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(grade, "run_job", run)
        report = grade.grade(path, noted(lab, steps), tier(), seed=SEED, trust=True, launch=forked)
    return messages, report


@every_lab
@pytest.mark.usefixtures("sketches")
def test_judges_take_whatever_a_message_holds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, rng = registry.load(name), random.Random(0)
    data, files, names = loaded(lab), made_up(lab, tmp_path), names_of_problems(lab)
    for k in range(40):
        judged(lab, files, data, lambda _, layout: message(layout, rng, names), monkeypatch, hidden=k % 2 == 1)


@pytest.mark.slow
@every_lab
def test_nonsense_earns_no_more_than_the_honest_message_of_wrong_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: Once, forked: Launch
) -> None:
    """Messages of our solution, with their rows in another order and all checks failed, and then parts of nonsense."""
    lab, rng = registry.load(name), random.Random(1)
    data, names = loaded(lab), names_of_problems(lab)
    files = Submission(own(lab, once), (), "0" * 64)
    honest, report = recorded(lab, submission(lab, tmp_path, once=once), forked, monkeypatch)
    assert report.score > 0.95 * report.max_score

    def wrong(step: str, layout: Layout) -> bytes:
        found = honest.get(step, b"")  # whether a step runs, and its layout, may depend on earlier messages
        return wrong_work(layout, found) if len(found) == message_bytes(layout) else b""

    most = {test.number: test.score for test in judged(lab, files, data, wrong, monkeypatch).tests}
    assert sum(most.values()) < 0.75 * report.score

    for k in range(200):
        share = rng.random()
        base = wrong if k % 2 else lambda step, _: honest.get(step)

        def forged(step: str, layout: Layout) -> bytes:
            return message(layout, rng, names, base(step, layout), share)  # noqa: B023, as it is called at once

        tests = judged(lab, files, data, forged, monkeypatch, hidden=k % 4 < 2).tests
        won = {test.number: (test.score, test.output) for test in tests if k % 2 and test.score > most[test.number]}
        assert not won, won
