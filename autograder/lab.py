"""The data of grading: what a lab declares, and the report that grading gives. Nothing here knows a lab by name."""

import dataclasses
import enum
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autograder.sandbox.job import Job, Limits, Outcome
from autograder.sandbox.readable import expect_unreadable
from smallnets import faults

MOST_SOURCE = 2**16  # bytes of a file of source, three times the longest of ours: more would be a table of answers


class Visibility(enum.StrEnum):
    """When students see a check, in Gradescope's words."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


class Made(enum.StrEnum):
    """Where the value that a check judges is made."""

    OWN = "the student's own process: can be forged"
    APART = "a second process: claims of the first do not help"
    GRADER = "the grader: cannot be forged"


@dataclasses.dataclass(frozen=True)
class HandIn:
    """A file that students hand in, at the top of their folder or zip or in the lab's `root` there.

    Args:
        name: such as "net.py", or with folders, such as "layers/linear.py".
        most_bytes: a larger one is refused.
        required: a submission without it is incomplete.
        dated: programs write it as YYYYmmddHHMM_NAME; `pack` takes the latest and gives it this name.
        functions: functions a .py file must define -> their first arguments, such as {"fit": ("n_iter",)}.
        classes: classes it must define -> their methods, which a base class may have.
        unwanted: names that a .py file should do without -> why; a note is all that they cost.
        modules: modules it may import besides Python's own, numpy, torch and the files handed in with it.
        opened_by: the module without which a model file earns no points, such as "net.py".
        look: content -> a note for its author before it is handed in, "" without one; ValueError: why it earns no
            points.
    """

    name: str
    most_bytes: int = MOST_SOURCE
    required: bool = True
    dated: bool = False
    functions: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    classes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    unwanted: Mapping[str, str] = dataclasses.field(default_factory=dict)
    modules: tuple[str, ...] = ()
    opened_by: str = ""
    look: Callable[[bytes], str] | None = None


@dataclasses.dataclass(frozen=True)
class Submission:
    """The files of a submission, after intake.

    Args:
        files: name of each HandIn that was handed in, and of the student's own modules that these files import -> a
            regular file of that name, written by the grader.
        notes: lines for the student on files with another name, files left out, and likely mistakes.
        sha256: of the names and contents of the files; folder or zip makes no difference.
        refused: name of each file that was handed in but not taken -> why.
    """

    files: Mapping[str, Path]
    notes: tuple[str, ...]
    sha256: str
    refused: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def missing(self, name: str) -> str:
        """Why a file is not among `files`, in a line for the student."""
        return (
            f"{name} was refused: {self.refused[name]}"
            if name in self.refused
            else f"expected {name}, got no such file"
        )


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A check's decision: the share of its points, 0 to 1, words for the student, and a cause.

    The cause is an `explanations.Reason`; it counts only where the share is below 1.
    """

    share: float
    text: str = ""
    cause: str = "wrong result"

    def __post_init__(self) -> None:
        assert math.isfinite(self.share) and 0 <= self.share <= 1, self.share


def proportional(value: float, none_at: float, full_at: float, words: str, note: str = "") -> Verdict:
    """Points in proportion to an accuracy or an error: none at `none_at`, all at `full_at` and beyond it.

    Args:
        words: a text on the value, such as that of `accuracy_words`.
        note: a text after the one on points.
    """
    full, none = ("from", "up to") if full_at > none_at else ("up to", "from")
    text = f"{words} (full points {full} {full_at:g}, none {none} {none_at:g}){note}"
    return Verdict(min(1.0, max(0.0, (value - none_at) / (full_at - none_at))), text)


def accuracy_words(value: float, count: int, of: str = "images") -> str:
    """An accuracy as students read it: "accuracy 0.8123 on 300 images"."""
    return f"accuracy {value:.4f} on {count} {of}"


class StepFailed(ValueError):
    """A step failed for a reason that the student can mend: a cause in two words, and a text for the student."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


@dataclasses.dataclass(frozen=True)
class Step:
    """One run in the sandbox.

    Args:
        name: such as "fit 2".
        files: HandIns it needs; without one of them it is not run.
        job: run -> the job, or None if there is nothing to run; may raise StepFailed.
        read: (run, the outcome's result) -> the value that checks get. May raise StepFailed; any other ValueError
            says that the job returned a malformed result.
        after: steps that must have succeeded.
        limits: its own limits, in place of the lab's.
        sees_hidden: its job gets data that students may not have, or results made of them; then its words are not
            shown, see `grading/withheld.py`.
        title: what `check` shows while it runs, such as "part 2: training"; left out, the name.
        apart: its job only gets results of others, and has no training data.
    """

    name: str
    files: tuple[str, ...]
    job: Callable[["Run"], Job | None]
    read: Callable[["Run", bytes], Any]
    after: tuple[str, ...] = ()
    limits: Limits | None = None
    sees_hidden: bool = True
    title: str = ""
    apart: bool = False


@dataclasses.dataclass(frozen=True)
class StepResult:
    """The result of a step: the value read from it, None if nothing was run.

    If it failed: a cause, our text, and what its program said.
    """

    value: Any = None
    cause: str = "ok"
    text: str = ""
    outcome: Outcome | None = None
    said: str = ""


@dataclasses.dataclass
class Run:
    """One submission being graded: its files, the staff's data, a seed, and the results of the steps so far.

    `hidden` says that students do not have the data.
    """

    submission: Submission
    data: Any
    seed: int
    hidden: bool = False
    results: dict[str, StepResult] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Check:
    """Points for one thing.

    Args:
        number: such as "2.3"; checks are shown in this order.
        steps: the check gives no points unless all of them succeed.
        judge: run -> verdict, from the results of those steps.
        only_with: files the check needs; without one, such as a flag file of another course, it is left out.
        extra: extra credit, whose points come on top of the lab's.
        by_grader: the grader itself makes the value, from answers to data whose labels no job gets, or from files.
    """

    number: str
    name: str
    points: float
    steps: tuple[str, ...]
    judge: Callable[[Run], Verdict]
    visibility: Visibility = Visibility.VISIBLE
    tags: tuple[str, ...] = ()
    only_with: tuple[str, ...] = ()
    extra: bool = False
    by_grader: bool = False


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the scoreboard, computed if its steps succeeded; `better` is "high" or "low", None is no value.

    A value that is a share of `images` images gets a confidence interval; 0 images: it is no share.
    """

    name: str
    steps: tuple[str, ...]
    value: Callable[[Run], float | None]
    better: str = "high"
    images: int = 0


@dataclasses.dataclass(frozen=True)
class Ranking:
    """How submissions get places on the scoreboard, and places points.

    Args:
        column: ranks submissions. Ties: the earlier upload first.
        points: of the first, the second, ... place; the last number holds for all places after it. Empty: places give
            no points.
        late: points of a submission after the deadline, whatever its place.
        baseline: the worst value of the column that earns any points.
        rules: numbers of the checks that a submission must pass to get a place.
        ties: rows share a place if the images cannot tell them apart: those in the 95 % interval of the first of them.
        final: the column that decides in the end, on data that `column` does not use; students do not see it before.
            "" if `column` decides. The values of `column` are public while students hand in.
        step: the board shows a value of `column` only if it beats the student's shown value by more than this, and
            rounds it to a multiple of this (Blum and Hardt, The Ladder, ICML 2015); 0 shows every value as it is.
        tells: numbers of the checks whose points or texts reveal more of `column` or `final`; if there is such a value,
            students see these checks only in the end. All other columns are shown as they are.
        chance: the value of random guessing, which gets a row of its own.
        uploads: the number each student has.
        cool_down: seconds between two uploads. A lab without a ranking gets both defaults.
    """

    column: str
    points: tuple[float, ...] = ()
    late: float = 0.0
    baseline: float | None = None
    rules: tuple[str, ...] = ()
    ties: bool = False
    final: str = ""
    step: float = 0.0
    tells: tuple[str, ...] = ()
    chance: float | None = None
    uploads: int = 100
    cool_down: float = 60.0

    def rank_points(self, place: int, value: float, late: bool = False, better: str = "high") -> float:
        """The points of the submission at a place, counted from 1, with this value of the column."""
        sign = 1 if better == "high" else -1
        if not self.points or (self.baseline is not None and not (sign * value >= sign * self.baseline)):
            return 0.0
        return self.late if late else self.points[min(place, len(self.points)) - 1]


@dataclasses.dataclass(frozen=True)
class Handout:
    """The files that students start from: our solution without the parts that they write.

    Args:
        folder: of our solution in the checkout, "" for its root; the files of `hand_in` lie there.
        blanks: file in that folder -> functions and methods ("fit", "Linear.forward", "Net.__init__") whose bodies
            are removed; the docstring stays.
        drops: file -> functions, classes and methods that are removed altogether, as they are our own addition.
        says: file -> new docstrings, by the name of the function or class, "" for the module.
        files: other files for students, such as data and drivers, as patterns relative to the checkout. The grader
            (without other labs) and smallnets are added in any case, for the checks.
        readme: the handout's README.md, relative to the checkout.
    """

    folder: str
    blanks: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]
    readme: str
    drops: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    says: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Lab:
    """One assignment.

    Args:
        name: as on the command line.
        title: as people say it.
        hand_in: files, in the order of listings.
        load: (folder of the staff's data or None, seed) -> data, and a line on its source. A missing file is a
            FileNotFoundError.
        steps: in the order of running.
        checks: each on steps of these names.
        handout: what students start from.
        needs: files of the checkout that grading needs besides the grader and smallnets, as patterns.
        root: the folder in the archive that must hold the files, such as "hw2/code".
        places: folders where `pack` looks for files, relative to its FOLDER.
        ranking: how submissions get places.
        module: that declares the lab, as `registry.load` fills it in.
        hidden: (secret, folder) writes the staff's data that `load` reads; None if the lab has none. `registry.load`
            fills it in: it is the function `write` of `grading/hidden.py`.
        sources: public data sets that hidden data are drawn from, where this machine may have them. No job may read
            them, see `loaded`.
    """

    name: str
    title: str
    hand_in: tuple[HandIn, ...]
    load: Callable[[Path | None, int], tuple[Any, str]]
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    columns: tuple[Column, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    handout: Handout | None = None
    needs: tuple[str, ...] = ()
    root: str = ""
    places: tuple[str, ...] = ("",)
    ranking: Ranking | None = None
    module: str = ""
    hidden: Callable[[bytes, Path], None] | None = None
    sources: tuple[Path, ...] = ()

    def made(self, check: Check) -> Made:
        """Where the value of one of its checks is made."""
        if check.by_grader or not check.steps:
            return Made.GRADER
        apart = any(step.apart for step in self.steps if step.name in check.steps)
        return Made.APART if apart else Made.OWN

    def loaded(self, staff: Path | None, seed: int) -> tuple[Any, str]:
        """The result of `load`.

        Raises:
            FileNotFoundError: a file of the hidden data is missing; the error names the command that makes it.
            ValueError: students' code could read the hidden data, or the data set that it comes from.
            ValueError, OSError: as `load` raises them.
        """
        if staff is not None:
            expect_unreadable(staff, "--staff")
            for source in self.sources:
                expect_unreadable(source, "the data set that hidden data is drawn from")
        try:
            return self.load(staff, seed)
        except FileNotFoundError as error:
            if staff is None or self.hidden is None or str(staff) not in faults.words(error):
                raise
            remedy = f"python -m autograder hidden --lab {self.name} --secret FILE --out {staff}"
            raise FileNotFoundError(f"{faults.words(error)}; make the hidden data with `{remedy}`") from None


@dataclasses.dataclass(frozen=True)
class Graded:
    """One check's outcome. `cause` is "ok", "wrong result" or, in a few words, why there was nothing to check."""

    number: str
    name: str
    score: float
    max_score: float
    output: str
    cause: str = "ok"
    visibility: Visibility = Visibility.VISIBLE
    tags: tuple[str, ...] = ()
    extra: bool = False


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of grading one submission.

    Args:
        lab: its name.
        output: the text above all checks: notes on the files, the tier, the source of the data.
        tests: one for each check of the lab, sorted by number.
        columns: (name, value, "high" or "low" is better) of the scoreboard.
        seconds: on the clock.
        audit: all that a second run needs to repeat this one, as plain data.
        fault: the grader failed, so the report does not judge the work.
    """

    lab: str
    output: str
    tests: tuple[Graded, ...]
    columns: tuple[tuple[str, float, str], ...] = ()
    seconds: float = 0.0
    audit: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fault: bool = False

    @property
    def score(self) -> float:
        """The sum of the points, with those of extra credit."""
        return math.fsum(test.score for test in self.tests)

    @property
    def max_score(self) -> float:
        """The sum of the attainable points, without those of extra credit."""
        return math.fsum(test.max_score for test in self.tests if not test.extra)
