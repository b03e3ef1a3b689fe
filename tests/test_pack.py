"""Making the archive to hand in: the same bytes each time, missing files named, no file destroyed."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import __main__ as autograder
from autograder import registry
from autograder.intake import take_in

CODE, MODEL = "neuralnet_p1.py", "net_p1.model"
UPLOAD = "Upload tiny.zip where your course collects work, such as Gradescope, Canvas, Moodle or its scoreboard.\n"
LAB = f"""
from autograder.lab import HandIn, Lab

LAB = Lab(
    name="tiny",
    title="Tiny",
    hand_in=(
        HandIn("{CODE}", 1000, functions={{"fit": ("x",)}}),
        HandIn("{MODEL}", 5000),
        HandIn("extra.txt", required=False),
    ),
    load=lambda folder, seed: (None, ""),
    steps=(),
    checks=(),
    places=("", "models"),
)
"""


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab of the name tiny, and a folder to work in."""
    (tmp_path / "labs/tiny/grading").mkdir(parents=True)
    (tmp_path / "labs/tiny/grading/declaration.py").write_text(LAB)
    (tmp_path / "work/models").mkdir(parents=True)
    (tmp_path / "work" / CODE).write_text("def fit(x):\n    return 1\n")
    (tmp_path / "work/models" / MODEL).write_bytes(bytes(1234))
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "labs"))
    forget_tiny()
    monkeypatch.chdir(tmp_path / "work")


def forget_tiny() -> None:
    """Let the next test import its own."""
    for name in [name for name in sys.modules if name.startswith("labs.tiny")]:
        del sys.modules[name]


def pack(*arguments: str) -> int:
    try:
        return autograder.main(["pack", "--lab", "tiny", *arguments])
    finally:
        forget_tiny()


def test_a_complete_archive(capsys: pytest.CaptureFixture[str]) -> None:
    assert pack() == 0
    listed = f"{CODE}  25 bytes\n{MODEL}  1,234 bytes, from models\n"
    assert capsys.readouterr().out == f"{listed}written: tiny.zip, 2 files\n{UPLOAD}"
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.namelist() == [MODEL, CODE] and archive.testzip() is None
    assert sorted(path.name for path in Path().iterdir()) == ["models", CODE, "tiny.zip"]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    assert pack() == 0
    once = Path("tiny.zip").read_bytes()
    os.utime(CODE, (10**9, 10**9))
    Path(CODE).chmod(0o700)
    Path("models", MODEL).rename(MODEL)
    assert pack("--out", "other/b.zip", ".") == 0
    assert Path("other/b.zip").read_bytes() == once
    lab = registry.load("tiny")
    sums = {take_in.take_in(Path(path), lab, tmp_path / f"into{path}").sha256 for path in ("tiny.zip", ".")}
    assert len(sums) == 1


def test_the_folder_comes_before_its_models(capsys: pytest.CaptureFixture[str]) -> None:
    Path(MODEL).write_bytes(b"here")
    assert pack() == 0
    assert f"{MODEL}  4 bytes, not models/{MODEL}\n" in capsys.readouterr().out


def test_another_folder_can_be_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pack("work") == 0
    assert (tmp_path / "tiny.zip").exists()


@pytest.mark.parametrize("target", ["itself", "nowhere"])
def test_a_link_that_leads_nowhere_hides_no_file(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.symlink(target, "itself")
    assert autograder.main(["pack", "--lab", "tiny"]) == 0
    assert "missing" not in capsys.readouterr().out


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path(CODE).rename("neuralnetp1.py")
    assert pack() == 1
    out = capsys.readouterr().out
    assert f"missing: {CODE} (found neuralnetp1.py: is it {CODE}? Then rename it)\n" in out
    assert "extra.txt" not in out
    assert out.endswith(f"written: tiny.zip, 1 file, NOT COMPLETE\n{UPLOAD}")
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.namelist() == [MODEL]


def test_what_looks_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path(CODE).write_text("def fit(x):\n    pass\n")
    assert pack() == 0
    assert f"\n{CODE}, line 1: fit has no code yet\n" in capsys.readouterr().out
    Path(CODE).write_bytes(b"\xff")
    assert pack() == 0
    assert capsys.readouterr().out.count("line 1: expected utf-8") == 1


def declared(tmp_path: Path, old: str, new: str) -> None:
    """Change the lab of this test."""
    assert old in LAB
    (tmp_path / "labs/tiny/grading/declaration.py").write_text(LAB.replace(old, new))


def test_a_file_that_is_too_large_is_named_before_an_archive_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("models", MODEL).write_bytes(bytes(5001))
    assert pack() == 2 and not Path("tiny.zip").exists()
    out, err = capsys.readouterr()
    assert out == f"models/{MODEL} is too large: expected at most 5,000 bytes, got 5,001 bytes in {MODEL}\n"
    assert "no archive is written" in err


def test_an_optional_file_that_is_too_large_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("extra.txt").write_bytes(bytes(70_000))
    assert pack() == 0
    assert "extra.txt is too large: expected at most 64 KB, got 70,000 bytes in extra.txt\n" in capsys.readouterr().out


def test_a_model_without_its_module_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared(tmp_path, f'"{MODEL}", 5000', f'"{MODEL}", 5000, opened_by="{CODE}"')
    assert pack() == 0
    Path(CODE).unlink()
    assert pack() == 2
    assert f"models/{MODEL} earns no points without {CODE}, which opens it" in capsys.readouterr().out


LOOK = """
def look(content):
    if content == b"wrong":
        raise ValueError("expected numbers in extra.txt, got words")
    return "the first line of extra.txt was taken for a header" if content == b"head" else ""
"""


@pytest.mark.parametrize(
    ("content", "required", "code", "line"),
    [
        ("right", True, 0, ""),
        ("head", True, 0, "the first line of extra.txt was taken for a header\n"),
        ("wrong", True, 2, "expected numbers in extra.txt, got words\n"),
        ("wrong", False, 0, "expected numbers in extra.txt, got words\n"),
    ],
    ids=["right", "with a header", "wrong", "wrong and optional"],
)
def test_the_lab_looks_at_what_is_handed_in(
    tmp_path: Path, content: str, required: bool, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    declared(tmp_path, '"extra.txt", required=False', f'"extra.txt", required={required}, look=look')
    path = tmp_path / "labs/tiny/grading/declaration.py"
    path.write_text(path.read_text().replace("LAB = Lab", f"{LOOK}\n\nLAB = Lab"))
    Path("extra.txt").write_text(content)
    assert pack() == code
    assert line in capsys.readouterr().out


def test_a_name_that_is_nearly_that_of_an_optional_file_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    Path("extra (1).txt").write_text("x")
    assert pack() == 0
    out = capsys.readouterr().out
    assert "left out: extra.txt (found extra (1).txt: is it extra.txt? Then rename it)\n" in out


def test_modules_of_ones_own_are_packed_with_the_files_that_import_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("nets").mkdir()
    Path(CODE).write_text("import nets.blocks\n\ndef fit(x):\n    return nets.blocks.f(x)\n")
    Path("nets/blocks.py").write_text("import np\n\ndef f(x):\n    return np.int(x)\n")
    Path("nets/unused.py").write_text("x = 1\n")
    assert pack() == 0
    out = capsys.readouterr().out
    assert "nets/blocks.py  42 bytes\n" in out and "your own modules were taken along: nets/blocks.py\n" in out
    assert "nets/blocks.py, line 1: the module np may be missing when this is graded\n" in out
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.namelist() == [MODEL, "nets/blocks.py", CODE]
    lab = registry.load("tiny")
    sums = {take_in.take_in(Path(path), lab, tmp_path / f"into{path}").sha256 for path in ("tiny.zip", ".")}
    assert len(sums) == 1


def test_an_earlier_archive_is_replaced() -> None:
    assert pack() == 0
    Path(CODE).write_text("def fit(x):\n    return 2\n")
    assert pack() == 0
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.read(CODE) == Path(CODE).read_bytes()


@pytest.mark.parametrize("out", ["notes.zip", "notes.txt", "folder.zip", MODEL])
def test_nothing_else_is_replaced(out: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder.zip").mkdir()
    if out != "folder.zip":
        Path(out).write_text("mine")
    assert pack("--out", out) == 2
    assert capsys.readouterr().err.startswith("error: expected ")
    assert Path(out).is_dir() or Path(out).read_text() == "mine"


@pytest.mark.parametrize(
    "arguments", [["--lab", "nosuch"], ["nowhere"], [CODE], ["models/.."], ["empty"], ["--lab", "../x"]]
)
def test_a_mistake_costs_no_file(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    if arguments == ["models/.."]:
        Path(CODE).unlink()
        Path("models", MODEL).unlink()
    assert pack(*arguments) == 2
    assert capsys.readouterr().err.startswith("error: expected ")
    assert not Path("tiny.zip").exists() and not list(Path().glob(".*"))


def test_a_model_that_is_an_archive_itself_is_not_replaced() -> None:
    assert pack() == 0
    before = Path("tiny.zip").rename(MODEL).read_bytes()
    assert pack("--out", MODEL) == 2
    assert Path(MODEL).read_bytes() == before


def test_an_error_on_the_way_leaves_the_earlier_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pack() == 0
    before = Path("tiny.zip").read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    assert pack() == 2
    assert Path("tiny.zip").read_bytes() == before and len(list(Path().iterdir())) == 3


def test_files_are_packed_where_the_lab_wants_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = LAB.replace('HandIn("extra.txt"', 'HandIn("Beras/extra.txt"').replace(
        "places=", 'root="hw2/code", places='
    )
    (tmp_path / "labs/tiny/grading/declaration.py").write_text(source)
    Path("Beras").mkdir()
    Path("Beras/extra.txt").write_text("more")
    assert pack() == 0
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.namelist() == ["hw2/code/Beras/extra.txt", f"hw2/code/{MODEL}", f"hw2/code/{CODE}"]
    assert "ignored" not in capsys.readouterr().out
    Path(CODE).rename("Beras/neuralnetp1.py")
    assert pack() == 1
    assert f"missing: {CODE} (found Beras/neuralnetp1.py: is it {CODE}? Then rename it)" in capsys.readouterr().out


def test_of_dated_files_the_latest_is_packed_without_its_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labs/tiny/grading/declaration.py").write_text(
        LAB.replace(f'"{MODEL}", 5000', f'"{MODEL}", 5000, dated=True')
    )
    for date in ("202611232359", "202611240001", "202610010000"):
        Path("models", f"{date}_{MODEL}").write_text(date)
    Path("models", f"2026_{MODEL}").write_text("no date")
    Path("models", MODEL).unlink()
    assert pack() == 0
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.namelist() == [MODEL, CODE] and archive.read(MODEL) == b"202611240001"
    assert f"{MODEL}  12 bytes, from models/202611240001_{MODEL}\n" in capsys.readouterr().out
    Path("models", MODEL).write_text("its own name")
    assert pack() == 0
    with zipfile.ZipFile("tiny.zip") as archive:
        assert archive.read(MODEL) == b"its own name"


def test_labs_are_known_by_name() -> None:
    assert "tiny" in registry.names() and registry.load("tiny").title == "Tiny"
    with pytest.raises(ValueError, match="expected a lab among .*, tiny; got nosuch"):
        registry.load("nosuch")
