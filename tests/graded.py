"""Our own solutions as they would be handed in, with or without mistakes, and graded."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import quickdraw_work
from conftest import ROOT, Once

from autograder.grading import grade, pipeline
from autograder.intake import own_folder
from autograder.lab import Lab, Report
from autograder.sandbox.job import Tier
from autograder.sandbox.run import Launch
from autograder.sandbox.tiers import detect
from smallnets import zipping

# labs whose solution in this checkout is not whole, or not for the data at hand -> the files that make it so
TRAINED: dict[str, Callable[[Once], dict[str, Path]]] = {"quickdraw": quickdraw_work.made}
Edits = tuple[tuple[str, str], ...]


@functools.cache
def tier() -> Tier:
    return detect().tier


def own(lab: Lab, once: Once | None = None) -> dict[str, Path]:
    """The files of our solution, by the names under which they are handed in; `once` where some have to be trained."""
    assert lab.handout is not None
    places = (*lab.places, "models/reference")  # where a clone has the nets that mp6.py would write to models
    found = own_folder.gather(dataclasses.replace(lab, places=places), ROOT / lab.handout.folder)
    assert found.notes == [] and found.faults == []
    if lab.name not in TRAINED:
        return found.files
    assert once is not None
    return found.files | TRAINED[lab.name](once)


def submission(
    lab: Lab, folder: Path, edits: Mapping[str, Edits] | None = None, once: Once | None = None, without: str = ""
) -> Path:
    """A zip of our solution in `folder`, after edits: file -> (old, new) texts, each old one there exactly once.

    Args:
        without: the name of a file that is not handed in.
    """
    files = own(lab, once)
    files.pop(without, None)
    for name, pairs in (edits or {}).items():
        source = files[name].read_text(encoding="utf-8")
        for old, new in pairs:
            assert source.count(old) == 1, f"{name}: {old!r} is there {source.count(old)} times"
            source = source.replace(old, new)
        files[name] = folder / "edited" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        files[name].write_text(source, encoding="utf-8")
    path = folder / "work.zip"
    zipping.write(path, files, lab.root)
    return path


def graded(
    lab: Lab, path: Path, beginning: str = "", staff: Path | None = None, seed: int = 0, forked: Launch | None = None
) -> Report:
    """What comes of grading a folder or zip.

    Args:
        beginning: of the numbers of the checks that count.
        forked: starts the jobs, see the fixture.
    """
    chosen = pipeline.only(lab, beginning) if beginning else lab
    report = grade.grade(path, chosen, tier(), staff, seed, trust=True, launch=forked)
    assert not report.fault, report
    return report


def lost(report: Report) -> dict[str, str]:
    """What was said of each check that has not all its points, by number."""
    return {test.number: test.output for test in report.tests if test.score != test.max_score}
