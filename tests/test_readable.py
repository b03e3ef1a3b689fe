"""What a job may read of the machine: programs and libraries, no data; and nothing of staff's may lie there."""

import dataclasses
import os
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from test_sandbox import every_safe_tier, need, python

from autograder import __main__ as autograder
from autograder import registry
from autograder.sandbox import bubblewrap, readable
from autograder.sandbox.job import MB, Cause, Limits, Tier
from smallnets.data import fashion


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that jobs may read."""
    (tmp_path / "shown").mkdir()
    monkeypatch.setattr(readable, "readable", lambda: (str(tmp_path / "shown"),))
    return tmp_path / "shown"


@pytest.mark.parametrize(
    "path", ["/usr/share/datasets/fashion-mnist", "/usr/local/share/x", "/srv/x", "/home/x", "/var/x"]
)
def test_places_of_data_are_not_on_the_list(path: str) -> None:
    readable.expect_unreadable(Path(path), "x")
    assert all(not Path(path).is_relative_to(place) for place in readable.readable())


def test_every_lab_names_data_sets_that_no_job_may_read() -> None:
    labs = [registry.load(name) for name in registry.names()]
    assert {lab.name: lab.sources for lab in labs if lab.sources} == {
        "mp6": (fashion.DEBIAN,),
        "numpy_to_cnn": (fashion.DEBIAN,),
    }
    readable.expect_unreadable(fashion.DEBIAN, "the data set")


def beneath(shown: Path, other: Path) -> Path:
    return shown / "staff"


def through_a_link(shown: Path, other: Path) -> Path:
    (other / "link").symlink_to(shown)
    return other / "link" / "staff"


def link_in_a_folder(shown: Path, other: Path) -> Path:
    (other / "staff" / "deep").mkdir(parents=True)
    (other / "staff" / "deep" / "y.npy").symlink_to(shown / "y.npy")
    return other / "staff"


def with_dots(shown: Path, other: Path) -> Path:
    return other / ".." / "shown" / "y.npy"


PLACES = [beneath, through_a_link, link_in_a_folder, with_dots]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_a_path_that_students_can_read_is_refused(
    place: Callable[[Path, Path], Path], shown: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    path = place(shown, other)
    with pytest.raises(ValueError, match=f"expected --staff out of the reach of students, got {path.parent}"):
        readable.expect_unreadable(path, "--staff")
    readable.expect_unreadable(other / "elsewhere", "--staff")


COMMANDS = {
    "grade --staff": "grade {other} --lab mp6 --staff {shown}/x",
    "class --staff": "class {other} --lab mp6 --out {other}/out --staff {shown}/x",
    "class --db": "class {other} --lab mp6 --out {other}/out --db {shown}/x",
    "class --out": "class {other} --lab mp6 --out {shown}/x",
    "class --watch": "class --watch --lab mp6 --db {shown}/x",
    "serve --staff": "serve --lab quickdraw --db {other}/db --staff {shown}/x",
    "serve --db": "serve --lab quickdraw --db {shown}/x",
    "hidden --secret": "hidden --lab mp6 --secret {shown}/x --out {other}/staff",
    "hidden --out": "hidden --lab mp6 --secret {other}/secret --out {shown}/x",
    "bundle --staff": "bundle --lab mp6 --staff {shown}/x",
    "emulate": "emulate {shown}/x {other}",
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_commands_refuse_secrets_within_the_reach_of_students(
    words: str, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    (shown / "x").mkdir() if "staff {shown}" in words else (shown / "x").write_bytes(b"PK\5\6" + bytes(18))
    arguments = [word.format(shown=shown, other=tmp_path / "other") for word in words.split()]
    assert autograder.main(arguments) == 2
    said = capsys.readouterr().err
    assert "out of the reach of students" in said and str(shown) in said and len(said.splitlines()) == 1


def test_hidden_grading_is_refused_while_students_can_read_its_source(shown: Path, tmp_path: Path) -> None:
    lab = dataclasses.replace(registry.load("mp6"), sources=(shown / "fashion-mnist",))
    with pytest.raises(ValueError, match="expected the data set that hidden data is drawn from out of the reach"):
        lab.loaded(tmp_path / "staff", 0)
    lab.loaded(None, 0)  # images that students have


def test_links_on_the_way_to_a_file_are_found(tmp_path: Path) -> None:
    (tmp_path / "real" / "in").mkdir(parents=True)
    (tmp_path / "first").symlink_to("second")
    (tmp_path / "second").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "back").symlink_to("../first/in")
    found = list(bubblewrap._links(str(tmp_path / "first" / "back")))
    assert [name.name for name, _ in found] == ["first", "second", "back", "first", "second"]
    assert found[0][1] == "second" and found[1][1] == str(tmp_path / "real")


WORKS = """
import ctypes.util, locale, multiprocessing, os, ssl, tempfile, time, zoneinfo
assert os.system("exit 3") == 3 << 8
assert ctypes.util.find_library("c") and zoneinfo.ZoneInfo("Europe/Paris") and time.localtime()
locale.setlocale(locale.LC_ALL, "")
with tempfile.TemporaryDirectory() as folder:
    open(folder + "/a", "w").close()
ours, theirs = multiprocessing.Pipe()
process = multiprocessing.get_context("fork").Process(target=theirs.send, args=(1,))
process.start()
assert ours.recv() == 1
process.join()
"""


@every_safe_tier
def test_programs_run_as_anywhere(tier: Tier) -> None:
    outcome = python(WORKS, tier)
    assert outcome.cause is Cause.OK, outcome


@pytest.mark.slow
@every_safe_tier
def test_torch_compiles_and_pictures_are_drawn(tier: Tier) -> None:
    source = """
import matplotlib.pyplot as plt, os, torch
net = torch.compile(torch.nn.Linear(4, 3), backend="aot_eager")
torch.optim.Adam(net.parameters())
net(torch.randn(2, 4)).sum().backward()
plt.plot([1, 2])
plt.title("a")
plt.savefig(os.environ["TMPDIR"] + "/a.png")
"""
    outcome = python(source, tier, limits=Limits(address_space=2500 * MB))
    assert outcome.cause is Cause.OK, outcome


@every_safe_tier
def test_a_job_sees_nothing_of_the_machine_but_the_list(tier: Tier) -> None:
    source = f"""
import os
shown = {tuple(os.path.realpath(path) for path in readable.readable())!r}
for top in ("/usr", "/opt", "/etc", "/home", "/var", "/srv"):
    for folder, folders, files in os.walk(top):
        for name in files:
            path = folder + "/" + name
            if not path.startswith(shown) and os.path.isfile(path) and not os.path.islink(path):
                print(path)
"""
    outcome = python(source, tier)
    assert outcome.cause is Cause.OK and outcome.stdout == "", outcome


@pytest.mark.slow
@every_safe_tier
def test_a_job_runs_on_a_python_that_is_reached_by_a_link(tier: Tier, own_temporary_folder: Path) -> None:
    need(tier)
    venv.create(own_temporary_folder / "real", symlinks=True)
    (own_temporary_folder / "link").symlink_to("real")
    source = f"""
from autograder.sandbox.run import *
print(run(Job(["-c", "print(3)"]), Tier("{tier}")))
"""
    python = own_temporary_folder / "link" / "bin" / "python"
    done = subprocess.run([python, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert "stdout='3\\n'" in done.stdout, done
