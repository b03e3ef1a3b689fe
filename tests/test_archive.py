"""Archives as submissions: a message for every kind of bad one, and any damage."""

import errno
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submissions import CODE, MODEL, make_zip, refused, taken

from autograder.intake import archive, entry


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Where a submission is put; what appears beside it has got out."""
    (tmp_path / "box").mkdir()
    return tmp_path / "box"


def info(name: str, mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr, made.compress_type, made.create_system = mode << 16, method, 3
    return made


@pytest.mark.parametrize(
    "name", ["../neuralnet_p1.py", "hw/../../x", "..", "/etc/x", "//x", "C:/x", "c:x", "a\\b", "..\\x", "hw/.."]
)
def test_a_zip_with_names_outside_itself_is_refused(box: Path, name: str) -> None:
    refused(make_zip(box / "a", {CODE: b"", name: b"evil"}), "names within the archive", name)
    assert [path.name for path in box.parent.iterdir()] == ["box"]


def test_a_zip_with_a_nul_in_a_name_is_refused(box: Path) -> None:
    data = make_zip(box / "a", {CODE: b"", f"{CODE}_evil": b""}).read_bytes().replace(b"_evil", b"\0evil")
    (box / "a").write_bytes(data)
    refused(box / "a", "names within the archive")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
@pytest.mark.parametrize("name", [CODE, "other"])
def test_a_zip_with_links_or_devices_is_refused(box: Path, kind: int, name: str) -> None:
    link = "a link" if kind == stat.S_IFLNK else "something else"
    refused(make_zip(box / "a", [(info(name, kind | 0o777), b"/etc/passwd")]), link, name)


@pytest.mark.parametrize("other", [CODE, CODE.upper(), f"./{CODE}", f"{CODE}/", "\uff4eeuralnet_p1.py"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_a_name_twice_is_refused(box: Path, other: str) -> None:
    refused(make_zip(box / "a", [(CODE, b"a"), (other, b"")]), "twice")


def test_an_encrypted_zip_is_refused(box: Path) -> None:
    data = bytearray(make_zip(box / "a", {CODE: b"x"}).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (box / "a").write_bytes(data)
    refused(box / "a", "without a password", CODE)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_oddly_packed_zip_is_refused(box: Path, method: int) -> None:
    refused(make_zip(box / "a", [(info(CODE, method=method), b"x")]), "stored or deflated", CODE)


def test_a_zip_of_too_many_entries_is_refused(box: Path) -> None:
    path = make_zip(box / "a", {f"{i}": b"" for i in range(entry.MOST_ENTRIES)})
    assert taken(path).files == {}
    refused(make_zip(box / "b", {f"{i}": b"" for i in range(entry.MOST_ENTRIES + 1)}), "at most 500 entries")


def test_a_long_table_of_contents_is_not_read(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(box / "a", {f"{i}" * 100: b"" for i in range(900)})
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_: pytest.fail("an entry was read"))
    refused(path, "at most 500 entries")


def test_a_bomb_is_refused_by_its_ratio(box: Path) -> None:
    path = make_zip(box / "a", {MODEL: bytes(2**22)})
    assert path.stat().st_size < 2**13
    refused(path, "at most 100 times", MODEL)
    assert taken(make_zip(box / "b", {MODEL: bytes(archive.FREE)})).files


def test_a_bomb_that_nobody_asked_for_is_not_unpacked(box: Path) -> None:
    path = make_zip(box / "a", {CODE: b"x", "bomb": bytes(2**24)})
    assert list(taken(path).files) == [CODE]


def test_a_bomb_in_a_small_file_stops_at_its_limit(box: Path) -> None:
    (note,) = taken(make_zip(box / "a", {CODE: bytes(2**22)})).notes
    assert note == f"{CODE} was refused: expected at most 1,000 bytes, got 4,194,304"


@pytest.mark.parametrize("declared", [0, 5, 999, 2**31])
def test_a_zip_that_lies_about_a_size_is_refused(box: Path, declared: int) -> None:
    data = bytearray(make_zip(box / "a", {CODE: bytes(500)}).read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, declared)
    (box / "a").write_bytes(data)
    refused(box / "a", "damage", CODE)


def test_a_file_of_a_zip_is_measured_not_believed(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: bytes(2**16))  # an entry without an end
    (note,) = taken(make_zip(box / "a", {CODE: b"x"})).notes
    assert note.startswith(f"{CODE} was refused: expected at most 1,000 bytes")
    refused(make_zip(box / "b", {MODEL: b"x"}), "at most 100 times")


@pytest.mark.parametrize("keep", [4, 30, 60, 100, -30, -22, -1])
def test_a_truncated_zip_is_refused(box: Path, keep: int) -> None:
    (box / "a").write_bytes(make_zip(box / "a", {CODE: bytes(range(256))}).read_bytes()[:keep])
    refused(box / "a", "that can be read", "damage")


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_damaged_zip_gives_files_or_one_line(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = make_zip(Path(scratch) / "a", {CODE: b"x = 1\n" * 20, MODEL: bytes(range(200)), "hw/a": b""})
        content = bytearray(path.read_bytes())
        for at, byte in data.draw(
            st.lists(st.tuples(st.integers(4, len(content) - 1), st.integers(0, 255)), max_size=6)
        ):
            content[at] = byte
        path.write_bytes(content)
        try:
            submission = taken(path)
        except ValueError as error:
            assert str(error).startswith("expected ") and str(error).isprintable()
        else:
            assert set(submission.files) <= {CODE, MODEL}
            assert all(note.isprintable() for note in submission.notes)


def seven_zip(path: Path) -> None:
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))


def rar(path: Path) -> None:
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))


def gzip(path: Path) -> None:
    with tarfile.open(path, "w:gz") as file:
        file.addfile(tarfile.TarInfo(CODE))


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        file.addfile(tarfile.TarInfo(CODE))


def zip_behind_something(path: Path) -> None:
    make_zip(path, {CODE: b"x"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (seven_zip, "a 7z archive"),
        (rar, "a rar archive"),
        (gzip, "a gzip archive"),
        (tar, "a tar archive"),
        (zip_behind_something, "a single file"),
        pytest.param(lambda path: path.write_text("x = 1"), "a single file", id="a program"),
        pytest.param(lambda path: path.write_text(""), "a single file", id="an empty file"),
        pytest.param(lambda path: None, "nothing of that name", id="nothing"),
        pytest.param(lambda path: path.symlink_to("/etc"), "a link", id="a link to a folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "a link", id="a link to nothing"),
        (os.mkfifo, "something else"),
    ],
)
def test_what_is_neither_folder_nor_zip_is_named(box: Path, make: Callable[[Path], None], what: str) -> None:
    make(box / "mp6.zip")
    refused(box / "mp6.zip", f"got {what}: mp6.zip")


def test_a_bad_disk_is_not_the_students_fault(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with open(make_zip(box / "a", {CODE: b"x"}), "rb") as file:
        (found,) = archive.entries(file.fileno())
        monkeypatch.setattr(archive._Bounded, "read", fail)
        with pytest.raises(OSError, match="Input/output"):
            list(found.blocks())
