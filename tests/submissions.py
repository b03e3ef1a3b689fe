"""Submissions for the tests of taking them in, and a small lab that they are for."""

import tempfile
import zipfile
from pathlib import Path

import pytest

from autograder.intake import take_in
from autograder.lab import HandIn, Lab, Submission

CODE, MODEL = "neuralnet_p1.py", "net_p1.model"
LAB = Lab(
    name="tiny",
    title="Tiny",
    hand_in=(HandIn(CODE, 1000), HandIn("neuralnet_p2.py", 1000), HandIn(MODEL, 2**23)),
    load=lambda folder, seed: (None, ""),
    steps=(),
    checks=(),
)
Files = dict[str, bytes]


def make_folder(path: Path, files: Files) -> Path:
    path.mkdir(exist_ok=True)
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def make_zip(path: Path, files: Files | list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    pairs = list(files.items()) if isinstance(files, dict) else files
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in pairs:
            file.writestr(name, data)
    return path


def encrypted(path: Path, name: str) -> None:
    """Mark a file of a zip as encrypted."""
    data = bytearray(path.read_bytes())
    for magic, name_at, flags_at in ((b"PK\x03\x04", 30, 6), (b"PK\x01\x02", 46, 8)):
        data[data.index(name.encode(), data.index(magic)) - name_at + flags_at] |= 1
    path.write_bytes(data)


def taken(path: Path, lab: Lab = LAB) -> Submission:
    """The submission, read into a folder of its own."""
    return take_in.take_in(path, lab, Path(tempfile.mkdtemp(dir=path.parent)))


def contents(submission: Submission) -> Files:
    return {name: path.read_bytes() for name, path in submission.files.items()}


def refused(path: Path, *words: str) -> None:
    """It raises one printable line with these words, and leaves nothing outside its folder."""
    with pytest.raises(ValueError) as caught:
        taken(path)
    text = str(caught.value)
    assert text.startswith("expected ") and ", got " in text and text.isprintable() and len(text) < 300, text
    assert all(word in text for word in words), text
