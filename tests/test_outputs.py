"""Every place that a program is told to write to is tried before the work, and a full disk leaves nothing half done."""

import contextlib
import errno
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from programs import as_script, lab_at

from autograder import __main__ as autograder
from smallnets import files, modelfile

# program and its arguments, then its options that name a folder, and those that name a file
TRAIN = "--mode train --LR .01 --bs 10 --epochs 100000"
PROGRAMS = {
    "mp6.py --max_iter 1000000": ("--models --plots", "--json"),
    "labs/mp6/ladder.py --part 1": ("--plots", ""),
    "labs/mp6/ladder.py --part 1 --rung Relu": ("--write", ""),
    "labs/numpy_to_cnn/numpy_nn.py --data nowhere.npz": ("--out", ""),
    "labs/numpy_to_cnn/pytorch_cnn.py": ("", "--out"),
    "labs/numpy_to_cnn/robustness.py": ("--plots", ""),
    "labs/beras/assignment.py": ("--plots", ""),
    "labs/batchnorm/run_mlp.py": ("--plots --report", ""),
    "labs/batchnorm/run_cnn.py": ("--plots --report", ""),
    "labs/batchnorm/run_resnet.py": ("--plots --report", ""),
    "labs/batchnorm/report.py": ("--out", ""),
    f"labs/quickdraw/main_densenet.py {TRAIN}": ("--logDir --modelSaveDir", ""),
    f"labs/quickdraw/main_convnet.py {TRAIN}": ("--logDir --modelSaveDir", ""),
    f"labs/quickdraw/main_bestmodel.py {TRAIN}": ("--logDir --modelSaveDir", ""),
    "labs/quickdraw/main_convnet.py --mode predict --weights no.pt": ("", "--predictionsFile"),
    "labs/quickdraw/search.py --model densenet": ("--out", "--storage"),
    "labs/quickdraw/failures.py": ("--out", ""),
    "labs/quickdraw/curves.py nowhere.log": ("", "--out"),
    "data/fashion_mnist/prepare.py": ("--out", ""),
    "data/mnist/prepare.py": ("--out", ""),
    "data/quickdraw/prepare.py": ("--out", ""),
    "records/compare.py 1 neuralnet_p1.py neuralnet_p2.py": ("", "--json"),
    "records/measure.py": ("", "--json"),
    "records/numpy_speed.py": ("", "--json"),
    "records/class_speed.py": ("", "--out"),
    "autograder grade . --lab mp6": ("", "--json"),
    "autograder class . --lab mp6": ("--out", ""),
    "autograder pack . --lab mp6": ("", "--out"),
    "autograder bundle --lab mp6": ("", "--out"),
    "autograder hidden --lab mp6 --secret LICENSE": ("--out", ""),
    "autograder handout --lab mp6": ("--out", ""),
}
PLACES = {"a file": "text", "beneath a file": "text/below", "a folder": "folder"}
CASES = [
    pytest.param(line, option, place, id=f"{' '.join(line.split()[:2])} {option} {place}")
    for line, options in PROGRAMS.items()
    for places, each in (("a file, beneath a file", options[0]), ("a folder, beneath a file", options[1]))
    for option in each.split()
    for place in places.split(", ")
]


@pytest.mark.parametrize(("line", "option", "place"), CASES)
def test_where_nothing_can_be_written_is_named_before_the_work(
    line: str, option: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").write_text("the user's own")
    (tmp_path / "folder").mkdir()
    program, *args = line.split()
    out = str(tmp_path / PLACES[place])
    if program == "autograder":
        code = autograder.main([*args, option, out + ".zip" * (args[0] in ("pack", "bundle") and place != "a folder")])
        printed, err = capsys.readouterr()
    else:
        done = as_script(ROOT / program, *args, option, out, cwd=ROOT)
        code, printed, err = done.returncode, done.stdout, done.stderr
    assert (code, printed, err.count("\n")) == (2, "", 1), err
    assert err.startswith("error: expected ") and str(tmp_path) in err and "rrno" not in err
    assert (tmp_path / "text").read_text() == "the user's own" and sorted(os.listdir(tmp_path)) == ["folder", "text"]
    assert os.listdir(tmp_path / "folder") == []


@pytest.mark.parametrize(
    ("line", "command"),
    [
        pytest.param("labs/numpy_to_cnn/numpy_nn.py", "data/mnist/prepare.py --digits", id="numpy_nn"),
        pytest.param("labs/beras/assignment.py", "data/mnist/prepare.py --digits", id="beras"),
        pytest.param("labs/batchnorm/run_cnn.py", "data/mnist/prepare.py --digits", id="batchnorm"),
        pytest.param(f"labs/quickdraw/main_convnet.py {TRAIN}", "data/quickdraw/prepare.py --drawn", id="quickdraw"),
    ],
)
def test_a_stand_in_that_cannot_be_written_is_told_with_a_way_out(
    line: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: Path) -> None:
        if path.name == "stand_in":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    for name in ("mnist", "quickdraw"):
        monkeypatch.setattr(f"smallnets.data.{name}.expect_folder", read_only)
        monkeypatch.setattr(f"smallnets.data.{name}.found", lambda *folders: tmp_path)
    program, *args = line.split()
    done = as_script(ROOT / program, *args, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert f"error: expected {tmp_path / 'stand_in'} to be on a disk that can be written to, got " in done.stderr
    assert f"; `python {command} --out DIR` makes it elsewhere" in done.stderr


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a disk that is full: files can be made there, and hold nothing."""
    folder = tmp_path / "full"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    write = Path.write_bytes

    def no_room(path: Path, content: bytes) -> int:
        if folder not in path.parents:
            return write(path, content)
        write(path, content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", no_room)
    return folder


def kept(folder: Path) -> Path:
    """The one file that was kept elsewhere."""
    (path,) = folder.glob("kept-*/*")
    return path


def test_a_full_disk_is_noticed_before_the_work(full: Path) -> None:
    for expect in (files.expect_folder, files.expect_file):
        with pytest.raises(OSError) as raised:
            expect(full / "new" / "out")
        assert raised.value.errno == errno.ENOSPC and str(full) in str(raised.value.filename)
    assert os.listdir(full) == []


def test_a_net_that_the_disk_does_not_take_is_kept_elsewhere(full: Path, tmp_path: Path) -> None:
    net = torch.nn.Linear(3, 2)
    with pytest.raises(OSError, match="expected room on the disk for .*net.model, got a full disk; kept in ") as raised:
        modelfile.save(full / "net.model", net, {})
    assert str(kept(tmp_path)) in str(raised.value) and os.listdir(full) == []
    state = modelfile.read_weights(kept(tmp_path))["state_dict"]
    assert torch.equal(state["weight"], net.weight)


def test_a_net_that_no_disk_takes_is_told_as_the_first_fault(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    with pytest.raises(OSError) as raised:
        modelfile.save(full / "net.model", torch.nn.Linear(3, 2), {})
    assert raised.value.errno == errno.ENOSPC and raised.value.filename == str(full / "net.model")
    assert os.listdir(full) == []


def test_a_trained_cnn_that_the_disk_does_not_take_is_kept_elsewhere(
    full: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (full / "model.pt").touch()
    data = {"x_train": torch.zeros(9, 1, 28, 28), "y_train": torch.arange(9)}
    data |= {"x_val": data["x_train"], "y_val": data["y_train"]}
    with lab_at(ROOT / "labs/numpy_to_cnn") as load, pytest.raises(OSError):
        load("pytorch_cnn").train("fcnet", data, epochs=1, out=full / "model.pt")
    assert f"kept: the net as {kept(tmp_path)}" in capsys.readouterr().out
    assert set(modelfile.read_weights(kept(tmp_path))) == {"fc.weight", "fc.bias"}
    assert os.listdir(full) == ["model.pt"] and (full / "model.pt").read_bytes() == b""


def test_a_drawing_net_is_saved_when_its_log_cannot_go_on(
    tmp_path: Path, quickdraw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = [*TRAIN.replace("100000", "300").split(), "--dataDir", str(quickdraw)]
    line += ["--logDir", str(tmp_path / "logs"), "--modelSaveDir", str(tmp_path / "nets")]

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("csv.DictWriter.writerow", no_room)
    done = as_script(ROOT / "labs/quickdraw/main_densenet.py", *line, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == "error: expected room on the disk for the output, got a full disk\n"
    assert len(list((tmp_path / "nets").glob("*.pt"))) == 1


class Failing(io.StringIO):
    """A stdout without a buffer that fails from the first text on which has certain words in it."""

    def __init__(self, words: str, number: int) -> None:
        super().__init__()
        self.words, self.number, self.failed = words, number, False

    def write(self, text: str) -> int:
        self.failed |= self.words in text
        if self.failed:
            raise OSError(self.number, os.strerror(self.number))
        return super().write(text)


DRAWINGS = "--mode train --LR .01 --bs 10 --epochs 2 --dataDir {quickdraw} --logDir {out} --modelSaveDir {out}"
CNN = "labs/numpy_to_cnn/pytorch_cnn.py --model fcnet --epochs 1 --out {out}/net.pt"
NUMPY = "labs/numpy_to_cnn/numpy_nn.py --epochs 1 --data {digits}/mnist --out {out}"
BERAS = "labs/beras/assignment.py --simple --epochs 1 --data {digits} --plots {out}"
MLP = "labs/batchnorm/run_mlp.py --compare --epochs 1 --data {digits}/mnist --plots {out}"
MP6 = "mp6.py --part 1 --max_iter 1 --dataset {dataset} --models {out}"
BROKEN = {  # a training, the words at which stdout fails, and how many files of an end there are all the same
    "mp6": (MP6, "results", ".model", 1),
    "CNN's first line": (CNN, "[TRN]", ".pt", 1),
    "CNN's last": (CNN, "written", ".pt", 1),
    "densenet's first": (f"labs/quickdraw/main_densenet.py {DRAWINGS}", "step 0", ".pt", 1),
    "convnet's first": (f"labs/quickdraw/main_convnet.py {DRAWINGS}", "step 0", ".pt", 1),
    "bestmodel's first": (f"labs/quickdraw/main_bestmodel.py {DRAWINGS}", "step 0", ".pt", 1),
    "densenet's last": (f"labs/quickdraw/main_densenet.py {DRAWINGS}", "Training completed", ".pt", 1),
    "NumPy's first": (NUMPY, "[TRN]", ".png", 0),
    "NumPy's last": (NUMPY, "[TST]", ".png", 2),
    "Beras' first": (BERAS, "poch", ".png", 0),
    "Beras' last": (BERAS, "Testing", ".png", 2),
    "MLP's first": (MLP, "Train Epoch", ".png", 0),
    "MLP's last": (MLP, "training time", ".png", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_training_whose_lines_go_nowhere_ends_in_one_line_and_keeps_its_net(
    name: str, tmp_path: Path, digits: Path, quickdraw: Path, dataset: Path
) -> None:
    line, words, end, files_left = BROKEN[name]
    folder = tmp_path / "out"
    folder.mkdir()
    places = {"out": folder, "digits": digits.parent, "quickdraw": quickdraw, "dataset": dataset}
    program, *args = (word.format_map(places) for word in line.split())
    number, code, told = errno.EPIPE, 1, ""
    if name.endswith("last"):
        number, code, told = errno.ENOSPC, 2, "error: expected room on the disk for the output, got a full disk\n"
    done = as_script(ROOT / program, *args, cwd=tmp_path, out=(out := Failing(words, number)))
    assert out.failed and (done.returncode, done.stderr) == (code, told)
    left = list(folder.iterdir())
    assert len([path for path in left if path.suffix == end]) == files_left
    assert not [path for path in left if path.name.startswith(".")]


def test_a_picture_that_the_disk_does_not_take_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_: object, path: Path, **options: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half)
    with lab_at(ROOT / "labs/numpy_to_cnn") as load, pytest.raises(OSError):
        load("numpy_nn").visualize_data([np.zeros((2, 2))], None, "", "", "", str(tmp_path / "x.png"), False)
    assert os.listdir(tmp_path) == []


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of a few kilobytes in memory."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize(
    ("line", "option"),
    [
        pytest.param("mp6.py --part 2 --max_iter 1", "--models", id="mp6 model"),
        pytest.param("mp6.py --part 3 --max_iter 1 --load models/reference/net_p3.model", "--plots", id="mp6 pictures"),
        pytest.param("labs/numpy_to_cnn/pytorch_cnn.py --model simplecnn --epochs 1", "--out", id="cnn model"),
        pytest.param("labs/quickdraw/curves.py {log}", "--out", id="curves"),
        pytest.param("data/mnist/prepare.py --digits", "--out", id="MNIST"),
        pytest.param("data/quickdraw/prepare.py --drawn --per_class 30 30 30", "--out", id="drawings"),
    ],
)
def test_a_disk_that_fills_up(line: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log.log"
    log.write_text("step,train_loss,train_acc,dev_loss,dev_acc\n0,1,0.5,1,0.5\n1,0.9,0.6,1,0.5\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with small_disk(tmp_path / "disk", "16k") as disk:
        program, *args = (word.format(log=log) for word in line.split())
        out = disk / "out" if option != "--out" or "data/" in line else disk / "out.png"
        done = as_script(ROOT / program, *args, option, str(out), cwd=tmp_path if "mp6" not in line else ROOT)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert "expected room on the disk for " in done.stderr and str(disk) in done.stderr
        left = [path for path in disk.rglob("*") if path.is_file()]
        assert not [path for path in left if path.name.startswith(".") or path.stat().st_size == 0]
    assert len(list(tmp_path.glob("kept-*/*"))) == ("model" in line and "--load" not in line or "--models" in option)
