"""A submission's jobs, and the report that theirs add up to."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from autograder.classroom.store import Store, key_of
from autograder.grading import pipeline
from autograder.lab import Graded, Lab, Report, Visibility
from autograder.packaging.checkout_files import grader_hash
from autograder.reports import plain_data, text_report


def parts(lab: Lab) -> tuple[str, ...]:
    """The parts of a lab, each graded as one job: beginnings of check numbers, such as ("1.", "2."); ("",) for all.

    A lab is divided only if no two parts need the same step, so that exactly the same steps run.
    """
    beginnings = tuple(
        dict.fromkeys(f"{check.number.split('.')[0]}." for check in sorted(lab.checks, key=pipeline.order))
    )
    whole = pipeline.reduced(lab, lab.checks)
    if any("." not in check.number for check in lab.checks):
        return ("",)
    divided = [pipeline.only(lab, beginning) for beginning in beginnings]
    for these in ("steps", "columns"):
        names = [each.name for part in divided for each in getattr(part, these)]
        if sorted(names) != sorted(each.name for each in getattr(whole, these)):
            return ("",)
    return beginnings if len(beginnings) > 1 else ("",)


def keys(lab: Lab, sha256: str, seed: int, grader: str | None = None) -> list[str]:
    """The keys of a submission's jobs; without `grader`, `grader_hash(lab)` is used, which takes a while."""
    grader = grader or grader_hash(lab)
    return [key_of(sha256, lab.name, part, grader, seed) for part in parts(lab)]


def enqueue_all(
    store: Store, lab: Lab, sha256: str, seed: int, grader: str | None = None, again: bool = False
) -> list[str]:
    """Enqueue all parts of a submission, see `Store.enqueue`; returns the jobs' keys."""
    grader = grader or grader_hash(lab)
    return [store.enqueue(sha256, lab.name, part, grader, seed, again) for part in parts(lab)]


def total(store: Store, lab: Lab, sha256: str, seed: int, grader: str | None = None) -> dict[str, Any] | None:
    """One report of all parts as plain data, see `text_report.plain`, or None while a part is not done.

    If the grader failed at a part, `fault` is true, `score` None, and `faults` has a line on each failure.
    """
    found = [store.result(key) for key in keys(lab, sha256, seed, grader)]
    ended = [row for row in found if row is not None and row[0] in ("done", "fault")]
    return merged([(report, fault) for _, report, fault in ended]) if len(ended) == len(found) else None


def merged(found: Sequence[tuple[dict[str, Any], str]]) -> dict[str, Any]:
    """One report from several parts' reports, each with its fault or ""; a part that failed adds nothing."""
    plains = [plain for plain, fault in found if not fault]
    together = {
        "lab": plains[0]["lab"] if plains else "",
        "output": "\n".join(dict.fromkeys(line for plain in plains for line in plain["output"].split("\n"))),
        "tests": sorted((test for plain in plains for test in plain["tests"]), key=_order),
        "columns": [column for plain in plains for column in plain["columns"]],
        "seconds": sum(plain["seconds"] for plain in plains),
        "fault": len(plains) < len(found),
    }
    more = {"audit": [plain["audit"] for plain in plains], "faults": [fault for _, fault in found if fault]}
    return text_report.plain(as_report(together)) | more


def _order(test: dict[str, Any]) -> list[int]:
    return [int(number) for number in test["number"].split(".")]


def as_report(plain: dict[str, Any]) -> Report:
    """A report from its plain data, for `text_report.text`."""
    tests = []
    for test in plain["tests"]:
        words = {"visibility": Visibility(test["visibility"]), "tags": tuple(test["tags"])}
        graded = Graded(**test | words)
        score, most = plain_data.points(graded)  # plain data may hold the text "nan"
        tests.append(dataclasses.replace(graded, score=score, max_score=most or 0.0))
    columns = tuple((each["name"], each["value"], each["better"]) for each in plain["columns"])
    return Report(plain["lab"], plain["output"], tuple(tests), columns, plain["seconds"], fault=plain["fault"])
