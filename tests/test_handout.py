"""The handout, and the command with which students check their work."""

import dataclasses
import re
from pathlib import Path

import pytest
from conftest import ROOT, repository_files
from test_grade import LAB as TOY

from autograder import __main__ as autograder
from autograder import registry
from autograder.commands import handout
from autograder.grading import grade
from autograder.intake.copy_files import copy_own
from autograder.intake.take_in import take_in
from autograder.lab import HandIn, Handout
from autograder.packaging import checkout_files
from autograder.reports import text_report

# attacks, staff's commands and what they need, readers of archives, walls of the sandbox, hidden data
STAFFS = "attacks|board|classroom|gradescope|commands/(?!__init__|check|pack)|packaging/(checkout_files|skeleton)"
STAFFS += "|intake/(archive|folder|take_in)|sandbox/(bubblewrap|cgroup|container|pipes|run|seccomp|supervisor|zygote)"
SECRET = rf"^(models|tests|records)/|^autograder/({STAFFS})|/grading/hidden.py$|^data/fashion_mnist/prepare.py$"
SECRET += "|^labs/mp6/(?!grading/)"  # plain solutions of all parts
# by which one knows a lab; of others, whose names may be any word, their folders
WORDS = {"mp6": r"mp6|MP6|neuralnet_p\d|net_p\d", "beras": "beras|Beras", "quickdraw": "quickdraw|QuickDraw"}
WORDS |= {name: name for name in ("batchnorm", "numpy_to_cnn")}
MOST_LINES = 8800  # of Python
TEXTS = {".py", ".md", ".toml", ".txt"}
every_lab = pytest.mark.parametrize("name", registry.names())


@every_lab
def test_a_handout_holds_what_one_lab_needs_and_nothing_of_ours(name: str, tmp_path: Path) -> None:
    lab = registry.load(name)
    assert lab.handout is not None
    names = handout.write(lab, tmp_path)
    assert names == sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    others = [other for other in registry.names() if other != name]
    assert not [file for file in names if re.search(SECRET, file) or set(others) & set(Path(file).parts)]
    assert not [file for file in names if file.endswith(".md") and file != "README.md"]
    assert not [file for file in names if re.search(r"__pycache__|secret|_test_part|\.(pt|model)$", file)]
    for file, blanked in lab.handout.blanks.items():
        source = (tmp_path / lab.handout.folder / file).read_text(encoding="utf-8")
        compile(source, file, "exec")
        assert source.count("raise NotImplementedError") >= len(blanked)
        ours = (ROOT / lab.handout.folder / file).read_text(encoding="utf-8")
        assert len(source) < len(ours)
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# ")


@every_lab
def test_a_handout_names_no_other_lab_and_is_no_longer_than_needed(name: str, tmp_path: Path) -> None:
    files = {file: tmp_path / file for file in handout.write(registry.load(name), tmp_path)}
    others = [other for other in registry.names() if other != name]
    words = "|".join(WORDS.get(other, f"labs[./]{other}") for other in others)
    texts = {file: path.read_text(encoding="utf-8") for file, path in files.items() if path.suffix in TEXTS}
    found = {file: match[0] for file, text in texts.items() if (match := re.search(rf"\b({words})\b", text))}
    assert not {file: word for file, word in found.items() if not file.startswith(f"labs/{name}/")}
    lines = sum(text.count("\n") for file, text in texts.items() if file.endswith(".py"))
    assert lines <= MOST_LINES


@every_lab
def test_what_grading_needs_is_tracked_and_there(name: str) -> None:
    assert set(checkout_files.grader(registry.load(name))) <= set(repository_files())


def test_the_command_writes_a_new_folder_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "there" / "handout"
    assert autograder.main(["handout", "--lab", "mp6", "--out", str(out)]) == 0
    assert f"written: {out}, " in capsys.readouterr().out and (out / "neuralnet_p1.py").is_file()
    before = sorted(out.rglob("*"))
    assert autograder.main(["handout", "--lab", "mp6", "--out", str(out)]) == 2
    assert "expected --out to be a new or empty folder" in capsys.readouterr().err
    assert sorted(out.rglob("*")) == before and sorted(path.name for path in out.parent.iterdir()) == ["handout"]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (None, "expected a lab with a handout, got toy"),
        (Handout("", {}, ("no/such/*",), "LICENSE"), "expected files like no/such/\\*"),
        (Handout("", {"mp6.py": ("nothing",)}, (), "LICENSE"), "expected a definition of nothing, got none"),
    ],
    ids=["no handout", "no such files", "no such definition"],
)
def test_a_wrong_declaration_leaves_nothing(
    declared: Handout | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(registry, "load", lambda name: dataclasses.replace(TOY, handout=declared))
    assert autograder.main(["handout", "--lab", "mp6", "--out", str(tmp_path / "out")]) == 2
    assert re.search(message, capsys.readouterr().err) and list(tmp_path.iterdir()) == []


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a right answer.py for the toy lab, which is the only one there is."""
    hand_in = (*TOY.hand_in, HandIn("answer.pt"))
    lab = dataclasses.replace(TOY, hand_in=hand_in, handout=Handout("labs/toy", {}, (), "LICENSE"))
    monkeypatch.setattr(registry, "load", lambda name: lab)
    monkeypatch.setattr(registry, "names", lambda: ["toy"])
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "labs"))
    (tmp_path / "labs/toy/grading").mkdir(parents=True)
    (tmp_path / "labs/toy/grading/declaration.py").touch()
    (tmp_path / "labs/toy/answer.py").write_text("def answer(n): return 42\n")
    (tmp_path / "labs/toy/answer.pt").write_bytes(b"weights")
    return tmp_path / "labs/toy"


def test_right_work_is_checked_where_it_lies(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(["check"]) == 0
    out = capsys.readouterr().out
    assert out.rstrip().endswith("score: 13 of 13") and "data of seed 0" in out and "ignored" not in out
    assert sorted(path.name for path in work.iterdir()) == ["answer.pt", "answer.py", "grading"]


def test_missing_points_and_missing_files_are_said(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "answer.py").write_text("def answer(n): return 41\n")
    (work / "answer.pt").unlink()
    assert autograder.main(["check", "--only", "1.2", "--seed", "4"]) == 1
    out = capsys.readouterr().out
    assert "missing: answer.pt\n" in out and "score: 5 of 10" in out and "--only 1.2 --seed 4" in out


def test_mistakes_on_the_command_line_are_named(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(["check", str(work / "grading")]) == 2
    assert "expected some of answer.py, answer.pt in" in capsys.readouterr().err
    assert autograder.main(["check", "--only", "7."]) == 2
    assert "expected a beginning of the numbers of toy's checks, got '7.'" in capsys.readouterr().err


def test_what_is_checked_is_what_is_graded(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert autograder.main(["check", "--seed", "3"]) == 0
    steps, checked = capsys.readouterr().out.split("again (2 of 2)\n")
    assert steps == "run (1 of 2)\n"
    text_report.show(grade.grade(work, registry.load("toy"), grade.best().tier, seed=3, trust=True))

    def clockless(text: str) -> str:
        return re.sub(r"time: .*|sandbox: .*", "", text)

    assert clockless(checked) == clockless(capsys.readouterr().out)


def test_the_users_own_files_are_taken_as_those_in_their_archive_are(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.py"
    path.write_text("def answer(n): return 42 # \xff", encoding="latin-1")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/answer.py").write_bytes(path.read_bytes())
    mine = copy_own({"answer.py": path}, TOY.hand_in, tmp_path / "mine")
    theirs = take_in(tmp_path / "work", TOY, tmp_path / "theirs")
    assert (mine.sha256, mine.notes) == (theirs.sha256, theirs.notes) and len(mine.notes) == 1
