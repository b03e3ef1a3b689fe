"""MNIST's files and their stand-in: the same arrays in both formats, and never one taken for the other."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT, load_file
from hypothesis import given
from hypothesis import strategies as st

from smallnets.data import idx, mnist

RNG = np.random.default_rng(0)
REAL = {  # a small MNIST, which is no stand-in
    f"{split}-{kind}": RNG.integers(0, most, shape).astype(np.uint8)
    for split, n in (("train", 6), ("t10k", 4))
    for kind, most, shape in (("images-idx3-ubyte", 256, (n, 28, 28)), ("labels-idx1-ubyte", 10, (n,)))
}


stand_in = functools.cache(mnist.digits)


@pytest.fixture
def prepare() -> ModuleType:
    return load_file(ROOT / "data/mnist/prepare.py", "prepare_mnist")


def test_the_stand_in_has_mnists_formats(prepare: ModuleType, tmp_path: Path) -> None:
    assert prepare.main(["--digits", "--out", str(tmp_path)]) == 0
    with np.load(tmp_path / "full-mnist.npz") as npz:
        for name, key in mnist.ARRAYS.items():
            array = idx.read_idx(tmp_path / f"{name}.gz")
            np.testing.assert_array_equal(array, npz[key])
            assert array.dtype == np.uint8
            images = "images" in name
            assert array.shape[1:] == ((28, 28) if images else ())
            if images:
                assert array.max() == 255 and array.min() == 0
            else:
                assert np.bincount(array).tolist() == [138 if "train" in name else 36] * 10


def test_the_stand_in_is_enlarged_not_changed() -> None:
    from sklearn.datasets import load_digits

    arrays = mnist.digits()
    images, labels = arrays["t10k-images-idx3-ubyte"], arrays["t10k-labels-idx1-ubyte"]
    # averaged back to 4x4 blocks, each enlarged image is nearest to a scan of its own digit
    small = images.reshape(-1, 4, 7, 4, 7).mean(axis=(2, 4)).reshape(len(images), -1) / 255
    scans = load_digits().images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16) / 16
    distances = np.square(small[:, None] - scans[None]).sum(axis=2)
    assert np.mean(load_digits().target[distances.argmin(axis=1)] == labels) > 0.99


def test_a_stand_in_says_so_until_mnist_takes_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mnist"
    for _ in range(2):
        assert mnist.ensure(folder) == folder / "stand_in" == mnist.found(folder)
        assert "scikit-learn's small digits in place of MNIST" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["stand_in"]
    mnist.write(folder, REAL)
    assert mnist.ensure(folder) == folder == mnist.found(folder)
    assert capsys.readouterr().out == ""


def test_a_stand_in_of_an_earlier_version_is_known_and_mnist_takes_its_place(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    assert mnist.ensure(tmp_path) == tmp_path and mnist.STAND_IN in capsys.readouterr().out
    (tmp_path / mnist.NOTE).unlink()
    assert mnist.note(tmp_path) == mnist.STAND_IN
    mnist.write(tmp_path, REAL)
    assert mnist.note(tmp_path) == "" and not (tmp_path / mnist.NOTE).exists()
    np.testing.assert_array_equal(mnist.read(tmp_path, "t10k")[1], REAL["t10k-labels-idx1-ubyte"])


def kaggle(name: str) -> str:
    return name.replace("-idx", ".idx")


# how people have MNIST: (IDX name, array) -> where it lies, in the folder or in one of its own
FORMS: dict[str, Callable[[str], str]] = {
    "packed": lambda name: f"{name}.gz",
    "unpacked": lambda name: name,
    "kaggle": kaggle,
    "kaggle, packed": lambda name: f"{kaggle(name)}.gz",
    "downloaded twice": lambda name: f"{name} (1).gz",
    "copied on a Mac": lambda name: f"{name} 2.gz",
    "unpacked by 7-Zip": lambda name: f"{name}/{name}",
    "unpacked by 7-Zip, kaggle": lambda name: f"{kaggle(name)}/{kaggle(name)}",
    "torchvision": lambda name: f"MNIST/raw/{name}",
    "Kaggle's archive": lambda name: f"archive/{kaggle(name)}",
    "torchvision's raw": lambda name: f"raw/{name}.gz",
}


def lay(folder: Path, form: str) -> None:
    """Lay our MNIST into a folder in one form."""
    if form.endswith(".npz"):
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / form, allow_pickle=False, **{mnist.ARRAYS[name]: array for name, array in REAL.items()})
        return
    for name, array in REAL.items():
        path = folder / FORMS[form](name)
        path.parent.mkdir(parents=True, exist_ok=True)
        idx.write_idx(path, array)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(
    form=st.sampled_from([*FORMS, mnist.NPZ, mnist.OTHER_NPZ]),
    old=st.booleans(),
    note=st.booleans(),
    age=st.integers(0, 2**31),
    junk=st.sets(
        st.sampled_from([".DS_Store", "._train-images-idx3-ubyte", "readme.txt", "train-images-idx3-ubyte.part"])
    ),
)
def test_real_files_are_read_and_stay_in_whatever_form_and_age(
    tmp_path_factory: pytest.TempPathFactory,
    digits: Path,
    form: str,
    old: bool,
    note: bool,
    age: int,
    junk: set[str],
) -> None:
    folder = tmp_path_factory.mktemp("mnist")
    if old:  # an earlier version's stand-in lies in the same folder
        shutil.copytree(digits, folder, dirs_exist_ok=True)
    lay(folder, form)
    if note:
        (folder / mnist.NOTE).write_text(mnist.STAND_IN)
    for name in junk:
        (folder / name).write_bytes(b"junk")
    for path in folder.rglob("*"):
        os.utime(path, (age, age))
    before = contents(folder)
    assert mnist.ensure(folder) == folder and mnist.note(folder) == ""
    for split in ("train", "t10k"):
        images, labels = mnist.read(folder, split)
        np.testing.assert_array_equal(images, REAL[f"{split}-images-idx3-ubyte"])
        np.testing.assert_array_equal(labels, REAL[f"{split}-labels-idx1-ubyte"])
    with mnist.as_npz(folder) as path, np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["x_test"], REAL["t10k-images-idx3-ubyte"])
    assert contents(folder) == before


@pytest.mark.parametrize("form", FORMS)
def test_half_of_mnist_is_named_and_no_stand_in_takes_its_place(form: str, tmp_path: Path) -> None:
    lay(tmp_path, form)
    (tmp_path / FORMS[form]("t10k-labels-idx1-ubyte")).unlink()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="expected MNIST's t10k-labels-idx1-ubyte.gz beside .*, got no such file"):
        mnist.ensure(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte.gz.crdownload", "t10k-labels.csv", "mnist_train.csv", "mnist.pkl.gz", "MNIST.zip"]
)
def test_another_form_of_mnist_is_named_and_no_stand_in_takes_its_place(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(ValueError, match=f"expected MNIST's four IDX files .*, got {name}, which is none of them"):
        mnist.ensure(tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("split", ["train", "t10k"])
def test_mnist_beside_a_stand_ins_half_is_named(split: str, tmp_path: Path, digits: Path) -> None:
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    for name, array in REAL.items():
        if name.startswith(split):
            idx.write_idx(tmp_path / f"{name}.gz", array)
    with pytest.raises(ValueError, match=f"expected MNIST's .* beside .*{split}-images.*, got the stand-in's"):
        mnist.ensure(tmp_path)


def test_real_files_in_any_place_go_before_a_stand_in_in_another(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab, shared = tmp_path / "lab/mnist", tmp_path / "data/mnist"
    assert mnist.ensure(lab, shared) == shared / "stand_in" and mnist.STAND_IN in capsys.readouterr().out
    shutil.copytree(digits, lab)
    assert mnist.ensure(lab, shared) == lab and mnist.STAND_IN in capsys.readouterr().out
    lay(tmp_path / "data", "torchvision")
    assert mnist.ensure(lab, shared) == tmp_path / "data/MNIST/raw" and capsys.readouterr().out == ""
    lay(lab, "kaggle")
    assert mnist.ensure(lab, shared) == lab and capsys.readouterr().out == ""


def test_a_stand_in_that_was_cut_is_written_to_its_end(tmp_path: Path, digits: Path) -> None:
    shutil.copytree(digits, tmp_path / "stand_in")
    (tmp_path / "stand_in/t10k-labels-idx1-ubyte.gz").unlink()
    (tmp_path / "stand_in/full-mnist.npz").unlink()
    assert mnist.ensure(tmp_path) == tmp_path / "stand_in"
    assert len(mnist.read(tmp_path / "stand_in", "t10k")[1]) == 360


def test_a_note_of_ones_own_stays(tmp_path: Path) -> None:
    (tmp_path / mnist.NOTE).write_text("mine")
    mnist.write_digits(tmp_path)
    mnist.write(tmp_path, REAL)
    assert (tmp_path / mnist.NOTE).read_text() == "mine"


@pytest.mark.parametrize("name", [*(f"{name}.gz" for name in mnist.ARRAYS), mnist.NPZ])
def test_other_files_of_the_same_names_are_not_replaced(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "digits", stand_in)
    mnist.write(tmp_path, REAL)
    (tmp_path / name).write_bytes(b"mine")
    before = contents(tmp_path)
    for write in (lambda: mnist.write(tmp_path, REAL), lambda: mnist.write_digits(tmp_path)):
        with pytest.raises(ValueError, match="to hold the same images or a stand-in, got others; move it away"):
            write()
    assert contents(tmp_path) == before


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    lay(tmp_path, "packed")
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    mnist.write(tmp_path, REAL)
    assert {path.stat().st_mtime for path in tmp_path.glob("*.gz")} == {0} and (tmp_path / mnist.NPZ).is_file()


def test_a_page_saved_under_the_name_is_no_mnist_and_no_stand_in(tmp_path: Path) -> None:
    lay(tmp_path, "packed")
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"<!DOCTYPE html>")
    assert mnist.ensure(tmp_path) == tmp_path
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte.gz to be an IDX file"):
        mnist.read(tmp_path, "train")


def test_two_stand_ins_are_equal_byte_for_byte(tmp_path: Path, digits: Path) -> None:
    mnist.write_digits(tmp_path)
    for name in mnist.ARRAYS:
        assert (tmp_path / f"{name}.gz").read_bytes() == (digits / f"{name}.gz").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--digits", "--source", "{tmp}"], "expected --digits or --source, got both"),
        (["--source", "{tmp}"], "with sha256 ba891046e650..., got "),
        (["--source", "{tmp}/nowhere"], "expected {tmp}/nowhere/train-images-idx3-ubyte.gz, got no such file"),
    ],
)
def test_prepare_names_a_mistake_and_writes_nothing(
    args: list[str],
    message: str,
    prepare: ModuleType,
    digits: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)  # right names, other images
    out = tmp_path / "out"
    assert prepare.main([*(arg.format(tmp=tmp_path) for arg in args), "--out", str(out)]) == 2
    printed, err = capsys.readouterr()
    assert printed == "" and err.count("\n") == 1 and message.format(tmp=tmp_path) in err and not out.exists()
