"""Making hidden data: the same secret gives the same data, nothing is half-written, one line for each mistake."""

import dataclasses
from pathlib import Path

import pytest
from test_grade import LAB

from autograder import __main__ as autograder
from autograder import registry
from autograder.packaging import checkout_files

SECRET = b"a secret of many bytes"
WITH_HIDDEN_DATA = [name for name in registry.names() if registry.load(name).hidden]


def write(secret: bytes, folder: Path) -> None:
    """Two files, one of them in a folder; fails in the middle for a secret that says so."""
    (folder / "x.txt").write_bytes(secret)
    if secret.startswith(b"fail"):
        raise ValueError("expected images, got none")
    (folder / "more").mkdir()
    (folder / "more/y.txt").write_bytes(secret[::-1])


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab with hidden data, and a folder with the secret to work in."""
    monkeypatch.setattr(
        registry, "load", lambda name: dataclasses.replace(LAB, hidden=write if name == "toy" else None)
    )
    monkeypatch.chdir(tmp_path)
    Path("secret").write_bytes(SECRET + b"\n")


def hidden(*arguments: str, lab: str = "toy") -> int:
    return autograder.main(["hidden", "--lab", lab, "--secret", "secret", "--out", "staff", *arguments])


def test_it_writes_what_the_lab_makes_of_the_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert hidden() == 0
    assert capsys.readouterr().out == ("more/y.txt  22 bytes\nx.txt  22 bytes\nwritten: hidden data of toy in staff\n")
    assert Path("staff/x.txt").read_bytes() == SECRET and Path("staff/more/y.txt").read_bytes() == SECRET[::-1]
    assert Path("staff").stat().st_mode & 0o77 == 0
    assert sorted(path.name for path in Path().iterdir()) == ["secret", "staff"]


def test_files_of_an_earlier_run_are_replaced() -> None:
    assert hidden() == 0
    Path("secret").write_bytes(b"another one of many bytes")
    assert hidden() == 0
    assert Path("staff/x.txt").read_bytes() == b"another one of many bytes"


def test_nothing_is_half_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert hidden() == 0
    Path("secret").write_bytes(b"fail with this secret")
    assert hidden() == 2
    assert capsys.readouterr().err == "error: expected images, got none\n"
    assert Path("staff/x.txt").read_bytes() == SECRET
    assert sorted(path.name for path in Path().iterdir()) == ["secret", "staff"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--secret", "short"], "expected a secret of at least 16 bytes in short, got 6"),
        (["--secret", "nowhere"], "expected nowhere, got no such file"),
        (["--out", "secret"], "expected --out to be a folder, got something else of that name: secret"),
        (["--lab", "other"], "expected a lab with hidden data, got toy, which has none"),
    ],
)
def test_a_mistake_is_named_in_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("short").write_bytes(b" short1 \n\n")
    assert hidden(*arguments) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert not Path("staff").exists()


@pytest.mark.parametrize("name", WITH_HIDDEN_DATA)
def test_every_lab_checks_its_secret_itself(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    write = registry.load(name).hidden
    assert write is not None
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        write(b"short", tmp_path)


@pytest.mark.parametrize("name", WITH_HIDDEN_DATA)
def test_no_program_brings_the_module_that_makes_the_data(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    programs = ("grading.grade", "gradescope.__main__", "commands.hidden")
    assert f"labs/{name}/grading/hidden.py" not in checkout_files.grader(registry.load(name), programs)
