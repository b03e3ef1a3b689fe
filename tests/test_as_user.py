"""The sandbox as an ordinary user: uid 1000, with no right that root has."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

UID = 1000
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root, to become another user"),
]
# root's own folders are closed to others: in a mount namespace of its own, an empty folder that holds only Python is
# put over each
OPEN = """set -e
mount --bind {python} {aside}
mount -t tmpfs -o mode=755 tmpfs {closed}
mkdir -p {python}
mount --move {aside} {python}
"""


def closed(path: Path) -> Path | None:
    """The outermost folder on the way to a path that other users may not enter."""
    return next((folder for folder in reversed([path, *path.parents]) if not folder.stat().st_mode & 0o001), None)


def expect_programs() -> None:
    """Skip the test where a program that it needs is not installed."""
    for program in ("setpriv", "unshare", "mount", "bwrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def as_user(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run this Python as uid 1000; skips the test where that user cannot have it."""
    folder.mkdir()
    os.chown(folder, UID, UID)
    python = Path(sys.base_prefix).resolve()
    for path in (ROOT, Path(sys.prefix), folder):
        if (shut := closed(path.resolve())) and shut != closed(python):
            pytest.skip(f"other users than root may not enter {shut}")
    script = "set -e\n"
    if shut := closed(python):
        (aside := folder.parent / "aside").mkdir(exist_ok=True)
        script = OPEN.format(
            python=shlex.quote(str(python)), aside=shlex.quote(str(aside)), closed=shlex.quote(str(shut))
        )
    become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    script += "exec " + shlex.join([*become, sys.executable, *arguments])
    env = os.environ | {"TMPDIR": str(folder), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


FORKED = """
import dataclasses
from test_forked import *
with launcher() as launch:
    for source in (RIGHTS, ALONE, "import sys; print('torch' in sys.modules)"):
        for outcome in both(job(source), Tier.FULL, launch):
            print([line for line in outcome.stdout.splitlines() if "mnt:" not in line], outcome.cause)
"""


def test_a_forked_job_of_an_ordinary_user_has_no_more_rights_than_a_started_one(own_temporary_folder: Path) -> None:
    expect_programs()
    done = as_user(["-c", f"import sys; sys.path[1:1] = ['tests', '.']; {FORKED}"], own_temporary_folder / "user")
    lines = done.stdout.splitlines()
    if any("grader fault" in line for line in lines):
        pytest.skip(f"an ordinary user has no full tier here: {done.stdout}")
    assert done.returncode == 0 and len(lines) == 6, done.stdout + done.stderr
    assert lines[0] == lines[1] and lines[0].count("0000000000000000") == 5
    assert lines[2] == lines[3] and lines[2].count("Read-only file system") == 2
    assert lines[4:] == ["['True'] ok", "['False'] ok"]


def test_doctor_catches_every_attack_for_an_ordinary_user(own_temporary_folder: Path) -> None:
    expect_programs()
    able = as_user(["-c", "import os; print(os.getuid())"], own_temporary_folder / "able")
    if able.returncode:
        pytest.skip(f"this machine cannot show Python to another user: {able.stderr}")
    done = as_user(["-m", "autograder", "doctor"], own_temporary_folder / "user")
    if "\n  full       yes" not in done.stdout:
        pytest.skip(f"an ordinary user has no full tier here: {done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("tier: full\n") and "all as expected for this tier" in done.stdout
