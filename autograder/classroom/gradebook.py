"""The course's own sheets, as Canvas and Moodle export them: read for names and times, filled with the points.

Only the cells of matched students in one column change. A student is matched by an id, such as a number or an address,
else by name if only one student and one line have it.
"""

import collections
import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from dateutil import parser as dates

from autograder.classroom.csv_files import Table
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from autograder.classroom.rows import Row
from autograder.lab import Lab
from autograder.text import clean
from smallnets import cli, times

ASSIGNMENT = re.compile(r".+ \(\d+\)")  # Canvas puts the assignment's number behind its name
HANDED_IN, IDENTIFIER = "Last modified (submission)", "Identifier"


@dataclasses.dataclass(frozen=True)
class Platform:
    """How a platform names the columns of its sheet.

    Args:
        ids: columns that identify a student.
        name: the column with the student's name.
        own: columns without which a file is no sheet of this platform.
    """

    title: str
    ids: tuple[str, ...]
    name: str
    own: tuple[str, ...]


# community.canvaslms.com, "How do I import grades in the Gradebook?"
CANVAS = Platform("Canvas", ("ID", "SIS User ID", "SIS Login ID"), "Student", ("Student", "ID"))
# docs.moodle.org, "Assignment activity", offline grading worksheet
MOODLE = Platform("Moodle", (IDENTIFIER, "ID number", "Email address"), "Full name", (IDENTIFIER, "Grade"))


def expect(table: Table, platform: Platform) -> None:
    """ValueError if a sheet is not one of the platform's."""
    if missing := [name for name in platform.own if name not in table.head]:
        raise ValueError(
            f"expected {platform.title}'s sheet with the column {missing[0]} in {table.path}, "
            f"got {clean(', '.join(table.head))[:200]}"
        )


def column(table: Table, platform: Platform, lab: Lab, chosen: str = "") -> str:
    """The column to fill: Grade in Moodle; in Canvas the assignment that is chosen, or the only one of that lab's name.

    Raises:
        ValueError: none or several could be meant.
    """
    if platform is MOODLE:
        return "Grade"
    all_of_them = [name for name in table.head if ASSIGNMENT.fullmatch(name)]
    wanted = [name for name in all_of_them if chosen and chosen in (name, name.rsplit(" (", 1)[0])]
    if not chosen:
        words = {name for each in (lab.name, lab.title) for name in spellings(each)}
        wanted = [each for each in all_of_them if any(word in name for word in words for name in spellings(each))]
        wanted = wanted or all_of_them
    if len(wanted) != 1:
        raise ValueError(
            f"expected --canvas-column to name one of the columns of {table.path}, "
            f"got {chosen or 'none'}: {clean(', '.join(all_of_them))[:400] or 'it has no assignment'}"
        )
    return wanted[0]


def fill(table: Table, platform: Platform, head: str, rows: Sequence[Row]) -> list[str]:
    """Write each student's total into the sheet; returns lines on students and points that could not be written."""
    place = table.head.index(head)
    matched = match(table, platform, [row.handed_in for row in rows])
    missing, ungraded = [], []
    for row in rows:
        if row.student not in matched:
            missing.append(row.student)
        elif row.total is None:
            ungraded.append(row.student)
        else:
            line = table.lines[matched[row.student]]
            line += [""] * (place + 1 - len(line))
            line[place] = f"{row.total:g}" if platform is CANVAS else f"{row.total:.2f}"
    groups = {"not in the sheet": missing, "not graded, so left as it was": ungraded}
    return [f"{table.path.name}: {words}: {', '.join(names)}" for words, names in groups.items() if names]


def match(table: Table, platform: Platform, everyone: Iterable[HandedIn]) -> dict[str, int]:
    """Student -> the number of the line in the sheet; students who match none or several lines are left out."""
    lines, people = list(table.rows()), list(everyone)
    found: dict[str, int] = {}
    for column in platform.ids:
        # a platform's number says nothing of a student whom another platform numbered
        own = column == platform.ids[0]
        who = {
            each.student: {key_of(id) for id in each.ids}
            for each in people
            if not own or each.platform == platform.title
        }
        _add(found, who, [{key_of(line.get(column, ""))} for line in lines])
    names = {each.student: spellings(each.name) for each in people}
    _add(found, names, [spellings(line[platform.name]) for line in lines])
    return found


def _add(found: dict[str, int], people: Mapping[str, set[str]], lines: Sequence[set[str]]) -> None:
    """Add the students who have a key that one line and no other student has; both are sought among those left."""
    people = {student: keys for student, keys in people.items() if student not in found}
    left = {k: keys for k, keys in enumerate(lines) if k not in set(found.values())}
    counts = [collections.Counter(key for keys in side.values() for key in keys) for side in (people, left)]
    clear = {key for key in counts[0] if key and counts[0][key] == counts[1][key] == 1}
    for student, keys in people.items():
        hits = {k for k, line in left.items() if line & keys & clear}
        if len(hits) == 1:
            found[student] = hits.pop()


def key_of(id: str) -> str:
    """An id as it is compared: Moodle writes "Participant 12345"."""
    return id.strip().casefold().removeprefix("participant ")


def spellings(name: str) -> set[str]:
    """A name as it is compared: its letters in its own order, the last word first, and the words sorted; no accents.

    Sheets write "Lovelace, Ada" or "Ada Lovelace"; Canvas names the files of both "lovelaceada".
    """
    letters = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", letters)
    return {"".join(each) for each in (words, [*words[-1:], *words[:-1]], sorted(words))}


def with_times(found: Sequence[HandedIn], sheet: Table) -> tuple[list[HandedIn], list[str]]:
    """The submissions with the times in Moodle's sheet, and a line on those it has none for."""
    expect(sheet, MOODLE)
    lines = list(sheet.rows())
    matched = match(sheet, MOODLE, found)
    dated, missing = [], []
    for each in found:
        text = lines[matched[each.student]].get(HANDED_IN, "") if each.student in matched else ""
        if (at := moment(text)) is None:
            missing.append(each.student)
            dated.append(each)
        else:
            dated.append(dataclasses.replace(each, received=at, source=Source.PLATFORM))
    return dated, [f"{sheet.path.name} tells no time for: {', '.join(missing)}"] if missing else []


def moment(text: str) -> float | None:
    """Seconds since the epoch of a time as Moodle writes it in English, in this machine's zone; None if it is none."""
    try:
        at = times.read(dates.parse(text))
    except (ValueError, OverflowError):
        return None
    return at.timestamp() if at is not None and 0 <= at.timestamp() <= cli.LAST else None
