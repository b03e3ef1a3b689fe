"""Files that two students share: copies are found whatever their names and comments, independent work is not."""

import csv
import io
import re
from pathlib import Path

import pytest
import toy
from conftest import ROOT

from autograder import registry
from autograder.classroom import similarity
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from autograder.classroom.rows import Registered
from autograder.classroom.shared_work import shared_work
from autograder.classroom.sheet import same_work
from autograder.classroom.similarity import NEAR, Pair, Work, pairs, work
from autograder.commands import handout
from autograder.intake.take_in import take_in

FILE = "neuralnet_p2.py"
SOURCE = (ROOT / "tests/solutions/terse" / FILE).read_text(encoding="utf-8")
FOLDERS = sorted(path.parent for path in (ROOT / "tests/solutions").rglob(FILE))
OTHERS = {path.name: {FILE: work(FILE, (path / FILE).read_bytes())} for path in FOLDERS if path.name != "terse"}


def of(source: str) -> dict[str, Work]:
    return {FILE: work(FILE, source.encode())}


def renamed(source: str) -> str:
    """The source with its own variables called otherwise."""
    for old, new in (("yhat", "out"), ("loss", "cost"), ("lrate", "speed"), ("optimizer", "opt"), ("batch", "piece")):
        source = re.sub(rf"\b{old}\b", new, source)
    return source


def commented(source: str) -> str:
    return "# mine\n\n" + source.replace("\n", "  # all mine\n\n", 1).replace("    def ", "    # next\n\n    def ")


def undocumented(source: str) -> str:
    return re.sub(r'"""[^"]*"""', '"""Mine."""', source)


def reformatted(source: str) -> str:
    return re.sub(r"^( +)", lambda found: found[0] * 2, source, flags=re.MULTILINE).replace(", ", ",  ")


CHANGES = [renamed, commented, undocumented, reformatted]


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_a_copy_is_equal_whatever_its_names_comments_and_blanks(change: type) -> None:
    copy = change(SOURCE)
    assert copy != SOURCE
    assert pairs({"ada": of(SOURCE), "bob": of(copy)} | OTHERS, {})[0] == Pair(FILE, ("ada", "bob"), 1.0)


def test_a_copy_with_lines_of_its_own_is_nearly_equal() -> None:
    more = "\n\ndef more(values):\n    return [value * value + 3 for value in values if value]\n"
    (found,) = pairs({"ada": of(SOURCE), "bob": of(renamed(SOURCE).replace("100", "128") + more)}, {})
    assert NEAR <= found.share < 1


def test_independent_solutions_are_not_listed() -> None:
    assert len(OTHERS) >= 6 and pairs({"terse": of(SOURCE)} | OTHERS, {}) == []


def test_what_the_handout_gives_and_what_many_share_does_not_count() -> None:
    lab = registry.load("mp6")
    given = similarity.given(lab)
    start = given[FILE]
    assert pairs({"ada": {FILE: start}, "bob": {FILE: start}}, given) == []
    both = {name: of(SOURCE + f"\n\ndef {name}():\n    return {k}\n") for k, name in enumerate(("ada", "bob"))}
    assert len(pairs(both, {})) == 1 and pairs(both, of(SOURCE)) == []
    many = {f"s{k}": of(SOURCE + f"\n\ndef f():\n    return {k}\n") for k in range(8)}
    assert pairs(many, {}) == []


@pytest.mark.parametrize("name", registry.names())
def test_two_students_who_hand_in_the_handout_share_nothing(name: str, tmp_path: Path) -> None:
    lab = registry.load(name)
    handout.write(lab, tmp_path / "handout")
    assert lab.handout is not None
    folder = tmp_path / "handout" / lab.handout.folder
    (folder / "2470student").touch()  # a file whose presence alone counts
    (folder / "README.md").write_bytes((tmp_path / "handout/README.md").read_bytes())
    works = similarity.of_files(take_in(folder, lab, tmp_path / "files").files)
    assert works and pairs({"ada": works, "bob": works}, similarity.given(lab)) == []


def test_pictures_which_a_given_program_draws_are_not_compared(tmp_path: Path) -> None:
    picture = tmp_path / "numpy_nn_training.png"
    picture.write_bytes(b"the same")
    assert similarity.of_files({picture.name: picture}) == {}


def test_model_files_and_broken_programs_are_compared_as_they_are() -> None:
    everyone = {
        name: {"net.model": work("net.model", model), "a.py": work("a.py", source)}
        for name, model, source in (("ada", b"1", b"def ("), ("bob", b"1", b"x = 1"), ("cyd", b"2", b"def ("))
    }
    assert {(pair.file, pair.students) for pair in pairs(everyone, {})} == {
        ("net.model", ("ada", "bob")), ("a.py", ("ada", "cyd")),
    }  # fmt: skip


def test_a_short_file_is_nobodys() -> None:
    assert pairs({"ada": of("def fit(n):\n    return n + 1\n"), "bob": of("def fit(n):\n    return n + 1\n")}, {}) == []


def registered(student: str, at: float, source: Source, path: str = "") -> Registered:
    return Registered(HandedIn(student, student, Path(path or student), at, source), student, works=of(SOURCE))


@pytest.mark.parametrize(
    ("source", "first"), [(Source.PLATFORM, "bob"), (Source.DISK, "")], ids=["known times", "unknown times"]
)
def test_who_came_first_is_said_where_it_is_known(source: Source, first: str) -> None:
    (found,) = shared_work([registered("=ada", 2, source), registered("bob", 1, source)], toy.LAB)
    assert found.first == first
    (line,) = csv.DictReader(io.StringIO(same_work([found])))
    assert line == {
        "student": "'=ada", "other student": "bob", "file": FILE, "share of its own": "1.0", "came first": first,
    }  # fmt: skip


def test_members_of_a_group_are_one() -> None:
    group = [registered(name, 1, Source.PLATFORM, "submission_1") for name in ("ada", "bob")]
    assert shared_work(group, toy.LAB) == []
    assert len(shared_work([*group, registered("cyd", 2, Source.PLATFORM)], toy.LAB)) == 1
