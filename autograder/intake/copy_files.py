"""Copy a submission's files under the names that the lab gives them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.intake import helpers
from autograder.intake.entry import BLOCK, Entry, Refused, too_large
from autograder.lab import HandIn, Submission
from autograder.lint import source_text

MOST_BYTES = 2**28  # of all files together


def copy_own(files: Mapping[str, Path], hand_in: Sequence[HandIn], into: Path) -> Submission:
    """Take the user's own files as a submission; `files` maps the names of HandIns and modules to their paths.

    Raises:
        OSError: a file cannot be read.
    """

    def entry(name: str, path: Path) -> Entry:
        return Entry(name, path.stat().st_size, lambda: _blocks(path))

    return copy_entries({name: entry(name, path) for name, path in files.items()}, hand_in, into)


def _blocks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            yield block


def copy_entries(entries: Mapping[str, Entry], hand_in: Sequence[HandIn], into: Path) -> Submission:
    """Copy the lab's files, and a student's modules, to `into`; notes name files that are refused or cannot be read.

    Raises:
        ValueError: the submission is damaged.
        OSError: the disk fails.
    """
    files: dict[str, Path] = {}
    refused: dict[str, str] = {}
    notes: list[str] = []
    left = MOST_BYTES
    for wanted in [*hand_in, *helpers.hand_ins(entries, hand_in)]:
        if (entry := entries.get(wanted.name)) is None:
            continue
        target = into / wanted.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            left -= _copy(entry, target, wanted, left)
        except Refused as reason:
            refused[wanted.name] = str(reason)
            notes.append(f"{wanted.name} was refused: {reason}")
            continue
        files[wanted.name] = target
        if wanted.name.endswith(".py") and (note := source_text.problem(wanted.name, target.read_bytes())):
            notes.append(note)
    return Submission(files, tuple(notes), _sha256(files), refused)


def content_of(entry: Entry, most: int) -> bytes:
    """The content of a file; b"" if it has more than `most` bytes or is refused. ValueError: it is damaged."""
    content = b""
    try:
        for block in entry.blocks():
            content += block
            if len(content) > most:
                return b""
    except Refused:
        return b""
    return content


def _copy(entry: Entry, target: Path, wanted: HandIn, left: int) -> int:
    """Copy a file, whole or not at all; returns its bytes. Refused: it has more than it may have, or than `left`."""
    size = 0
    with open(target, "xb") as copy:
        try:
            for block in entry.blocks():
                size += len(block)
                if size > wanted.most_bytes:
                    raise Refused(too_large(wanted, max(size, entry.size)))
                if size > left:
                    raise Refused(f"expected at most {MOST_BYTES:,} bytes in all files together, got more")
                copy.write(block)
            target.chmod(0o644)
        except BaseException:
            target.unlink()
            raise
    return size


def _sha256(files: dict[str, Path]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        with open(files[name], "rb") as file:
            digest.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
