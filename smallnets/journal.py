"""Optuna's journals, one JSON record a line, after a process that wrote to one was killed or found the disk full."""

import json
from pathlib import Path
from typing import Any

from smallnets import files, own

START = '{"op_code"'  # with which each record begins


def parted(text: str) -> tuple[list[str], list[str]]:
    """The whole records of a journal, and what is none: records cut short, at the end or with others behind them."""
    records: list[str] = []
    cut: list[str] = []
    for line in text.split("\n"):
        while line:
            try:
                _, end = json.JSONDecoder().raw_decode(line)
                whole = line.startswith(START)
            except ValueError:
                end, whole = line.find(START, 1), False
            end = end if end > 0 else len(line)
            (records if whole else cut).append(line[:end])
            line = line[end:]
    return records, cut


def mend(path: Path, lock: Any) -> None:
    """Let Optuna open a journal again: what was cut short is set aside in PATH.cut, with a note, and no more is lost.

    Args:
        lock: the journal's lock, one of Optuna's.

    Raises:
        ValueError: the file is no journal.
    """
    if not path.is_file() or _whole(_read(path)):
        return
    lock.acquire()  # a record that another process is just writing is whole when it has the lock no more
    try:
        text = _read(path)
        if not text.startswith(START[: len(text)]):
            raise ValueError(f"expected a journal of Optuna in {path}, got another file")
        records, cut = parted(text)
        if cut:
            aside = path.with_name(f"{path.name}.cut")
            files.write_text(aside, (_read(aside) if aside.exists() else "") + _lines(cut))
            print(f"{path}: what was cut short, {sum(map(len, cut))} bytes, is set aside in {aside.name}")
        if not _whole(text):
            own.remember(path)  # Optuna's file, and nothing of it is lost
            files.write_text(path, _lines(records))
    finally:
        lock.release()


def _lines(parts: list[str]) -> str:
    return "".join(f"{part}\n" for part in parts)


def _whole(text: str) -> bool:
    records, cut = parted(text)
    return not cut and _lines(records) == text


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")  # a record is ASCII, so only what was cut can hold more
