"""Archives as submissions: a message for every kind of bad one, and any damage."""

import errno
import gzip
import io
import os
import random
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
from submissions import CODE, MODEL, Files, contents, encrypted, make_folder, make_zip, refused, taken

from autograder.intake import archive, listing, tarball


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
    "name", ["../neuralnet_p1.py", "hw/../../x", "..", "/etc/x", "//x", "C:/x", "c:x", "..\\x", "a\\..\\..\\b", "hw/.."]
)
def test_a_name_outside_of_the_zip_is_left_aside(box: Path, name: str) -> None:
    submission = taken(make_zip(box / "a", {CODE: b"x", name: b"evil"}))
    assert contents(submission) == {CODE: b"x"}
    assert submission.notes == (f"ignored, as they lead out of the archive: {name}",)
    assert {path.name for path in box.parent.iterdir()} == {"box"}


def test_a_name_with_a_nul_is_left_aside(box: Path) -> None:
    data = make_zip(box / "a", {CODE: b"", f"{MODEL}_evil": b""}).read_bytes().replace(b"_evil", b"\0evil")
    (box / "a").write_bytes(data)
    submission = taken(box / "a")
    assert list(submission.files) == [CODE] and submission.notes[0].startswith("ignored, as they lead out")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_link_or_device_in_a_zip_is_not_taken(box: Path, kind: int) -> None:
    path = make_zip(box / "a", [(info(CODE, kind | 0o777), b"/etc/passwd"), (MODEL, b"m")])
    submission = taken(path)
    assert contents(submission) == {MODEL: b"m"}
    assert submission.notes == (f"{CODE} was refused: expected a regular file, got a link, pipe or the like",)


@pytest.mark.parametrize("other", ["notes.txt", "venv/bin/python", ".git/HEAD", "__MACOSX/x"])
@pytest.mark.parametrize("kind", ["link", "twice", "lzma", "bzip2", "encrypted", "bomb", "many"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_members_do_not_cost_the_lab_its_files(box: Path, other: str, kind: str) -> None:
    wanted: list[tuple[str | zipfile.ZipInfo, bytes]] = [(CODE, b"x"), (MODEL, b"m"), ("neuralnet_p2.py", b"")]
    odd: dict[str, list[tuple[str | zipfile.ZipInfo, bytes]]] = {
        "link": [(info(other, stat.S_IFLNK | 0o777), b"/etc/passwd")],
        "twice": [(other, b"1"), (other, b"2")],
        "lzma": [(info(other, method=zipfile.ZIP_LZMA), b"x")],
        "bzip2": [(info(other, method=zipfile.ZIP_BZIP2), b"x")],
        "encrypted": [(other, b"x")],
        "bomb": [(other, bytes(2**24))],
        "many": [(f"{other}/{i}.py", b"") for i in range(700)],
    }
    path = make_zip(box / "a", wanted[:1] + odd[kind] + wanted[1:])
    if kind == "encrypted":
        encrypted(path, other)
    submission = taken(path)
    assert contents(submission) == {CODE: b"x", MODEL: b"m", "neuralnet_p2.py": b""}
    assert len(submission.notes) <= 2 and all(other.split("/")[0] in note for note in submission.notes)


@pytest.mark.parametrize("again", [CODE, f"./{CODE}"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_name_twice_the_last_counts(box: Path, again: str) -> None:
    submission = taken(make_zip(box / "a", [(CODE, b"old"), (again, b"new"), (CODE.upper(), b"another")]))
    assert contents(submission) == {CODE: b"new"}
    assert submission.notes == (
        f"twice in the archive, so the last one counts: {CODE}",
        f"ignored: {CODE.upper()}",
    )


def test_an_encrypted_zip_is_refused(box: Path) -> None:
    encrypted(make_zip(box / "a", {CODE: b"x"}), CODE)
    refused(box / "a", "without a password", CODE)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_oddly_packed_zip_is_refused(box: Path, method: int) -> None:
    refused(make_zip(box / "a", [(info(CODE, method=method), b"x")]), "stored or deflated", CODE)


def test_a_zip_of_too_many_entries_is_refused(box: Path) -> None:
    path = make_zip(box / "a", {f"{i}": b"" for i in range(listing.MOST_ENTRIES)})
    assert taken(path).files == {}
    refused(make_zip(box / "b", {f"{i}": b"" for i in range(listing.MOST_ENTRIES + 1)}), "at most 500 entries")


def test_a_long_table_of_contents_is_not_read(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(box / "a", {f"{i}" * 500: b"" for i in range(900)})
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_: pytest.fail("an entry was read"))
    refused(path, "of few files")


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
    assert note == f"{CODE} was refused: expected at most 1,000 bytes of source, got 4,194,304 bytes in {CODE}"


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


def seven_zip(path: Path) -> None:
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))


def rar(path: Path) -> None:
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def zip_behind_something(path: Path) -> None:
    make_zip(path, {CODE: b"x"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (seven_zip, "a 7-Zip archive"),
        (rar, "a RAR archive"),
        (zip_behind_something, "a file that is no archive"),
        pytest.param(lambda path: path.write_text("x = 1"), "a file that is no archive", id="a program"),
        pytest.param(lambda path: path.write_text(""), "an empty file", id="an empty file"),
        pytest.param(lambda path: path.write_text("\n<!DOCTYPE html><title>Sign in"), "a web page", id="a web page"),
        pytest.param(lambda path: path.write_text("%PDF-1.7"), "a PDF document", id="a PDF"),
        pytest.param(lambda path: path.write_text(POINTER), "a pointer of Git LFS, not the file", id="a pointer"),
        pytest.param(lambda path: None, "nothing of that name", id="nothing"),
        pytest.param(lambda path: path.symlink_to("/etc"), "a link", id="a link to a folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "a link", id="a link to nothing"),
        (os.mkfifo, "something else"),
    ],
)
def test_what_is_neither_folder_nor_zip_is_named(box: Path, make: Callable[[Path], None], what: str) -> None:
    make(box / "mp6.zip")
    refused(box / "mp6.zip", f"got {what}: mp6.zip")


@pytest.mark.parametrize(("make", "advice"), [(seven_zip, "pack it again"), (rar, "pack it again")])
def test_an_archive_of_another_kind_comes_with_advice(box: Path, make: Callable[[Path], None], advice: str) -> None:
    make(box / "mp6.7z")
    refused(box / "mp6.7z", advice)


def test_a_bad_disk_is_not_the_students_fault(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with open(make_zip(box / "a", {CODE: b"x"}), "rb") as file:
        (found,) = archive.entries(file.fileno()).files.values()
        monkeypatch.setattr(archive.Bounded, "read", fail)
        with pytest.raises(OSError, match="Input/output"):
            list(found.blocks())


WAYS = ["", "gz", "bz2", "xz"]


def make_tar(path: Path, files: Files, way: str) -> Path:
    with tarfile.open(path, f"w:{way}") as file:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("way", WAYS)
def test_a_tar_archive_is_read_like_a_folder(box: Path, way: str) -> None:
    files = {f"./hw/{CODE}": b"x = 1", f"hw/{MODEL}": bytes(200_000), "hw/more/x": b"", "hw/../../x": b"evil"}
    submission = taken(make_tar(box / "a", files, way))
    files.pop("hw/../../x")
    folder = taken(make_folder(box / "b", files))
    assert contents(submission) == contents(folder) and submission.sha256 == folder.sha256
    assert submission.notes == ("ignored, as they lead out of the archive: hw/../../x", *folder.notes)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
    ids=["link", "hard link", "pipe", "device"],
)
def test_a_link_or_device_in_a_tar_archive_is_not_taken(box: Path, kind: bytes) -> None:
    with tarfile.open(box / "a", "w") as file:
        link = tarfile.TarInfo(CODE)
        link.type, link.linkname = kind, "/etc/passwd"
        file.addfile(link)
    submission = taken(box / "a")
    assert submission.files == {} and submission.notes[0].startswith(f"{CODE} was refused: expected a regular file")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9], ids="{:.0%}".format)
def test_a_truncated_tar_archive_is_refused(box: Path, way: str, keep: float) -> None:
    path = make_tar(box / "a", {MODEL: random.Random(0).randbytes(200_000)}, way)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    refused(path, "that can be read", "damage")


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_tar_archive_that_unpacks_to_too_much_is_refused(
    box: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarball, "MOST_BYTES", 2**20)
    refused(make_tar(box / "a", {CODE: b"", "bomb": bytes(2**21)}, way), "at most 1,048,576 bytes unpacked")


@pytest.mark.parametrize("way", ["", "gz"])
def test_a_tar_archive_of_too_many_headers_is_refused(box: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball._Headers, "left", 2**16)
    refused(make_tar(box / "a", {f"data/{i}": b"" for i in range(200)}, way), "of few files")


def test_what_is_packed_and_no_tar_archive_is_refused(box: Path) -> None:
    (box / "a").write_bytes(gzip.compress(b"x = 1", mtime=0))
    refused(box / "a", "that can be read", "damage in its list of files")


@pytest.mark.parametrize("way", ["zip", *WAYS])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_damaged_archive_gives_files_or_one_line(way: str, data: st.DataObject) -> None:
    files = {CODE: b"x = 1\n" * 20, MODEL: bytes(range(200)), "hw/a": b""}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "a"
        make_zip(path, files) if way == "zip" else make_tar(path, files, way)
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
