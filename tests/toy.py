"""A lab graded in milliseconds, for tests of whole classes: the declaration of a lab in a copied checkout."""

from autograder.lab import Check, Column, HandIn, Lab, Run, Step, StepFailed, Verdict
from autograder.sandbox.job import MB, Job, Limits

RUNNER = """
import os, sys
sys.path.insert(0, "submission")
import answer
os.write(4, int(answer.answer(20)).to_bytes(8, "little", signed=True))
"""


def job(run: Run) -> Job:
    files = {"submission/answer.py": run.submission.files["answer.py"]}
    return Job(["-S", "-c", RUNNER], files, result_bytes=8)


def read(run: Run, result: bytes) -> int:
    value = int.from_bytes(result, "little", signed=True)
    if value < 0:
        raise StepFailed("exception", "ValueError: negative")
    return value


def judge(run: Run) -> Verdict:
    value = run.results["run"].value
    return Verdict(1.0) if value == 42 + run.data else Verdict(0.3 if value == 41 else 0.0, f"expected 42, got {value}")


LAB = Lab(
    name="toy",
    title="A toy",
    hand_in=(HandIn("answer.py", functions={"answer": ("n",)}),),
    load=lambda staff, seed: (0, f"data of seed {seed}"),
    steps=(Step("run", ("answer.py",), job, read),),
    checks=(
        Check("1.1", "the answer", 10, ("run",), judge),
        Check("1.2", "the answer, extra", 2.1, ("run",), judge),
    ),
    columns=(Column("value", ("run",), lambda run: run.results["run"].value),),
    limits=Limits(cpu_seconds=1, wall_seconds=60, memory=128 * MB, address_space=1024 * MB, output=1000),
)
