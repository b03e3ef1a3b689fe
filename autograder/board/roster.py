"""Read a roster: a table of the people of a course, as spreadsheets and platforms write it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from autograder.text import clean

KINDS = ("student", "baseline", "staff")
LONGEST = 40  # characters of a name
AGAIN = 'save it again as "CSV UTF-8"'
SEPARATOR = re.compile(r"sep=(.)\r?\n")  # a first line that Excel reads and writes


def read(path: Path) -> Iterator[tuple[str, str, str]]:
    """(student, name or "", kind) of each line of a CSV file with the column `student`, perhaps also `name` and `kind`.

    Its cells are separated by commas, semicolons or tabs; empty lines are left out.

    Raises:
        ValueError: no CSV in UTF-8 or UTF-16, another head, an unknown kind, a line without a student, a student twice.
    """
    text, separator = _separated(_text(path))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    known: dict[str, tuple[str, str, str]] = {}
    try:
        head = [cell.strip().casefold() for cell in next(lines, [])]
        if "student" not in head:
            got = ", ".join(head)[:80] or "an empty line"
            raise ValueError(f"expected a first line such as student,name,kind in {path}, got {got}")
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            person = _person(dict(zip(head, map(str.strip, cells), strict=False)), f"line {lines.line_num} of {path}")
            before = known.setdefault(person[0].casefold(), person)
            if before != person:
                again = f"{person[0]} in line {lines.line_num} of {path}"
                raise ValueError(f"expected each student once, got {before[0]}, and again {again}")
            if before is person:
                yield person
    except csv.Error as error:
        raise ValueError(f"expected CSV in UTF-8 in {path}, got something else: {error}") from error


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise ValueError(f"expected CSV in UTF-8 in {path}, got a workbook of a spreadsheet: {AGAIN}")
    if not content.strip():
        raise ValueError(f"expected a first line such as student,name,kind in {path}, got an empty file")
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"expected CSV in UTF-8 in {path}, got another encoding in line {line}: {AGAIN}") from error


def _separated(text: str) -> tuple[str, str]:
    """The text without a line that names the separator, and the separator, which is the head's most frequent one."""
    if named := SEPARATOR.match(text):
        return text[named.end() :], named[1]
    return text, max(",;\t", key=text.partition("\n")[0].count)


def _person(line: dict[str, str], where: str) -> tuple[str, str, str]:
    """(student, name, kind) of a line; ValueError if it is none."""
    student, name, kind = (line.get(key, "") for key in ("student", "name", "kind"))
    if not student or (kind or "student") not in KINDS or len(name) > LONGEST:
        raise ValueError(
            f"expected a student, a name of at most {LONGEST} characters or none, and one of {', '.join(KINDS)}"
            f" or none in {where}, got {line}"
        )
    if clean(student + name) != student + name:
        raise ValueError(f"expected printable words in {where}, got {student + name!a}")
    if student.startswith("=") or name.startswith("="):
        raise ValueError(f"expected words in {where}, got a formula of a spreadsheet: {student}, {name}")
    return student, name, kind or "student"
