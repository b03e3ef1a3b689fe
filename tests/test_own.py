"""What a program writes takes the place of what it wrote before; a file of anyone else is kept aside or refused."""

import contextlib
import errno
import io
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from programs import as_script, lab_at

from autograder import __main__ as autograder
from autograder.reports import gradescope_results
from smallnets import files

NAMES = st.sampled_from(["results.json", "grades.csv", ".hidden", "Makefile", "net_p1.model", "a.tar.gz", "thesis"])


@given(
    name=NAMES,
    writes=st.lists(st.sampled_from(["a program", "a user", "an editor", "a copy"]), min_size=1, max_size=8),
    age=st.integers(0, 2**31),
)
def test_every_file_that_is_not_our_own_is_kept(
    tmp_path_factory: pytest.TempPathFactory, name: str, writes: list[str], age: int
) -> None:
    folder = tmp_path_factory.mktemp("out")
    path, foreign, kept = folder / name, False, []
    for k, who in enumerate(writes):
        if who == "a program":
            kept += [path.read_text()] if foreign else []
            with contextlib.redirect_stderr(io.StringIO()):
                files.write_text(path, f"written by a program {k}")
        elif who == "a copy":  # of what a program wrote elsewhere
            files.write_text(folder / "elsewhere", f"a copy {k}")
            (folder / "elsewhere").replace(path)
        else:
            start = path.read_text() if who == "an editor" and path.exists() else ""
            path.write_text(f"{start}a user's {k}")
        foreign = who != "a program"
        os.utime(path, (age, age))
    assert sorted(each.read_text() for each in folder.iterdir()) == sorted([*kept, path.read_text()])


def a_picture(path: Path) -> None:
    with lab_at(ROOT / "labs/numpy_to_cnn") as load:
        load("numpy_nn").visualize_data([np.zeros((2, 2))], None, "", "", "", str(path), False)


def a_net(path: Path) -> None:
    torch = pytest.importorskip("torch")
    with lab_at(ROOT / "labs/numpy_to_cnn") as load:
        load("pytorch_cnn").save(torch.nn.Linear(2, 2), path)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: files.write_text(path, "ours"), id="smallnets"),
        pytest.param(lambda path: gradescope_results.write(path, {}), id="results"),
        pytest.param(a_picture, id="numpy_nn"),
        pytest.param(a_net, id="pytorch_cnn"),
    ],
)
def test_a_temporary_file_takes_the_name_of_no_other(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, temporary = os.replace, []

    def noted(source: Path, target: Path) -> None:
        temporary.append(Path(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    write(tmp_path / "out.png")
    (name,) = set(temporary)
    name.write_text("mine")
    write(tmp_path / "out.png")
    assert name.read_text() == "mine" and len(list(tmp_path.iterdir())) == 2


def test_an_earlier_output_is_replaced_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.txt"
    for text in ("one", "two", "three"):
        files.write_text(path, text)
    assert os.listdir(tmp_path) == ["out.txt"] and capsys.readouterr().err == ""
    path.write_text("mine")
    files.write_text(path, "four")
    assert capsys.readouterr().err == "kept: the former out.txt as out.previous1.txt\n"
    path.write_text("mine, too")
    files.write_text(path, "five")
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "out.txt": "five", "out.previous1.txt": "mine", "out.previous2.txt": "mine, too"
    }  # fmt: skip


def test_where_nothing_can_be_remembered_everything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    for text in ("one", "two"):
        files.write_text(tmp_path / "out", text)
    assert (tmp_path / "out").read_text() == "two" and (tmp_path / "out.previous1").read_text() == "one"


def test_a_disk_that_is_full_before_the_former_file_is_kept_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "out").write_text("mine")
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_text(tmp_path / "out", "ours")
    assert os.listdir(tmp_path) == ["out"] and (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("mp6.py --part 1 --max_iter 0 --json", id="mp6 --json"),
        pytest.param("autograder grade . --lab mp6 --i-trust-this --json", id="grade --json"),
        pytest.param("autograder grade . --lab mp6 --i-trust-this --results", id="grade --results"),
        pytest.param("autograder serve --lab mp6 --db board.sqlite --points", id="serve --points"),
        pytest.param("labs/quickdraw/curves.py a.log --out", id="curves --out"),
        pytest.param(
            "labs/quickdraw/main_densenet.py --mode predict --weights a.pt --predictionsFile", id="predictionsFile"
        ),
        pytest.param("records/measure.py --json", id="measure --json"),
        pytest.param("records/compare.py 1 neuralnet_p1.py neuralnet_p2.py --json", id="compare --json"),
        pytest.param("records/numpy_speed.py --json", id="numpy_speed --json"),
        pytest.param("records/class_speed.py --out", id="class_speed --out"),
    ],
)
def test_a_file_of_another_kind_is_refused_before_the_work(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("# My own\n")
    program, *args = [*line.split(), "README.md"]
    monkeypatch.chdir(tmp_path)
    if program == "autograder":
        code, err = autograder.main(args), capsys.readouterr().err
    else:
        args = [str(ROOT / arg) if arg.endswith(".py") else arg for arg in args]
        done = as_script(ROOT / program, *args, cwd=tmp_path)
        code, err = done.returncode, done.stderr
    assert code == 2 and err.count("\n") == 1, err
    assert f"expected {tmp_path}/README.md to be new or one that can be replaced, got another kind of file" in err
    assert (tmp_path / "README.md").read_text() == "# My own\n"


def test_hidden_data_go_into_no_folder_of_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret").write_text("0123456789abcdef")
    command = ["hidden", "--lab", "batchnorm", "--secret", str(tmp_path / "secret"), "--out", str(tmp_path / "out")]
    for _ in range(2):  # the second time, its own are replaced
        assert autograder.main(command) == 0
    mine = sorted((tmp_path / "out").iterdir())[-1]
    mine.write_text("mine")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert autograder.main(command) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"or written by this program, got another {mine.name} there; move it away" in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_no_table_is_added_to_someone_elses_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "mine.db")) as connection:
        connection.execute("CREATE TABLE photo (name TEXT)")
    (tmp_path / "mine.db.lock").write_text("mine")
    before = (tmp_path / "mine.db").read_bytes()
    (tmp_path / "all").mkdir()
    command = ["class", str(tmp_path / "all"), "--lab", "mp6", "--out", str(tmp_path / "out")]
    assert autograder.main([*command, "--db", str(tmp_path / "mine.db")]) == 2
    assert "mine.db, got: the database of another program" in capsys.readouterr().err
    assert (tmp_path / "mine.db").read_bytes() == before and (tmp_path / "mine.db.lock").read_text() == "mine"
