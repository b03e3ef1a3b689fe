"""Temporary folders of graders: those of killed graders are removed, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toy
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import __main__ as autograder
from autograder import registry
from autograder.sandbox import cgroup, workspace

KILLED = """
import os, signal
from autograder.sandbox.workspace import own_folder
with own_folder("job-") as folder:
    (folder / "groups").write_text(os.environ["GROUPS"])
    os.kill(os.getpid(), signal.SIGKILL)
"""
ALIKE = st.sampled_from(["job-", "handed-in-", "job-results-of-my-thesis", "handed-in-hw2", "token", "smallnets"])
NAMES = st.builds(str.__add__, ALIKE, st.text("abcdefg0123_-.", max_size=8) | st.just(workspace.MARKED))


def above() -> Path:
    found = workspace.parent()
    assert found is not None
    return found


def leave_one(groups: str = "") -> Path:
    """What a killed grader leaves."""
    before = set(above().iterdir())
    subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, env=os.environ | {"GROUPS": groups})
    (folder,) = (path for path in set(above().iterdir()) - before if path.is_dir())
    return folder


def test_what_a_killed_grader_has_left_is_cleared_and_what_a_living_one_has_is_not(own_temporary_folder: Path) -> None:
    stale = leave_one()
    with workspace.own_folder("handed-in-") as living:
        workspace.clear_stale()
        assert living.is_dir() and not stale.exists()
    assert [path.name for path in above().iterdir()] == [workspace.TOKEN]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(NAMES, min_size=1, max_size=4),
    age=st.sampled_from([-1e9, 0.0, 59.0, 61.0, 1e9]),
    within=st.booleans(),
    marked=st.sampled_from(["", "0" * 32, "someone else's"]),
)
def test_nothing_is_deleted_that_only_looks_alike(
    own_temporary_folder: Path, names: set[str], age: float, within: bool, marked: str
) -> None:
    workspace.clear_stale()
    folder = above() if within else own_temporary_folder
    taken = {
        workspace.TOKEN,
        *(name + workspace.MARKED for name in names),
    }  # what is called like another's mark is a file
    mine = [folder / name for name in sorted(names - taken)]
    for path in mine:
        path.mkdir()
        (path / "thesis.txt").write_text("years of work")
        (path / "groups").write_text(str(path))
        if marked and not path.with_name(path.name + workspace.MARKED).exists():
            path.with_name(path.name + workspace.MARKED).write_text(marked)
        os.utime(path, (1.7e9 - age, 1.7e9 - age))
    workspace.clear_stale()
    with workspace.own_folder("job-"):
        pass
    assert all((path / "thesis.txt").read_text() == "years of work" for path in mine)
    for path in mine:
        shutil.rmtree(path)
        path.with_name(path.name + workspace.MARKED).unlink(missing_ok=True)


def test_a_folder_put_in_the_place_of_a_stale_one_stays(own_temporary_folder: Path) -> None:
    stale = leave_one()
    stale.rename(own_temporary_folder / "kept")
    stale.mkdir()
    (stale / "mine.txt").write_text("mine")
    workspace.clear_stale()
    assert (stale / "mine.txt").read_text() == "mine" and (own_temporary_folder / "kept").is_dir()


def test_no_link_is_followed(own_temporary_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    stale = leave_one()
    shutil.rmtree(stale)
    stale.symlink_to(tmp_path)
    other = leave_one()
    (other / "link").symlink_to(tmp_path)
    workspace.clear_stale()
    assert (tmp_path / "mine.txt").read_text() == "mine" and stale.is_symlink() and not other.exists()


def test_no_folder_is_taken_for_a_control_group(own_temporary_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    leave_one(f"{tmp_path}/empty\n{cgroup.MOUNTS}/../../..{tmp_path}/empty")
    workspace.clear_stale()
    assert (tmp_path / "empty").is_dir()


@pytest.mark.parametrize("taken", ["file", "folder", "link", "open to all", "another user's"])
def test_where_the_name_is_taken_a_grader_works_and_leaves_it_alone(taken: str, own_temporary_folder: Path) -> None:
    path = own_temporary_folder / f"smallnets-graders-{os.geteuid()}"
    if taken == "file":
        path.write_text("mine")
    elif taken == "link":
        (own_temporary_folder / "elsewhere").mkdir()
        path.symlink_to(own_temporary_folder / "elsewhere")
    else:
        path.mkdir()
        if taken != "folder":
            (path / workspace.TOKEN).write_text("theirs")
        if taken == "open to all":
            path.chmod(0o777)
        if taken == "another user's":
            if os.geteuid() != 0:
                pytest.skip("only root can make another user's folder")
            os.chown(path, 65534, 65534)
    before = sorted(own_temporary_folder.rglob("*"))
    assert workspace.parent() is None
    with workspace.own_folder("job-") as folder:
        assert folder.parent == own_temporary_folder and folder.stat().st_mode & 0o077 == 0
    workspace.clear_stale()
    assert sorted(own_temporary_folder.rglob("*")) == before


def test_submissions_are_graded_from_a_folder_that_is_called_like_ours(
    own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_in = own_temporary_folder / "handed-in-hw2"
    (handed_in / "ada").mkdir(parents=True)
    (handed_in / "ada/answer.py").write_text("def answer(n): return 42")
    os.utime(handed_in, (0, 0))
    monkeypatch.setattr(registry, "load", lambda name: toy.LAB)  # whose jobs are short
    assert autograder.main(["grade", str(handed_in / "ada"), "--lab", "mp6", "--i-trust-this"]) == 0
    assert "12.1 of 12.1" in capsys.readouterr().out and (handed_in / "ada/answer.py").is_file()
