"""MP6 graded in this process, without a sandbox: for verdicts on our own solutions with faults in them."""

import importlib
import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from autograder.grading import pipeline
from autograder.lab import Graded, Submission
from autograder.runner import channel, student_module
from autograder.runner.protocol import pack
from autograder.sandbox.job import Cause, Job, Outcome, Tier
from labs.mp6.grading.declaration import LAB, load

Edits = tuple[tuple[str, str], ...]


def edited(part: int, edits: Edits) -> str:
    """Our solution of a part after edits: (old, new) texts, each old one there exactly once.

    Raises:
        ValueError: one is not.
    """
    source = (ROOT / f"neuralnet_p{part}.py").read_text(encoding="utf-8")
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"expected {old!r} once, got it {source.count(old)} times")
        source = source.replace(old, new)
    return source


def judged(part: int, source: str, folder: Path, model: Path | None = None, seed: int = 1) -> dict[str, Graded]:
    """What comes of each check of a part, by tag."""
    name, net = f"neuralnet_p{part}.py", f"net_p{part}.model"
    (folder / name).write_text(source, encoding="utf-8")
    shutil.copyfile(model or ROOT / "models/reference" / net, folder / net)
    submission = Submission({each: folder / each for each in (name, net)}, (), "")
    lab = pipeline.only(LAB, f"{part}.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student_module, "SUBMISSION", folder)
        patch.setattr(student_module, "HANDED_IN", folder)
        patch.setattr(pipeline, "lint_files", lambda *_: [])
        patch.syspath_prepend(str(folder))
        report = pipeline.judge(submission, lab, load(None, seed), run, "none", seed)
        sys.modules.pop(f"neuralnet_p{part}", None)
    return {test.tags[0]: test for test in report.tests}


def run(job: Job) -> Outcome:
    """Run the module of a job here; its message is the outcome's result."""
    messages: list[bytes] = []
    with np.load(io.BytesIO(job.input)) as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "read_arrays", lambda: dict(file))
        patch.setattr(
            channel,
            "hand_back",
            lambda layout, values, problems: messages.append(
                pack(layout, {**values, "problems": channel.as_json(problems, channel.MOST_TEXT)})
            ),
        )
        module = next(name for name in job.argv if name.startswith("labs.mp6"))
        importlib.import_module(module).main()
    return Outcome(Cause.OK, Tier.UNSAFE, result=messages[0])
