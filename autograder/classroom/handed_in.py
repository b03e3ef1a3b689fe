"""The submissions in a folder: students, files and times, from plain folders and zips or from a platform's export.

Gradescope's export is a folder with submission_metadata.yml, which names the students, and a folder submission_ID for
each submission. `exports` knows the names that Canvas and Moodle give. Any other name is the student's.
"""

import dataclasses
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from autograder.classroom import exports
from autograder.classroom.exports import Exported
from autograder.classroom.received import Source, received
from autograder.intake import opening
from autograder.text import clean
from smallnets import times

METADATA = "submission_metadata.yml"
CLUTTER = re.compile(r"(\..*|__MACOSX|Thumbs\.db|desktop\.ini)", re.DOTALL)
ASIDE = {".csv", ".html", ".json", ".log", ".md", ".txt", ".yml", ".sqlite"}  # files of staff, not submissions


@dataclasses.dataclass(frozen=True)
class HandedIn:
    """One submission of one student.

    Args:
        student: unique for each student: an address or id where there is one.
        name: as people say it.
        path: a folder or file.
        received: seconds since the epoch.
        source: of that time.
        late: whether the platform marks it as late; None if it marks none.
        rank: the platform's growing number of the file; 0 without one.
        platform: its title, "" without one.
        ids: the student's address and number on the platform, as its sheets have them.
        loose: name -> file, if the platform has separated files that were handed in together.
    """

    student: str
    name: str
    path: Path
    received: float
    source: Source = Source.DISK
    late: bool | None = None
    rank: int = 0
    platform: str = ""
    ids: tuple[str, ...] = ()
    loose: tuple[tuple[str, Path], ...] = ()

    @property
    def called(self) -> tuple[str, ...]:
        """All that staff may call the student, the clearest first."""
        return (*self.ids, self.student, self.name)


def find(folder: Path, skip: Path | None = None) -> tuple[list[HandedIn], list[str]]:
    """All submissions beneath a folder, by student, each student's latest last; and lines on files left out.

    Args:
        skip: a path to ignore, such as the folder for the grades.

    Raises:
        ValueError: no folder, nothing in it, or the archive of an export.
        OSError: it cannot be read.
    """
    if not folder.is_dir():
        raise ValueError(f"expected a folder of submissions, got {folder}{unpack(folder)}")
    there = [path for path in sorted(folder.iterdir()) if not CLUTTER.fullmatch(path.name) and path != skip]
    inner = [path for path in there if path.is_dir() and (path / METADATA).is_file()]
    if len(there) == 1 and inner:  # the export within its own folder
        return find(inner[0], skip)
    if len(there) == 1 and (advice := unpack(there[0])):
        raise ValueError(f"expected submissions in {folder}, got only {there[0].name}{advice}")
    if folder / METADATA in there:
        found, notes = gradescope(folder, there)
    else:
        found, notes = list(named(there)), []
        used = {path for each in found for path in (each.path, *(path for _, path in each.loose))}
        aside = [clean(path.name) for path in there if path not in used]
        notes += [f"ignored: {', '.join(aside)}"] if aside else []
    if not found:
        raise ValueError(f"expected folders and zips of students in {folder}, got none")
    return sorted(found, key=lambda each: (each.student, each.rank, each.received)), notes


def unpack(path: Path) -> str:
    """Advice to unpack the archive of a platform's export; "" for any other file."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return ""
    firsts = list({name.split("/")[0] for name in names if not CLUTTER.fullmatch(name.split("/")[0])})
    seconds = list({name.split("/")[1] for name in names if name.count("/")}) if len(firsts) == 1 else []
    for level in (firsts, seconds):
        if METADATA in level or (level and len(exports.parsed(level)) == len(level)):
            return ", the export of a platform: unpack it, and name the folder that it unpacks to"
    return ""


def latest(found: list[HandedIn]) -> list[HandedIn]:
    """The last submission of each student, from the list that `find` returns."""
    return list({each.student: each for each in found}.values())


def named(paths: list[Path]) -> Iterator[HandedIn]:
    """Submissions told apart by the names of folders and files; a student's files belong together."""
    exported = exports.parsed([told(path.name) for path in paths])
    groups: dict[str, list[tuple[Exported, Path]]] = {}
    for path in paths:
        if (about := exported.get(name := told(path.name))) is not None:
            groups.setdefault(about.student, []).append((about, path))
        elif not _aside(path):
            student = name if path.is_dir() else _without_ending(name)
            yield HandedIn(student, student, path, *received(path))
    for group in groups.values():
        yield from _of_one(sorted(group, key=lambda each: each[0].rank))


def told(name: str) -> str:
    """A name of a folder or file that is safe to show; two names never become one, as those of students differ."""
    return name if clean(name) == name and "\\" not in name else name.encode("unicode_escape").decode()


def _of_one(group: list[tuple[Exported, Path]]) -> Iterator[HandedIn]:
    """The submissions of a student by an export, the latest last: its newest files; before, archives they replaced."""
    newest = {about.name: path for about, path in group}
    loose = []
    for about, path in group:
        whole = path.is_dir() or _is_archive(path)
        if newest[about.name] == path and not (whole and len(newest) == 1):
            loose.append((about, path))
        elif whole:
            at, source = received(path)
            yield _exported(about, path, at, source, about.late)
    if loose:
        about, path = loose[-1]
        late = any(each.late for each, _ in loose) if about.late is not None else None
        times = [received(each) for _, each in loose]
        source = Source.DISK if Source.DISK in (each for _, each in times) else Source.ARCHIVE
        files = tuple((each.name, path) for each, path in loose)
        at = max(at for at, _ in times)
        yield dataclasses.replace(_exported(about, path, at, source, late), loose=files)


def _exported(about: Exported, path: Path, at: float, source: Source, late: bool | None) -> HandedIn:
    ids = (about.user,)
    return HandedIn(about.student, about.person, path, at, source, late, about.rank, about.platform, ids)


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(opening.ENDINGS)


def _without_ending(name: str) -> str:
    ending = next((ending for ending in opening.ENDINGS if name.lower().endswith(ending)), Path(name).suffix)
    return name[: len(name) - len(ending)]


def _aside(path: Path) -> bool:
    """Whether a file is no submission: a file of staff, or a text typed into Moodle, which cannot be run."""
    return exports.TYPED in path.name or (path.suffix in ASIDE and path.is_file())


def gradescope(folder: Path, paths: list[Path]) -> tuple[list[HandedIn], list[str]]:
    """The submissions of Gradescope's export, one for each member of a group, and lines on anything unexpected."""
    metadata, notes = _metadata(folder / METADATA)
    found = []
    for path in paths:
        about = metadata.get(path.name)
        if path.name == METADATA:
            continue
        if not path.name.startswith("submission_"):
            notes.append(f"ignored: {clean(path.name)}")
            continue
        if not isinstance(about, dict) or not about.get(":submitters"):
            notes += [f"{path.name} is not in {METADATA}, so it is graded under that name"] if metadata else []
            found.append(HandedIn(path.name, path.name, path, *received(path)))
            continue
        came = times.read(about.get(":created_at"), UTC)  # the export names no zone, or Z
        for person in about[":submitters"]:
            name = str(person.get(":name") or path.name)
            ids = tuple(str(person[key]) for key in (":email", ":sid") if person.get(key))
            at, source = (came.timestamp(), Source.PLATFORM) if came else received(path)
            found.append(HandedIn((*ids, name)[0], name, path, at, source, platform="Gradescope", ids=ids))
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
