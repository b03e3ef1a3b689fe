"""MNIST's files and their stand-in: the same arrays in both formats, and never one taken for the other."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT, load_file

from smallnets import datasets, mnist


@pytest.fixture
def prepare() -> ModuleType:
    return load_file(ROOT / "data/mnist/prepare.py", "prepare_mnist")


def test_the_stand_in_has_mnists_formats(prepare: ModuleType, tmp_path: Path) -> None:
    assert prepare.main(["--digits", "--out", str(tmp_path)]) == 0
    with np.load(tmp_path / "full-mnist.npz") as npz:
        for name, key in mnist.ARRAYS.items():
            array = datasets.read_idx(tmp_path / f"{name}.gz")
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
    for _ in range(2):
        mnist.ensure(tmp_path / "mnist")
        assert "scikit-learn's small digits in place of MNIST" in capsys.readouterr().out
    mnist.write(tmp_path / "mnist", mnist.digits())
    mnist.ensure(tmp_path / "mnist")
    assert capsys.readouterr().out == ""


def test_two_stand_ins_are_equal_byte_for_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        mnist.write_digits(tmp_path / name)
    for name in mnist.ARRAYS:
        assert (tmp_path / f"a/{name}.gz").read_bytes() == (tmp_path / f"b/{name}.gz").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--digits", "--source", "{tmp}"], "expected --digits or --source, got both"),
        (["--source", "{tmp}"], "with sha256 ba891046e650..., got "),
        (["--source", "{tmp}/nowhere"], "No such file or directory: '{tmp}/nowhere/train-images-idx3-ubyte.gz'"),
    ],
)
def test_prepare_names_a_mistake_and_writes_nothing(
    args: list[str], message: str, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mnist.write_digits(tmp_path)  # right names, other images
    out = tmp_path / "out"
    assert prepare.main([*(arg.format(tmp=tmp_path) for arg in args), "--out", str(out)]) == 2
    printed, err = capsys.readouterr()
    assert printed == "" and err.count("\n") == 1 and message.format(tmp=tmp_path) in err and not out.exists()
