"""The decisions of staff on a board: rows that are hidden, files that several may hand in, uploads to grade again."""

from typing import NamedTuple

from autograder.board.record import Record


class Same(NamedTuple):
    """Files that several people handed in, the earliest first, and whether staff agree to that."""

    sha256: str
    students: tuple[str, ...]
    agreed: bool


def hide(record: Record, student: str, hidden: bool) -> None:
    """Take a student's row off the board, or show it again; the uploads stay. ValueError for an unknown student."""
    if record.connection.execute("SELECT 1 FROM board_person WHERE student = ?", (student,)).fetchone() is None:
        raise ValueError(f"expected a student of this board, got {student}")
    _choose(record, "board_hidden", "student", student, hidden)


def agree(record: Record, sha256: str, agreed: bool) -> None:
    """Let all who handed in these files have a place, or only the earliest. ValueError for unknown files."""
    if sha256 not in {same.sha256 for same in same_files(record)}:
        raise ValueError("expected files that several students handed in, got others")
    _choose(record, "board_agreed", "sha256", sha256, agreed)


def _choose(record: Record, table: str, column: str, value: str, chosen: bool) -> None:
    act = f"INSERT OR IGNORE INTO {table} VALUES (?)" if chosen else f"DELETE FROM {table} WHERE {column} = ?"
    record.connection.execute(act, (value,))


def hidden(record: Record) -> set[str]:
    """The students whose rows are hidden."""
    return {row["student"] for row in record.connection.execute("SELECT student FROM board_hidden")}


def same_files(record: Record) -> list[Same]:
    """The files that several people of the board handed in, those handed in last first."""
    query = (
        "SELECT sha256, student, min(id) AS first FROM submission JOIN board_person USING (student) WHERE sha256 IN "
        "(SELECT sha256 FROM submission JOIN board_person USING (student) GROUP BY sha256 "
        "HAVING count(DISTINCT student) > 1) GROUP BY sha256, student ORDER BY first DESC"
    )
    found: dict[str, list[str]] = {}
    for sha256, student, _ in record.connection.execute(query):
        found.setdefault(sha256, []).insert(0, student)
    agreed = {row["sha256"] for row in record.connection.execute("SELECT sha256 FROM board_agreed")}
    return [Same(sha256, tuple(students), sha256 in agreed) for sha256, students in found.items()]


def regrade(record: Record, sha256: str) -> None:
    """Let the grader grade a content again; its result stays until there is a new one."""
    query = (
        "SELECT key FROM job WHERE sha256 = ?1 AND lab = ?2 AND grader = "
        "(SELECT grader FROM job WHERE sha256 = ?1 AND lab = ?2 ORDER BY rowid DESC LIMIT 1)"
    )
    with record.transaction():
        for (key,) in record.connection.execute(query, (sha256, record.lab.name)).fetchall():
            record.regrade(key)
        # no grader has this name, so the result of the same one counts as new
        record.connection.execute("UPDATE board_result SET grader = '' WHERE sha256 = ?", (sha256,))
