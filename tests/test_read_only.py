"""In a checkout that cannot be written to, every program does its work elsewhere or says in one line that it cannot."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import copy_checkout

from labs.quickdraw.grading import data, hidden
from smallnets.data import quickdraw

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run a program in a copy of the checkout: a read-only mount for root, closed folders for any other user."""
    checkout, private = copy_checkout(tmp_path_factory.mktemp("read-only") / "checkout"), []
    everything = [checkout, *checkout.rglob("*")]
    if os.geteuid() == 0:
        private = ["unshare", "--mount", "sh", "-c", MOUNT, str(checkout)]
        if shutil.which("unshare") is None or subprocess.run([*private, "true"], capture_output=True).returncode:
            pytest.skip("root writes anywhere, and this one may not mount")
    else:
        for path in everything:
            path.chmod(path.stat().st_mode & ~0o222)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SMALLNETS"))}

    def program(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [*private, sys.executable, *words]
        return subprocess.run(command, cwd=checkout, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=environment | {"PYTHONPATH": str(checkout)})  # fmt: skip

    with pytest.raises(subprocess.CalledProcessError):
        program("-c", "open('new', 'w')").check_returncode()
    yield program
    for path in everything:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


TRAIN = "--mode train --LR .01 --bs 10 --epochs 1"
MNIST, DRAWINGS = "data/mnist/prepare.py --digits --out DIR", "data/quickdraw/prepare.py --drawn --out DIR"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a folder of Windows cannot be closed so")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("mp6.py --part 2 --max_iter 1", "/models to be ", id="mp6"),
        pytest.param("mp6.py --part 2 --max_iter 1 --models {out} --plots {out}", "", id="mp6 elsewhere"),
        pytest.param("labs/numpy_to_cnn/numpy_nn.py --out {out}", MNIST, id="numpy_nn"),
        pytest.param("labs/numpy_to_cnn/pytorch_cnn.py --model fcnet --epochs 1 --out {out}/net.pt", "",
                     id="cnn"),
        pytest.param("labs/beras/assignment.py --simple --epochs 1 --plots {out}", MNIST, id="beras"),
        pytest.param("labs/batchnorm/run_mlp.py --epochs 1 --report {out}", MNIST, id="batchnorm"),
        pytest.param(f"labs/quickdraw/main_convnet.py {TRAIN} --logDir {{out}} --modelSaveDir {{out}}", DRAWINGS,
                     id="quickdraw"),
        pytest.param("-m autograder check {work} --lab mp6 --only 1.1", "", id="check"),
        pytest.param("-m autograder check {work} --lab quickdraw --only 2.1", "", id="check drawings"),
        pytest.param("-m autograder pack {work} --lab mp6", "/checkout to be ", id="pack"),
        pytest.param("-m autograder pack {work} --lab mp6 --out {out}/work.zip", "", id="pack elsewhere"),
        pytest.param("-m autograder grade {work} --lab mp6 --i-trust-this --json {out}/all.json", "", id="grade"),
        pytest.param("-m autograder class {all} --lab mp6 --i-trust-this --out {out}", "", id="class"),
        pytest.param("-m autograder handout --lab beras --out {out}/handout", "", id="handout"),
    ],
)  # fmt: skip
def test_a_program_in_a_checkout_that_cannot_be_written_to(line: str, told: str, run: Run, tmp_path: Path) -> None:
    work, out = tmp_path / "all/ann", tmp_path / "out"
    work.mkdir(parents=True)
    out.mkdir()
    (work / "neuralnet_p1.py").write_text("def fit(*_):\n    raise ValueError\n")
    (work / "main_densenet.py").write_text("raise ValueError\n")
    done = run(*(word.format(work=work, all=work.parent, out=out) for word in line.split()))
    assert "Traceback (most" not in done.stderr
    if told:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and told in done.stderr
    else:
        assert done.returncode in (0, 1) and done.stderr == "", done.stderr  # 1: points are lost
        assert list(out.iterdir()) or "check" in line


def test_drawings_are_graded_though_the_stand_in_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def read_only(folder: Path) -> Path:
        if folder == data.FOLDER:
            raise OSError("a read-only disk")
        return folder

    sizes = {"train": 2, "dev": 3, "test": 2}
    write = quickdraw.write_drawn
    monkeypatch.setattr(quickdraw, "made", read_only)
    monkeypatch.setattr(quickdraw, "write_drawn", lambda folder: write(folder, sizes))
    found, source = data.load(None, 0)
    assert len(found.images) == 6 * (3 + 2) and "in place of Quick, Draw!" in source
    hidden.write(b"0123456789abcdef", tmp_path)
    assert len(quickdraw.read(tmp_path, "test")[1]) == data.MOST
