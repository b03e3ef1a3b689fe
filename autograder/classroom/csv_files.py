"""CSV files of other programs: read, and written again as they were."""

import csv
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

from smallnets import files

BOM = "\ufeff"
MOST_BYTES = 50_000_000


@dataclasses.dataclass
class Table:
    """The head and the lines of a CSV file, and how it was written."""

    path: Path
    head: list[str]
    lines: list[list[str]]
    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False

    def rows(self) -> Iterator[dict[str, str]]:
        """Each line as column -> cell without blanks around it; a missing cell is empty."""
        for line in self.lines:
            cells = [*line, *[""] * (len(self.head) - len(line))]
            yield {name: cell.strip() for name, cell in zip(self.head, cells, strict=False)}

    def text(self) -> str:
        """The file's content."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerow(self.head)
        writer.writerows(self.lines)
        return BOM * self.bom + out.getvalue()


def read(path: Path) -> Table:
    """A CSV file in UTF-8, separated by commas, semicolons or tabs.

    Raises:
        ValueError: another kind of file.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    try:
        if len(content) > MOST_BYTES or b"\0" in content:
            raise ValueError
        text = content.decode("utf-8")
    except ValueError:
        raise ValueError(f"expected a CSV file in UTF-8, got another kind of file: {path}") from None
    bom, text = text.startswith(BOM), text.removeprefix(BOM)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    if not lines:
        raise ValueError(f"expected a CSV file with a head, got an empty file: {path}")
    newline = "\r\n" if first.endswith("\r") else "\n"
    return Table(path, [cell.strip() for cell in lines[0]], lines[1:], delimiter, newline, bom)


def write(table: Table, path: Path) -> None:
    """Write a table, whole or not at all."""
    files.write_text(path, table.text())
