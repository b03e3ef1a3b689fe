"""The names that Canvas and Moodle give to the files of an export, which tell whose they are.

Canvas: lovelaceada_17_345_net.py (name, user, file, original name), lovelaceada_LATE_17_345_net.py,
team_1_17_345_net.py of a group, anon_x1Yz3_345_net.py where grading is anonymous. Moodle: folders
"Ada Lovelace_12345_assignsubmission_file_", or files whose original name follows.
"""

import collections
import dataclasses
import re
from collections.abc import Sequence

MOODLE = re.compile(r"(?P<person>.+?)_(?P<user>\d+)_assignsubmission_file(_(?P<rest>.*))?", re.DOTALL)
TYPED = "_assignsubmission_onlinetext"  # in the names of texts typed into Moodle
ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon(_LATE)?_(?P<user>[0-9A-Za-z]+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
# one after another, as a group's name may hold numbers, too
CANVAS = re.compile(r"(?=_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+))", re.DOTALL)
AGAIN = re.compile(r"-\d+(\.\w+)$")  # Canvas marks a file that was handed in again: net-1.py


@dataclasses.dataclass(frozen=True)
class Exported:
    """What the name of an exported file or folder says.

    Args:
        person: as the platform spells the student or group.
        user: the platform's id.
        platform: its title.
        name: of the file as the student called it; "files" for a folder of all.
        rank: the platform's growing number of the file; 0 without one.
        late: whether the platform marks it as late; None if it marks none.
    """

    person: str
    user: str
    platform: str
    name: str
    rank: int = 0
    late: bool | None = None

    @property
    def student(self) -> str:
        """Unique for each student of an export."""
        return f"{self.person} {self.user}"


def parsed(names: Sequence[str]) -> dict[str, Exported]:
    """What the names of an export say; those that no platform gives are left out.

    A name that can be read in two ways is read as most of the others: team_1_17_345_net.py is of team_1, unless there
    are files of a student team with the id 1.
    """
    found = {name: ways for name in names if (ways := _moodle(name) or _anonymous(name) or _canvas(name))}
    files = collections.Counter(student for ways in found.values() for student in {way.student for way in ways})

    def likely(way: Exported) -> tuple[int, bool]:
        return files[way.student], re.match(r"\d+_", way.name) is None

    return {name: max(ways, key=likely) for name, ways in found.items()}


def _moodle(name: str) -> list[Exported]:
    match = MOODLE.fullmatch(name)
    return [Exported(match["person"], match["user"], "Moodle", match["rest"] or "files")] if match else []


def _anonymous(name: str) -> list[Exported]:
    match = ANONYMOUS.fullmatch(name)
    if match is None:
        return []
    late = name.startswith(("LATE_", "anon_LATE_"))
    return [Exported("anon", match["user"], "Canvas", _original(match["rest"]), int(match["file"]), late)]


def _canvas(name: str) -> list[Exported]:
    """All ways to read a name of Canvas, that with the shortest name of the student first."""
    ways = []
    for match in CANVAS.finditer(name, 1):
        person = name[: match.start()]
        if not person.endswith("_LATE"):
            late = match["late"] is not None
            ways.append(Exported(person, match["user"], "Canvas", _original(match["rest"]), int(match["file"]), late))
    return ways


def _original(name: str) -> str:
    return AGAIN.sub(r"\1", name)
