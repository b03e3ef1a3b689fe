"""From its first import on, every program ends in one line at Ctrl-C, and where a package is missing."""

import importlib.abc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT, interruptible, repository_files
from programs import as_script

from autograder import __main__ as autograder

PROGRAMS = [
    path
    for path in repository_files()
    if path.endswith(".py")
    and path.split("/")[0] in ("mp6.py", "data", "labs", "records", "autograder")
    and "raise SystemExit(main())" in (ROOT / path).read_text(encoding="utf-8")
]


class Import(importlib.abc.MetaPathFinder):
    """Raises at the import of a package, as if it were missing, or as if Ctrl-C came meanwhile."""

    def __init__(self, names: Sequence[str], error: type[BaseException]) -> None:
        self.names, self.error = names, error

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.split(".")[0] not in self.names:
            return None
        if self.error is ModuleNotFoundError:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        raise self.error()


OURS = ("smallnets", "autograder", "records", "labs", "data", "mp6", "reader")
Without = Callable[[Sequence[str], type[BaseException]], None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Without]:
    """Let packages, and whatever of ours may have imported them, be imported anew, and the packages' import fail."""
    names: tuple[str, ...] = ()

    def loaded() -> list[str]:
        return [name for name in sys.modules if name.split(".")[0] in names]

    def fail(packages: Sequence[str], error: type[BaseException]) -> None:
        nonlocal names
        names = (*OURS, *packages)
        for name in loaded():
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Import(packages, error), *sys.meta_path])

    yield fail
    for name in loaded():  # those that were imported meanwhile; monkeypatch puts the former ones back
        del sys.modules[name]


def test_every_program_is_found() -> None:
    assert len(PROGRAMS) >= 25 and {"mp6.py", "labs/beras/assignment.py", "data/mnist/prepare.py"} <= set(PROGRAMS)


@pytest.mark.parametrize("path", PROGRAMS)
def test_a_program_names_the_package_that_is_missing(path: str, without: Without) -> None:
    without(["torch", "numpy"], ModuleNotFoundError)
    done = as_script(ROOT / path, "--help", cwd=ROOT)
    package = "NumPy" if "NumPy" in done.stderr else "PyTorch"
    expected = f"error: expected {package}, got no such package: pip install -r requirements.txt\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


LINES = [path for path in PROGRAMS if path.split("/")[0] in ("data", "labs")]
LINES += ["mp6.py", "-m autograder grade", "-m records.measure"]  # which have all of ours beside them


@pytest.mark.parametrize("line", LINES)
def test_where_nothing_is_installed_a_program_says_what_is_to_be(line: str) -> None:
    bare = [sys.executable, "-S", "-E"]  # no package of any environment
    done = subprocess.run([*bare, *line.split(), "--help"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("error: expected ") and "pip install -r requirements.txt" in done.stderr


@pytest.mark.parametrize("path", PROGRAMS)
def test_ctrl_c_while_a_program_imports(path: str, without: Without) -> None:
    without(["torch", "numpy"], KeyboardInterrupt)
    done = as_script(ROOT / path, "--help", cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        pytest.param(ModuleNotFoundError, 2, "error: expected NumPy, got no such package: pip install", id="missing"),
        pytest.param(KeyboardInterrupt, 130, "interrupted\n", id="Ctrl-C"),
    ],
)
@pytest.mark.parametrize("command", ["check", "grade"])
def test_a_command_of_the_autograder_ends_likewise(
    command: str, error: type[BaseException], code: int, told: str, without: Without,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    without(["torch", "numpy"], error)
    assert autograder.main([command, ".", "--lab", "mp6"]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(told) and err.count("\n") == 1


@pytest.mark.parametrize("line", ["check", "grade --i-trust-this"])
def test_without_torch_nothing_is_graded(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from autograder.grading import pipeline

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(pipeline, "version", lambda name: absent(name) if name == "torch" else "2.0")
    monkeypatch.setattr("autograder.packaging.checkout_files.version", pipeline.version)
    monkeypatch.setattr(pipeline, "run_step", lambda *_: pytest.fail("a student's program was run"))
    (tmp_path / "neuralnet_p1.py").write_text("def fit(): pass\n")
    command, *options = line.split()
    assert autograder.main([command, str(tmp_path), "--lab", "mp6", *options]) == 2
    assert capsys.readouterr().err == "error: expected PyTorch, got no such package: pip install -r requirements.txt\n"


@pytest.mark.parametrize(
    ("package", "line", "extra"),
    [
        pytest.param("optuna", "labs/quickdraw/search.py --model densenet --out {tmp}", "search", id="search"),
        pytest.param("starlette", "serve --lab mp6 --no-grading --port 0 --db {tmp}/x.sqlite", "web", id="board"),
        pytest.param("uvicorn", "serve --lab mp6 --port 0 --db {tmp}/x.sqlite", "web", id="both"),
    ],
)
def test_a_package_of_an_extra_that_is_missing(
    package: str, line: str, extra: str, tmp_path: Path, without: Without,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if package == "starlette":
        pytest.importorskip("uvicorn", reason="without the extra [web] there is no telling which of it is missed first")
    without([package], ModuleNotFoundError)
    program, *args = (word.format(tmp=tmp_path) for word in line.split())
    if program == "serve":
        assert autograder.main([program, *args]) == 2
        err = capsys.readouterr().err
    else:
        pytest.importorskip("torch", reason="the program imports PyTorch before the extra's package")
        done = as_script(ROOT / program, *args, cwd=tmp_path)
        err = done.stderr
        assert done.returncode == 2 and done.stdout == ""
    assert err == f"error: expected {package}, got no such package: pip install -e '.[{extra}]'\n"


def test_a_module_of_nobodys_is_named_with_the_line_that_imports_it(tmp_path: Path) -> None:
    guard = (ROOT / "labs/batchnorm/run_mlp.py").read_text().split("import experiment")[0]
    (tmp_path / "own.py").write_text(f"{guard}import nobodys_module.part\n")
    done = as_script(tmp_path / "own.py", cwd=tmp_path)
    line = guard.count("\n") + 1
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        f"error: expected the module nobodys_module, which own.py imports in line {line}, got"
    )


def test_another_error_at_an_import_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from smallnets import starting\nstarting.start()\nraise ValueError('a mistake of ours')\n"
    )
    done = as_script(tmp_path / "own.py", cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" in done.stderr and "a mistake of ours" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of Unix")
@pytest.mark.parametrize("program", ["mp6.py", "labs/batchnorm/run_mlp.py", "-m autograder check --lab mp6"])
def test_a_real_interrupt_ends_a_real_import(program: str, tmp_path: Path) -> None:
    stub = f"import os\nos.kill(os.getpid(), {int(signal.SIGINT)})\nimport time\ntime.sleep(60)\n"
    for name in ("numpy", "torch"):
        (tmp_path / f"{name}.py").write_text(stub)
    done = subprocess.run([sys.executable, *program.split()], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(tmp_path)}, preexec_fn=interruptible)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
