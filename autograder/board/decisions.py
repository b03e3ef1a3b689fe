"""The decisions of staff on a board: rows that are hidden, files that several may hand in, uploads to grade again."""

from typing import NamedTuple

from autograder.board.record import Record


class Same(NamedTuple):
    """Files that the same people handed in, the earliest first, and whether staff agree to that.

    `key` names them in a form; `identities` are those of `similarity.identity`.
    """

    files: tuple[str, ...]
    students: tuple[str, ...]
    agreed: bool
    identities: tuple[str, ...]

    @property
    def key(self) -> str:
        """The first identity, as no other files have it."""
        return self.identities[0]


def hide(record: Record, student: str, hidden: bool) -> None:
    """Take a student's row off the board, or show it again; the uploads stay. ValueError for an unknown student."""
    if record.connection.execute("SELECT 1 FROM board_person WHERE student = ?", (student,)).fetchone() is None:
        raise ValueError(f"expected a student of this board, got {student}")
    _choose(record, "board_hidden", "student", student, hidden)


def agree(record: Record, key: str, agreed: bool) -> None:
    """Let all who handed in these files have a place, or only the earliest. ValueError for unknown files."""
    identities = next((same.identities for same in same_files(record) if same.key == key), ())
    if not identities:
        raise ValueError("expected files that several students handed in, got others")
    with record.transaction():
        for identity in identities:
            _choose(record, "board_allowed", "identity", identity, agreed)


def _choose(record: Record, table: str, column: str, value: str, chosen: bool) -> None:
    act = f"INSERT OR IGNORE INTO {table} VALUES (?)" if chosen else f"DELETE FROM {table} WHERE {column} = ?"
    record.connection.execute(act, (value,))


def hidden(record: Record) -> set[str]:
    """The students whose rows are hidden."""
    return {row["student"] for row in record.connection.execute("SELECT student FROM board_hidden")}


def same_files(record: Record) -> list[Same]:
    """The files that several people of the board handed in, those handed in last first."""
    query = (
        "WITH handed_in AS (SELECT identity, file, student, min(id) AS first FROM submission "
        "JOIN board_person USING (student) JOIN board_file USING (sha256) GROUP BY identity, student) "
        "SELECT identity, file, student FROM handed_in WHERE identity IN (SELECT identity FROM handed_in "
        "GROUP BY identity HAVING count(*) > 1) ORDER BY first, file"
    )
    students: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for identity, file, student in record.connection.execute(query):
        students.setdefault(identity, []).append(student)
        names.setdefault(identity, file)
    allowed = {row["identity"] for row in record.connection.execute("SELECT identity FROM board_allowed")}
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for identity, people in students.items():
        groups.setdefault((tuple(people), identity in allowed), []).append(identity)
    found = [
        Same(tuple(names[identity] for identity in identities), people, agreed, tuple(identities))
        for (people, agreed), identities in groups.items()
    ]
    return found[::-1]


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
