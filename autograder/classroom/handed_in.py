"""The submissions in a folder: students, files and times, from plain folders and zips or from a platform's export.

Gradescope's export is a folder with submission_metadata.yml, which names the students, and a folder submission_ID for
each submission. Canvas names files lovelaceada_LATE_USERID_FILEID_NAME, Moodle folders and files
"Ada Lovelace_ID_assignsubmission_file_". Any other name is the student's.
"""

import dataclasses
import os
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from autograder.text import clean
from smallnets import cli, times

METADATA = "submission_metadata.yml"
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_(?P<kind>file|onlinetext)(_.*)?", re.DOTALL)
CLUTTER = re.compile(r"(\..*|__MACOSX|Thumbs\.db|desktop\.ini)", re.DOTALL)
ASIDE = {".csv", ".html", ".json", ".log", ".md", ".txt", ".yml", ".sqlite"}  # files of staff, not submissions


@dataclasses.dataclass(frozen=True)
class HandedIn:
    """One submission of one student.

    Args:
        student: unique for each student: an address or id where there is one.
        name: as people say it.
        path: a folder or file.
        received: seconds since the epoch; without a platform's time, that of its latest file.
        late: whether the platform marks it as late.
        rank: the platform's growing number of the file; 0 without one.
        loose: name -> file, if the platform has separated files that were handed in together.
    """

    student: str
    name: str
    path: Path
    received: float
    late: bool = False
    rank: int = 0
    loose: tuple[tuple[str, Path], ...] = ()


def find(folder: Path, skip: Path | None = None) -> tuple[list[HandedIn], list[str]]:
    """All submissions beneath a folder, by student, each student's latest last; and lines on files left out.

    Args:
        skip: a path to ignore, such as the folder for the grades.

    Raises:
        ValueError: no folder, or nothing in it.
        OSError: it cannot be read.
    """
    if not folder.is_dir():
        raise ValueError(f"expected a folder of submissions, got {folder}")
    there = [path for path in sorted(folder.iterdir()) if not CLUTTER.fullmatch(path.name) and path != skip]
    inner = [path for path in there if path.is_dir() and (path / METADATA).is_file()]
    if len(there) == 1 and inner:  # the export within its own folder
        return find(inner[0], skip)
    if folder / METADATA in there:
        found, notes = gradescope(folder)
    else:
        found, notes = list(named(there)), []
        aside = [clean(path.name) for path in there if _aside(path)]
        notes += [f"ignored: {', '.join(aside)}"] if aside else []
    if not found:
        raise ValueError(f"expected folders and zips of students in {folder}, got none")
    return sorted(found, key=lambda each: (each.student, each.rank, each.received)), notes


def latest(found: list[HandedIn]) -> list[HandedIn]:
    """The last submission of each student, from the list that `find` returns."""
    return list({each.student: each for each in found}.values())


def named(paths: list[Path]) -> Iterator[HandedIn]:
    """Submissions told apart by the names of folders and files."""
    loose: dict[tuple[str, str], list[tuple[str, Path, re.Match]]] = {}
    for path in paths:
        name = clean(path.name)
        if moodle := MOODLE.fullmatch(name):
            if moodle["kind"] == "file":
                yield HandedIn(f"{moodle['name']} {moodle['user']}", moodle["name"], path, written(path))
        elif canvas := CANVAS.fullmatch(name):
            if path.suffix == ".zip" or path.is_dir():
                late, rank = canvas["late"] is not None, int(canvas["file"])
                yield HandedIn(_canvas(canvas), canvas["name"], path, written(path), late, rank)
            else:
                # Canvas marks a file that was handed in again: net-1.py
                original = re.sub(r"-\d+(\.\w+)$", r"\1", canvas["rest"])
                loose.setdefault((_canvas(canvas), canvas["name"]), []).append((original, path, canvas))
        elif not _aside(path):
            student = name if path.is_dir() else clean(path.stem)
            yield HandedIn(student, student, path, written(path))
    for (student, person), files in loose.items():
        files.sort(key=lambda file: int(file[2]["file"]))
        late, rank = any(file[2]["late"] for file in files), int(files[-1][2]["file"])
        newest = tuple({name: path for name, path, _ in files}.items())
        yield HandedIn(student, person, files[-1][1], max(written(file[1]) for file in files), late, rank, newest)


def _canvas(match: re.Match) -> str:
    return f"{match['name']} {match['user']}"


def _aside(path: Path) -> bool:
    """Whether a file is no submission: a file of staff, or a text typed into Moodle, which cannot be run."""
    moodle, canvas = MOODLE.fullmatch(path.name), CANVAS.fullmatch(path.name)
    if moodle or canvas:
        return bool(moodle and moodle["kind"] != "file")
    return path.suffix in ASIDE and path.is_file()


def gradescope(folder: Path) -> tuple[list[HandedIn], list[str]]:
    """The submissions of Gradescope's export, one for each member of a group, and lines on anything unexpected."""
    metadata, notes = _metadata(folder / METADATA)
    found = []
    for path in sorted(folder.glob("submission_*")):
        about = metadata.get(path.name)
        if path.name == METADATA:
            continue
        if not isinstance(about, dict) or not about.get(":submitters"):
            notes += [f"{path.name} is not in {METADATA}, so it is graded under that name"] if metadata else []
            found.append(HandedIn(path.name, path.name, path, written(path)))
            continue
        came = times.read(about.get(":created_at"), UTC)  # the export names no zone, or Z
        for person in about[":submitters"]:
            name = str(person.get(":name") or path.name)
            student = str(person.get(":email") or person.get(":sid") or name)
            found.append(HandedIn(student, name, path, came.timestamp() if came else written(path)))
    return found, notes


def _metadata(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The file's content, and a line if it cannot be read."""
    try:
        import yaml
    except ImportError:
        return {}, [f"{METADATA} is not read, so students are called by their folders: pip install '.[gradescope]'"]
    try:
        # the loader in C, if PyYAML has it, as the results of a whole class are megabytes
        found = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(f"expected Gradescope's {path}, got no YAML: {error}") from None
    return (found if isinstance(found, dict) else {}), []


def written(path: Path) -> float:
    """The time of the latest file in a folder, or of this file, in seconds since the epoch; links are not followed.

    A time on the disk that is no valid date becomes the nearest date.
    """
    walked = () if path.is_symlink() else os.walk(path)
    inside = [Path(folder, name) for folder, _, names in walked for name in names]
    return min(max(0.0, *(file.lstat().st_mtime for file in inside or [path])), cli.LAST)


def alone_inside(path: Path) -> Path:
    """The only entry of a folder if it is a zip, as in Moodle's export; else the path itself."""
    if path.is_symlink() or not path.is_dir():
        return path
    there = [entry for entry in path.iterdir() if not CLUTTER.fullmatch(entry.name)]
    return there[0] if len(there) == 1 and there[0].suffix.lower() == ".zip" else path
