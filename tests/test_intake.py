"""Taking in submissions: honest ones in every shape, folders with traps, names and text."""

import dataclasses
import os
import socket
import stat
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submissions import CODE, LAB, MODEL, Files, contents, encrypted, make_folder, make_zip, refused, taken

from autograder.intake import copy_files, entry, folder, listing, take_in
from autograder.lab import Check, HandIn, Submission, Verdict


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Where a submission is put; what appears beside it has got out."""
    (tmp_path / "box").mkdir()
    return tmp_path / "box"


@pytest.fixture(params=[make_folder, make_zip], ids=["folder", "zip"])
def submit(request: pytest.FixtureRequest, box: Path) -> Callable[[Files], Submission]:
    """Hand files in, as a folder or as a zip."""
    return lambda files: taken(request.param(box / "submission", files))


def test_files_are_copied_under_their_names(submit: Callable[[Files], Submission]) -> None:
    files = {CODE: b"x = 1\n", MODEL: bytes(5000)}
    submission = submit(files)
    assert contents(submission) == files and submission.notes == ()
    assert {stat.S_IMODE(path.stat().st_mode) for path in submission.files.values()} == {0o644}
    assert len({path.parent for path in submission.files.values()}) == 1


def test_an_empty_submission_has_no_files(submit: Callable[[Files], Submission]) -> None:
    assert submit({}).files == {}


@given(
    st.dictionaries(st.sampled_from([wanted.name for wanted in LAB.hand_in] + ["other.txt"]), st.binary(max_size=99))
)
@settings(max_examples=15, deadline=None)
def test_a_folder_and_a_zip_of_the_same_files_are_the_same(files: Files) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        one = taken(make_folder(Path(scratch) / "folder", files))
        other = taken(make_zip(Path(scratch) / "zip", dict(reversed(files.items()))))
        assert one.sha256 == other.sha256 and one.notes == other.notes
        assert contents(one) == contents(other) == {name: files[name] for name in files if name != "other.txt"}


def test_the_sum_tells_names_and_contents_apart(box: Path) -> None:
    some = [{CODE: b"a"}, {CODE: b"b"}, {"neuralnet_p2.py": b"a"}, {CODE: b"a", MODEL: b""}, {}]
    sums = {taken(make_zip(box / f"{i}", files)).sha256 for i, files in enumerate(some)}
    assert len(sums) == len(some)


def test_the_sum_does_not_depend_on_the_order_in_the_lab(box: Path) -> None:
    path = make_zip(box / "a", {CODE: b"a", MODEL: b"m"})
    other = dataclasses.replace(LAB, hand_in=LAB.hand_in[::-1])
    assert taken(path).sha256 == take_in.take_in(path, other, box / "into").sha256


@pytest.mark.parametrize(
    "clutter",
    [{}, {"__MACOSX/._x": b"", ".DS_Store": b"", ".git/HEAD": b"", "hw/__pycache__/x": b""}],
    ids=["alone", "with clutter"],
)
def test_one_folder_around_the_files_is_looked_into(submit: Callable[[Files], Submission], clutter: Files) -> None:
    submission = submit({f"hw/{CODE}": b"x = 1", f"hw/{MODEL}": b"m"} | clutter)
    assert contents(submission) == {CODE: b"x = 1", MODEL: b"m"}
    assert submission.notes == ("the files were taken from the folder hw/",)


def test_files_at_the_top_come_before_those_in_folders(submit: Callable[[Files], Submission]) -> None:
    submission = submit({CODE: b"top", f"My old work/{CODE}": b"old", f"My old work/{MODEL}": b"m"})
    assert contents(submission) == {CODE: b"top", MODEL: b"m"}
    assert submission.notes == (
        f"{MODEL} was taken from My old work/{MODEL}",
        f"ignored: My old work/{CODE}",
    )


def test_each_file_may_lie_in_a_folder_of_its_own(submit: Callable[[Files], Submission]) -> None:
    submission = submit({f"part 1/{CODE}": b"1", "part 2/neuralnet_p2.py": b"2", f"nets/{MODEL}": b"m"})
    assert contents(submission) == {CODE: b"1", "neuralnet_p2.py": b"2", MODEL: b"m"}


@pytest.mark.parametrize("around", ["", "hw/"])
def test_files_are_found_in_the_folders_that_programs_write_to(box: Path, around: str) -> None:
    lab = dataclasses.replace(LAB, places=("", "models"), hand_in=(HandIn(CODE), HandIn(MODEL, dated=True)))
    dated = f"{around}models/202611240001_{MODEL}"
    files = {f"{around}{CODE}": b"x = 1", dated: b"new", f"{around}models/202611230001_{MODEL}": b"old"}
    for make in (make_folder, make_zip):
        submission = take_in.take_in(make(box / make.__name__, files), lab, box / f"{make.__name__} files")
        assert contents(submission) == {CODE: b"x = 1", MODEL: b"new"}
        assert f"{MODEL} was taken from {dated}" in submission.notes
    submission = take_in.take_in(make_folder(box / "m", {CODE: b"", f"models/{MODEL}": b"m"}), lab, box / "files")
    assert contents(submission) == {CODE: b"", MODEL: b"m"} and submission.notes == ()


def test_two_folders_with_the_files_are_not_chosen_from(submit: Callable[[Files], Submission]) -> None:
    submission = submit({f"a/{CODE}": b"", f"b/{CODE}": b""})
    assert submission.files == {}
    assert submission.notes == (f"found a/{CODE}, b/{CODE}, so put {CODE} outside of these folders",)


def test_a_file_that_adds_checks_is_not_looked_for_in_other_folders(box: Path) -> None:
    check = Check("1", "bonus", 1.0, (), lambda run: Verdict(1), only_with=("bonus",))
    lab = dataclasses.replace(LAB, hand_in=(HandIn(CODE), HandIn("bonus", required=False)), checks=(check,))
    path = make_folder(box / "a", {CODE: b"", "old/bonus": b""})
    assert contents(take_in.take_in(path, lab, box / "into")) == {CODE: b""}


@pytest.mark.parametrize("beside", [{}, {"report.pdf": b"%PDF"}], ids=["alone", "beside a report"])
def test_an_archive_in_the_submission_is_looked_into(submit: Callable[[Files], Submission], beside: Files) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        inner = make_zip(Path(scratch) / "work.zip", {f"hw/{CODE}": b"x = 1", f"hw/{MODEL}": b"m"}).read_bytes()
    submission = submit({"Work.zip": inner} | beside)
    assert contents(submission) == {CODE: b"x = 1", MODEL: b"m"}
    assert submission.notes[0] == f"taken from Work.zip: {MODEL}, {CODE}"
    assert submission.notes[1:] == (("ignored: report.pdf",) if beside else ())


def test_a_file_outside_of_an_archive_comes_before_the_one_in_it(submit: Callable[[Files], Submission]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        inner = make_zip(Path(scratch) / "work.zip", {CODE: b"old", MODEL: b"m"}).read_bytes()
    submission = submit({"work.zip": inner, CODE: b"new", "neuralnet_p2.py": b""})
    assert contents(submission) == {CODE: b"new", "neuralnet_p2.py": b"", MODEL: b"m"}
    assert f"left in work.zip, as they are in two places: {CODE}" in submission.notes


def test_an_archive_beside_a_complete_submission_is_not_opened(submit: Callable[[Files], Submission]) -> None:
    submission = submit({CODE: b"", "neuralnet_p2.py": b"", MODEL: b"", "old.zip": b"PK\x03\x04 damaged"})
    assert submission.notes == ("ignored: old.zip",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 damaged", "expected an archive that can be read, got damage in its table of contents"),
        (b"7z\xbc\xaf\x27\x1c", "expected a zip archive, got a 7-Zip archive; pack it again with"),
        (b"<!doctype html>", "expected a zip archive, got a web page"),
        (b"", "expected a zip archive, got an empty file"),
    ],
    ids=["damaged", "7-Zip", "a web page", "empty"],
)
def test_a_bad_archive_in_the_submission_does_not_cost_the_other_files(
    submit: Callable[[Files], Submission], content: bytes, reason: str
) -> None:
    submission = submit({CODE: b"x = 1", "work.zip": content})
    assert contents(submission) == {CODE: b"x = 1"}
    assert submission.notes[0].startswith(f"work.zip was left aside: {reason}")


def test_a_bad_file_of_an_archive_in_the_submission_is_refused_alone(submit: Callable[[Files], Submission]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = make_zip(Path(scratch) / "a", {MODEL: b"m"})
        encrypted(path, MODEL)
        submission = submit({CODE: b"x = 1", "work.zip": path.read_bytes()})
    assert contents(submission) == {CODE: b"x = 1"}
    refusal = f"{MODEL} was refused: expected an archive without a password, got an encrypted file: {MODEL}"
    assert refusal in submission.notes


NAMES = st.sampled_from(["a", "b c", "models", ".git", "venv", CODE, "neuralnet_p2.py", MODEL, "net_p1 (1).model"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(PATHS, st.binary(max_size=9), max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_tree_is_the_same_submission_as_folder_and_archive(tree: Files) -> None:
    # a name is a file or a folder, as on a disk
    tree = {name: data for name, data in tree.items() if not any(other.startswith(f"{name}/") for other in tree)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_folder(Path(scratch) / "folder", tree)
        with tarfile.open(Path(scratch) / "tar", "w:xz") as file:
            file.add(folder, ".")
        backslashes = {name.replace("/", "\\"): data for name, data in tree.items()}
        made = [make_zip(Path(scratch) / "zip", tree), make_zip(Path(scratch) / "windows", backslashes)]
        one, *others = map(taken, [folder, *made, Path(scratch) / "tar"])
        for other in others:
            assert (contents(other), other.notes, other.sha256) == (contents(one), one.notes, one.sha256)


NESTED = dataclasses.replace(LAB, root="hw2/code", hand_in=(HandIn("main.py"), HandIn("Beras/core.py")))
TWO: Files = {"main.py": b"m", "Beras/core.py": b"c"}


@pytest.mark.parametrize(
    ("place", "note"),
    [
        ("hw2/code/", None),
        ("", "the files were taken from the folder ./, not hw2/code/"),
        ("code/", "the files were taken from the folder code/, not hw2/code/"),
        ("hw2/hw2/code/", "the files were taken from the folder hw2/hw2/code/, not hw2/code/"),
        ("mine/", "the files were taken from the folder mine/, not hw2/code/"),
    ],
)
@pytest.mark.parametrize("make", [make_folder, make_zip])
def test_files_in_folders_of_the_lab_are_found(
    box: Path, make: Callable[[Path, Files], Path], place: str, note: str | None
) -> None:
    path = make(box / "a", {place + name: content for name, content in TWO.items()} | {place + "Beras/more.py": b""})
    submission = take_in.take_in(path, NESTED, box / "into")
    assert contents(submission) == TWO and (box / "into/Beras/core.py").is_file()
    aside = f"ignored: {place}Beras/more.py"
    assert submission.notes == ((note, aside) if note else (aside,))


def test_no_link_on_the_way_to_a_nested_file_is_followed(box: Path) -> None:
    secret = make_folder(box / "secret", {"core.py": b"secret"})
    path = make_folder(box / "a", {"hw2/code/main.py": b"m"})
    (path / "hw2/code/Beras").symlink_to(secret)
    assert contents(take_in.take_in(path, NESTED, box / "into")) == {"main.py": b"m"}


def test_what_nobody_asked_for_is_left_aside(submit: Callable[[Files], Submission]) -> None:
    submission = submit(
        {CODE: b"", "b.txt": b"", "data/x": b"", "data/y": b"", "a.txt": b"", "c.txt": b"", "d.txt": b""}
    )
    assert list(submission.files) == [CODE]
    assert submission.notes == ("ignored: a.txt, b.txt, c.txt and 2 more",)


@pytest.mark.parametrize(
    "name",
    [
        "neuralnetp2.py",
        "NeuralNet_P2.py",
        "neuralnet-p2.py",
        "neuralnet_p2 (1).py",
        "neuralnet_p2(3).py",
        "neuralnet_p2 copy.py",
        "neuralnet_p2-Copy1.py",
        "neuralnet_p2.py.txt",
        "neuralnet_p2.ipynb",
        "neural_net_p2.py",
        "neuralnt_p2.py",
    ],
)
def test_a_name_that_nearly_fits_is_named_and_not_taken(submit: Callable[[Files], Submission], name: str) -> None:
    submission = submit({CODE: b"", name: b""})
    assert list(submission.files) == [CODE]
    assert submission.notes == (f"found {name}, expected neuralnet_p2.py",)


@pytest.mark.parametrize(
    "name", ["neuralnetp1.py", "neuralnet_p1 (1).py", "solution.py", "x" * 200, f"neuralnet{'_' * 200}p2.py", "p2"]
)
def test_a_name_that_fits_another_file_better_is_not(submit: Callable[[Files], Submission], name: str) -> None:
    assert [note[:4] for note in submit({CODE: b"", name: b""}).notes] == ["igno"]


def test_a_file_that_is_too_large_does_not_cost_the_others(submit: Callable[[Files], Submission]) -> None:
    submission = submit({CODE: bytes(1001), MODEL: b"m"})
    assert contents(submission) == {MODEL: b"m"}
    assert submission.notes == (
        f"{CODE} was refused: expected at most 1,000 bytes of source, got 1,001 bytes in {CODE}",
    )


def test_all_files_together_have_a_limit(
    submit: Callable[[Files], Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_files, "MOST_BYTES", 700)
    assert list(submit({CODE: b"#" * 400, "neuralnet_p2.py": b"#" * 400, MODEL: b"m"}).files) == [CODE, MODEL]


def test_source_that_python_cannot_read_is_taken_and_noted(submit: Callable[[Files], Submission]) -> None:
    submission = submit({CODE: b"\nx = '\xff'", MODEL: b"\0\xff"})
    assert list(submission.files) == [CODE, MODEL]
    assert submission.notes == (f"{CODE}, line 2: expected utf-8, got the byte 0xff; save the file again as UTF-8",)


def test_links_pipes_sockets_and_folders_in_place_of_files_are_not_taken(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_folder(box / "a", {f"{CODE}/x": b"", "real": b"x"})
    (path / "neuralnet_p2.py").symlink_to(path / "real")
    os.mkfifo(path / MODEL)
    (path / "hw").symlink_to("/etc")
    monkeypatch.chdir(path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("socket")  # whole, its path may be longer than a socket's can be: 107 bytes, and 103 on macOS
        submission = taken(path)
    assert submission.files == {}
    assert [note.split(":")[0] for note in submission.notes[:2]] == [
        "neuralnet_p2.py was refused",
        f"{MODEL} was refused",
    ]


def test_no_link_in_a_path_is_followed(box: Path) -> None:
    secret = make_folder(box / "secret", {CODE: b"secret"})
    (box / "a").mkdir()
    (box / "a/hw").symlink_to(secret)
    assert taken(box / "a").files == {}
    # nor one that takes a folder's place after it was looked at
    real = make_folder(box / "b", {f"hw/{CODE}": b"real"})
    descriptor = os.open(real, os.O_RDONLY)
    try:
        found = folder.entries(descriptor).files
        (real / "hw").rename(real / "moved")
        (real / "hw").symlink_to(secret)
        assert (real / "hw" / CODE).read_bytes() == b"secret"
        with pytest.raises(entry.Refused):
            list(found[f"hw/{CODE}"].blocks())
        (real / "hw").unlink()
        (real / "moved").rename(real / "hw")
        (real / "hw" / CODE).unlink()
        (real / "hw" / CODE).symlink_to(secret / CODE)
        with pytest.raises(entry.Refused):
            list(found[f"hw/{CODE}"].blocks())
    finally:
        os.close(descriptor)


def test_a_pipe_is_not_opened_nor_waited_for(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_folder(box / "a", {})
    os.mkfifo(path / CODE)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        (found,) = folder.entries(descriptor).files.values()
        with monkeypatch.context() as patched:
            patched.setattr(folder, "_open", lambda *_: pytest.fail("opened"))
            with pytest.raises(entry.Refused):
                list(found.blocks())
        regular = os.stat(__file__)
        with monkeypatch.context() as patched:  # it took a file's place just after the look
            patched.setattr(os, "stat", lambda *_, **__: regular)
            with pytest.raises(entry.Refused):
                list(found.blocks())
    finally:
        os.close(descriptor)


def test_of_a_folder_in_the_folder_little_or_nothing_is_listed(box: Path) -> None:
    path = make_folder(box / "a", {f"{name}/{i}": b"" for name in ("data", ".git") for i in range(600)})
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = folder.entries(descriptor).paths
    finally:
        os.close(descriptor)
    assert len(found) == listing.MOST_ENTRIES + 1 and all(path.startswith("data/") for path in found)


def test_a_folder_of_too_many_entries_is_refused(box: Path) -> None:
    refused(make_folder(box / "a", {f"{i}": b"" for i in range(listing.MOST_ENTRIES + 1)}), "at most 500 entries")
    assert list(taken(make_folder(box / "b", {CODE: b""} | {f"data/{i}": b"" for i in range(600)})).files) == [CODE]


def test_names_are_made_printable(box: Path) -> None:
    evil = "\x1b[31m\u202eyp.2p\r\n\x07\x9b\u200b\u2028name" + "x" * 300
    path = make_zip(box / "a", {evil: b"", f"{CODE}": b""})
    for made in (path, make_zip(box / "b", {f"../{evil}": b""})):
        (note,) = taken(made).notes
        assert note.isprintable() and len(note) < 110
    folder = make_folder(box / "c", {CODE: b""})
    for name in (b"\xff\xfe\x1b[2J", "neuralnet_p2\u202e.py".encode()):
        (folder / os.fsdecode(name)).write_bytes(b"")
    assert all(note.isprintable() for note in taken(folder).notes)


def test_nothing_is_left_of_a_file_that_is_refused(box: Path) -> None:
    into = box / "into"
    take_in.take_in(make_zip(box / "a", {CODE: bytes(2000)}), LAB, into)
    assert list(into.iterdir()) == []


def test_no_file_is_replaced(box: Path) -> None:
    path = make_zip(box / "a", {CODE: b"new"})
    into = make_folder(box / "into", {CODE: b"old"})
    with pytest.raises(FileExistsError):
        take_in.take_in(path, LAB, into)
