"""Data sets of a few images, students' files, and mp6 run in this process."""

import gc
import importlib.abc
import importlib.util
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

# two processes run the tests: with more threads than cores, each would wait for the other's. before torch is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="state-")  # where programs remember what they have written
os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # which other packages bring and no test uses; one imports trio
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled modules are kept, as for most users, here and in programs
os.environ["PYTHON_COLORS"] = "0"  # programs that tests start print no colours, though FORCE_COLOR asks for them

import numpy as np
import pytest
from case_ids import pytest_make_parametrize_id  # noqa: F401  a hook, which pytest finds here by its name

if TYPE_CHECKING:
    from autograder.sandbox.run import Launch

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = False  # to compile the checkout's modules takes seconds in each process
# a failed assert of a module that tests share says what it compared, too
pytest.register_assert_rewrite(*{path.stem for path in Path(__file__).parent.glob("*.py")} - {*sys.modules})
IMPORTED = pytest.StashKey[set[str]]()  # the modules that collecting the tests has imported
Once = Callable[[str, Callable[[Path], object]], Path]
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]  # of checks that draw their inputs


class WithoutTorch(importlib.abc.MetaPathFinder):
    """Where PyTorch is not installed, whatever imports it is skipped, a test or a whole file of tests."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Nothing, but for torch itself."""
        if name == "torch":
            pytest.skip("expected PyTorch, which is not installed", allow_module_level=True)


if importlib.util.find_spec("torch") is None:
    sys.meta_path.insert(0, WithoutTorch())


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist") == "no":  # who only hands out tests needs no library, and starts the sooner
        from hypothesis import settings

        settings.register_profile("quick", deadline=None, max_examples=40)  # the first call of torch takes seconds
        settings.load_profile("quick")
        gc.disable()  # until all is collected: that stays, and looking through it again and again takes seconds
        config.stash[IMPORTED] = set(sys.modules)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["XDG_STATE_HOME"])


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()
    before: set[str] = session.config.stash.setdefault(IMPORTED, set())
    session.config.stash[IMPORTED] = set(sys.modules) - before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


def interruptible() -> None:
    """As `preexec_fn`: a process that Ctrl-C ends, though a shell's background jobs, and what they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def repository_files() -> list[str]:
    """The files that belong to the checkout, without what a user has put or built beside them."""
    if (ROOT / ".git").exists():
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # whoever owns the checkout
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return sorted(path for path in done.stdout.split("\0") if (ROOT / path).is_file())
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())  # an unpacked archive
    folders = {"smallnets", "labs", "autograder", "records", "tests", "data", "models", ".ci"}
    return sorted(path.as_posix() for path in found if len(path.parts) == 1 or path.parts[0] in folders)


def load_file(path: Path, name: str) -> ModuleType:
    """Import one file under a name of its own, without sys.path or sys.modules."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def any_check_fails(checks: list[Callable[[Any, np.random.Generator], None]], mutant: Any) -> bool:
    """Whether a broken module is caught; it may fail in any way."""
    from autograder.runner.run_checks import generator

    for check in checks:
        try:
            check(mutant, generator(0, check.__name__))
        except Exception:
            return True
    return False


def make_splits(n_train: int = 60, n_dev: int = 30, n_classes: int = 3) -> dict[str, np.ndarray]:
    """Images that a net learns at once: class k is a bright band at height k, plus noise."""
    rng = np.random.default_rng(0)
    splits: dict[str, np.ndarray] = {}
    for split, n in (("train", n_train), ("dev", n_dev)):
        y = np.arange(n) % n_classes
        x = rng.integers(0, 100, (n, 28, 28)).astype(np.uint8)
        for i, k in enumerate(y):
            x[i, 5 * k : 5 * k + 4] += 150
        splits[f"X_{split}"], splits[f"y_{split}"] = x.reshape(n, 784), y.astype(np.int64)
    return splits


def compiled(path: Path) -> Path:
    """Where Python keeps a module that it has compiled."""
    return Path(importlib.util.cache_from_source(str(path)))


def copy_checkout(copy: Path) -> Path:
    """Copy what a clone holds to a folder, which is returned; compiled modules go along, as each process needs them."""
    for path in repository_files():
        pairs = [(ROOT / path, copy / path)]
        if path.endswith(".py"):
            pairs.append((compiled(ROOT / path), compiled(copy / path)))
        for source, target in pairs:
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                os.utime(
                    target, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns)
                )  # that they were compiled at
    return copy


@pytest.fixture(autouse=True)
def every_database_is_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test, and nothing that it runs in this process, leaves a connection to SQLite open."""
    connect, opened = sqlite3.connect, []

    class Watched(sqlite3.Connection):
        open = True

        def close(self) -> None:
            self.open = False
            super().close()

    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **{"factory": Watched} | kwargs))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    yield
    assert not [connection for connection in opened if connection.open], "expected closed connections, got open ones"


@pytest.fixture
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in the place of the machine's temporary folder, which other programs use at the same time."""
    tmp_path_factory.getbasetemp()  # of all tests, so not within this one
    with tempfile.TemporaryDirectory(prefix="own-") as folder:
        os.chmod(folder, 0o711)  # users of jobs pass through it
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        monkeypatch.undo()


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make what takes long once for a whole run: (name, what fills a folder) -> that folder, which is not to change."""
    from filelock import FileLock  # slow tests alone need it

    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        base = base.parent  # which the processes of a run share

    def found(name: str, make: Callable[[Path], object]) -> Path:
        folder, part = base / "once" / name, base / "once" / f"{name}.part"
        part.parent.mkdir(exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir()
                make(part)
                part.rename(folder)
        return folder

    return found


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `mnist` with the stand-in for MNIST, for reading alone; to make it takes a second."""
    from smallnets.data import mnist

    folder = tmp_path_factory.mktemp("digits") / "mnist"
    folder.mkdir()
    mnist.write_digits(folder)
    return folder


@pytest.fixture(scope="session")
def forked() -> "Iterator[Launch]":
    """Starts the sandbox's jobs, in all tests from the same processes: to import torch takes longer than most jobs."""
    from autograder.sandbox.forked import launcher

    with launcher() as launch:
        yield launch


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a clone holds."""
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A folder with the files of parts 1 (3 classes) and 2 (5 classes)."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    for part, n_classes in ((1, 3), (2, 5)):
        for name, array in make_splits(n_classes=n_classes).items():
            np.save(folder / f"{name}_part{part}.npy", array)
    return folder


@pytest.fixture
def quickdraw(tmp_path: Path) -> Path:
    """A folder in the QuickDraw lab's layout, 6 classes, [N, 28, 28]."""
    folder = tmp_path / "quickdraw"
    folder.mkdir()
    splits = make_splits(n_classes=6)
    for split, stem in (("train", "fruit"), ("dev", "fruit_dev")):
        np.save(folder / f"{stem}_images.npy", splits[f"X_{split}"].reshape(-1, 28, 28))
        np.save(folder / f"{stem}_labels.npy", splits[f"y_{split}"])
    return folder


@pytest.fixture
def sketches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in in place of data/quickdraw, where the whole one would be made: drawing it takes seconds."""
    from labs.quickdraw.grading import data
    from smallnets.data import quickdraw

    monkeypatch.setattr(data, "FOLDER", tmp_path / "quickdraw")
    quickdraw.write_drawn(tmp_path / "quickdraw", {"train": 2, "dev": 3, "test": 4}, test_labels=True)
    return tmp_path / "quickdraw"


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Write someone's neuralnet_pK.py and let it be imported instead of ours."""
    folder = tmp_path / "student"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    import mp6

    names = [spec.module for spec in mp6.PARTS.values()]
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}

    def write(part: int, source: str) -> Path:
        path = folder / f"neuralnet_p{part}.py"
        path.write_text(source, encoding="utf-8")
        sys.modules.pop(path.stem, None)
        return path

    yield write
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(kept)
