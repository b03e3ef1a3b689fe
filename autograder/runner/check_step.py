"""A step that runs check functions on a submission, and the checks that give points for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograder.lab import Check, Run, Step, Verdict
from autograder.runner import job_files
from autograder.runner.protocol import texts, unpack
from autograder.runner.run_checks import layout
from autograder.sandbox.job import Job, Limits

Findings = Mapping[str, str]  # check -> its problem, "" if it passed; a check that did not finish is missing


def check_step(
    name: str,
    module: str,
    names: Sequence[str],
    files: tuple[str, ...],
    handout_files: Sequence[str] = (),
    seconds: float = 20,
    limits: Limits | None = None,
) -> Step:
    """A step whose value is `Findings`.

    Args:
        module: such as "labs.<lab>.grading.checks.layers", with a function `load`, which imports the student's files
            and returns an object that the functions `check_...(that, rng)` get.
        names: the names of those functions.
        files: HandIns it needs.
        handout_files: files of the handout that students' files import, relative to the checkout.
        seconds: wall time of one check.
        limits: of all checks together.
    """

    def job(run: Run) -> Job:
        arrays: dict[str, Any] = {"seed": run.seed, "names": list(names), "seconds": seconds}
        return job_files.job(run, ["autograder.runner.run_checks", module], arrays, layout(len(names)), handout_files)

    def read(run: Run, result: bytes) -> Findings:
        return texts(unpack(layout(len(names)), result)["problems"])

    return Step(name, files, job, read, limits=limits, sees_hidden=False, title=f"{files[-1]}: checks")


def passes(step: str, names: Sequence[str]) -> Callable[[Run], Verdict]:
    """A judge that gives all points if all of these checks pass, else none; its text is their problems."""

    def judge(run: Run) -> Verdict:
        found: Findings = run.results[step].value
        if "load" in found:
            return Verdict(0, found["load"], "exception")
        wrong = [found.get(name, "the check did not finish") for name in names]
        return Verdict(float(not any(wrong)), "\n\n".join(text for text in wrong if text))

    return judge


def module_checks(step: str, number: str, rows: Sequence[tuple[str, float, Sequence[str]]]) -> list[Check]:
    """A Check for each (name, points, functions) on a step of `check_step`, numbered from NUMBER.1 on.

    The names of its functions, without `check_`, are its tags.
    """
    return [
        Check(f"{number}.{i}", name, points, (step,), passes(step, functions),
              tags=tuple(function.removeprefix("check_") for function in functions))
        for i, (name, points, functions) in enumerate(rows, 1)
    ]  # fmt: skip
