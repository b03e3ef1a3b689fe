"""What pytest collects: readable ids, the same everywhere; soon; and no test that fails for being slow."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_ids import LONGEST, words
from conftest import IMPORTED, ROOT


@pytest.mark.parametrize(
    ("val", "id"),
    [
        (["--lab", "mp6", 3], "--lab mp6 3"),
        ("def f():\n    return 1\n", "def f(): return 1"),
        ("\N{SNOWMAN}", r"\N{SNOWMAN}"),
        ("", "empty"),
        ((None, True, np.float32("nan")), "None True nan"),
        ({"a": [1, 2]}, "a 1 2"),
        ({"c", "a", "b"}, "a b c"),
        (Path, "Path"),
    ],
    ids=["list", "lines", "not ASCII", "empty", "plain", "dict", "set", "class"],
)
def test_a_value_is_put_in_words(val: Any, id: str) -> None:
    assert words(val) == id


@pytest.mark.parametrize(
    "val",
    [b"text", "\0", "\ud800", lambda: 0, object(), np.zeros(2), [b"text"], {"a": object()}, {object()}],
    ids=["bytes", "control", "surrogate", "lambda", "object", "array", "in a list", "in a dict", "in a set"],
)
def test_a_value_without_words_is_refused_at_collection(val: Any, pytestconfig: pytest.Config) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"expected an id for x, as pytest\.param\(\.\.\., id='\.\.\.'\)"):
        pytestconfig.hook.pytest_make_parametrize_id(config=pytestconfig, val=val, argname="x")


def test_a_long_id_is_cut(pytestconfig: pytest.Config) -> None:
    make: Callable[..., str] = pytestconfig.hook.pytest_make_parametrize_id
    assert len(make(config=pytestconfig, val="x" * 1000, argname="x")) == LONGEST


def test_no_module_of_tests_imports_what_few_tests_need(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.stash[IMPORTED] & {"matplotlib", "scipy", "sklearn"} == set()  # a second for each worker


def test_compiled_modules_are_kept_whatever_the_surroundings_ask_for(tmp_path: Path) -> None:
    """What a test finds in a folder does not depend on PYTHONDONTWRITEBYTECODE."""
    source = """import os, sys, conftest; print(sys.dont_write_bytecode, "PYTHONDONTWRITEBYTECODE" in os.environ)"""
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT / "tests", env=env, check=True, capture_output=True, text=True
    )
    assert done.stdout == "False False\n"


def test_no_test_fails_for_being_slow() -> None:
    """A limit that only ends what hangs is a minute or more, and waits in a loop of its own."""
    clock = re.compile(r"assert .*(monotonic|perf_counter|process_time|time\.time)\(\) - .*<|wall_seconds < ")
    others = [path for path in Path(__file__).parent.glob("*.py") if path != Path(__file__)]
    lines = [(path.name, line) for path in others for line in path.read_text(encoding="utf-8").splitlines()]
    assert [f"{name}: {line}" for name, line in lines if clock.search(line)] == []


def collected(tmp: Path, umask: int, **surroundings: str) -> list[str]:
    """Every test's id, as a fresh process in these surroundings collects them."""
    tmp.mkdir()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-n0",
        "-mslow or not slow",
        "-pno:cacheprovider",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp)} | surroundings, umask=umask, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_every_process_collects_the_same_ids_and_all_can_be_read(tmp_path: Path) -> None:
    """The second starts seconds after the first, since it waits for its end."""
    first = collected(tmp_path / "a", 0o022, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8", LANG="C.UTF-8")
    second = collected(tmp_path / "b", 0o077, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C", LANG="de_DE.UTF-8")
    assert first == second and len(first) > 1000
    assert [line for line in first if not (line.isprintable() and line.isascii() and len(line) < 300)] == []
