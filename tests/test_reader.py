"""Every kind of data set the reader takes, and every kind it refuses, by name."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

import mp6
from smallnets.data import reader


def replace(folder: Path, name: str, array: np.ndarray) -> None:
    np.save(folder / f"{name}.npy", array, allow_pickle=True)


def change(folder: Path, name: str, index: object, value: object, dtype: type = float) -> None:
    """Set one element of a stored array, in another dtype."""
    array = np.load(folder / f"{name}.npy").astype(dtype)
    array[index] = value
    replace(folder, name, array)


def test_the_shipped_splits_are_those_of_the_contract() -> None:
    for part, n_classes in ((1, 3), (2, 5), (3, 5)):
        x_train, y_train, x_dev, y_dev = reader.load_dataset(ROOT / "data/fashion_mnist", part)
        assert x_train.shape == (7500, 784) and x_dev.shape == (2400, 784) and x_train.dtype == np.uint8
        assert np.bincount(y_train).tolist() == [7500 // n_classes] * n_classes and y_train.dtype == np.int64
        assert np.bincount(y_dev).tolist() == [2400 // n_classes] * n_classes
        rows = {row.tobytes() for row in x_train}
        assert len(rows) == 7500 and not rows & {row.tobytes() for row in x_dev}


def test_pixels_in_another_byte_order_are_pixels(dataset: Path) -> None:
    x = np.load(dataset / "X_dev_part1.npy")
    replace(dataset, "X_dev_part1", x.astype(">f4"))
    found = reader.load_dataset(dataset, 1)[2]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, x)


def test_class_names_come_with_the_data() -> None:
    folder = ROOT / "data/fashion_mnist"
    assert reader.load_class_names(folder, 1, 3) == ["cloth", "shoe", "bag"]
    assert reader.load_class_names(folder, 3, 5) == ["T-shirt", "pullover", "dress", "coat", "shirt"]
    assert reader.load_class_names(folder, 2, 4) == ["0", "1", "2", "3"]


def test_part_3_reads_the_files_of_part_2(dataset: Path) -> None:
    for a, b in zip(reader.load_dataset(dataset, 2), reader.load_dataset(dataset, 3), strict=True):
        np.testing.assert_array_equal(a, b)


def test_float_labels_with_whole_values_are_labels(dataset: Path) -> None:
    change(dataset, "y_train_part1", 0, 0.0)
    y_train = reader.load_dataset(dataset, 1)[1]
    assert y_train.dtype == np.int64 and y_train.max() == 2


def test_a_quickdraw_folder_comes_in_the_same_form(quickdraw: Path) -> None:
    x_train, y_train, x_dev, y_dev = reader.load_dataset(quickdraw, 2)
    assert x_train.shape == (60, 784) and x_dev.shape == (30, 784) and x_train.dtype == np.uint8
    assert y_train.max() + 1 == 6 and y_dev.dtype == np.int64
    np.testing.assert_array_equal(x_dev[3].reshape(28, 28), np.load(quickdraw / "fruit_dev_images.npy")[3])
    (quickdraw / "class_names.json").write_text(json.dumps({"fruit": list("abcdef")}))
    assert reader.load_class_names(quickdraw, 2, 6) == list("abcdef")


def not_npy(d: Path) -> None:
    (d / "X_dev_part2.npy").write_text("hello, this is text")


def npz(d: Path) -> None:
    np.savez(d / "a.npz", a=1)
    (d / "a.npz").rename(d / "X_dev_part2.npy")


def plain_pickle(d: Path) -> None:
    (d / "X_dev_part2.npy").write_bytes(pickle.dumps([1, 2]))


def cut_short(d: Path) -> None:
    path = d / "X_train_part2.npy"
    path.write_bytes(path.read_bytes()[:5000])


def header_only(d: Path) -> None:
    path = d / "X_train_part2.npy"
    path.write_bytes(path.read_bytes()[:9])


def huge_header(d: Path) -> None:
    path = d / "X_train_part2.npy"
    path.write_bytes(path.read_bytes().replace(b"(60, 784), }          ", b"(6000000000000, 784), }", 1))


def spoil_header(d: Path, old: bytes, new: bytes) -> None:
    path = d / "X_train_part2.npy"
    assert len(old) == len(new)
    path.write_bytes(path.read_bytes().replace(old, new, 1))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder missing": (shutil.rmtree, r"expected a folder with .npy splits, got .*prepare.py --out"),
    "train file missing": (lambda d: (d / "X_train_part2.npy").unlink(), r"expected X_train_part2.npy in .*prepare.py"),
    "label file missing": (lambda d: (d / "y_dev_part2.npy").unlink(), r"expected y_dev_part2.npy in .*prepare.py"),
    "text instead of .npy": (not_npy, "to be a .npy file, got other content"),
    ".npz instead of .npy": (npz, "to be a .npy file, got other content"),
    "pickle instead of .npy": (plain_pickle, "to be a .npy file, got other content"),
    "empty file": (lambda d: (d / "X_dev_part2.npy").write_bytes(b""), "to be a .npy file, got other content"),
    "cut short": (cut_short, "whole .npy file, got a damaged one"),
    "a header that asks for 4 TB": (huge_header, "whole .npy file, got a damaged one"),
    "unclosed header": (lambda d: spoil_header(d, b"(60, 784)", b"((0, 784)"), "got a damaged one"),
    "header of unhashables": (lambda d: spoil_header(d, b"'descr'", b"{}:{},2"), "got a damaged one"),
    "negative shape": (lambda d: spoil_header(d, b"(60, 784)", b"(-6, 784)"), "got a damaged one"),
    "time differences": (lambda d: replace(d, "X_dev_part2", np.zeros((30, 784), "m8[s]")), "got timedelta64"),
    "a name that moves the cursor": (
        lambda d: (d / "class_names.json").write_text(json.dumps({"part2": ["a\x1b[2J", *"bcde"]})),
        "printable names without",
    ),
    "header cut short": (header_only, "whole .npy file, got a damaged one"),
    "pickled objects": (
        lambda d: replace(d, "X_train_part2", np.array([{}, 1], dtype=object)),
        "got pickled objects, which are refused",
    ),
    "text values": (lambda d: replace(d, "X_train_part2", np.full((60, 784), "a")), "integers or floats, got <U1"),
    "booleans": (lambda d: replace(d, "X_train_part2", np.ones((60, 784), bool)), "integers or floats, got bool"),
    "complex pixels": (lambda d: change(d, "X_dev_part2", (0, 0), 1j, complex), "integers or floats, got complex128"),
    "NaN pixel": (lambda d: change(d, "X_dev_part2", (3, 5), np.nan), "finite values in X_dev_part2.npy, got nan"),
    "infinite pixel": (lambda d: change(d, "X_dev_part2", (3, 5), np.inf), "finite values in X_dev_part2.npy"),
    "images unflattened": (
        lambda d: replace(d, "X_train_part2", np.zeros((60, 28, 28), np.uint8)),
        r"expected X_train_part2.npy of shape \[N, 784\], got \[60, 28, 28\]",
    ),
    "images of another size": (
        lambda d: replace(d, "X_dev_part2", np.zeros((30, 1024), np.uint8)),
        r"expected X_dev_part2.npy of shape \[N, 784\], got \[30, 1024\]",
    ),
    "a scalar": (lambda d: replace(d, "X_dev_part2", np.array(3)), r"\[N, 784\], got \[\]"),
    "labels as a column": (
        lambda d: replace(d, "y_dev_part2", np.zeros((30, 1), int)),
        r"expected y_dev_part2.npy of shape \[N\], got \[30, 1\]",
    ),
    "unequal lengths": (
        lambda d: replace(d, "y_train_part2", np.arange(59) % 5),
        "expected 60 labels in y_train_part2.npy, as X_train_part2.npy has images, got 59",
    ),
    "no images": (
        lambda d: replace(d, "X_dev_part2", np.zeros((0, 784), np.uint8)),
        r"at least one row in X_dev_part2.npy, got shape \[0, 784\]",
    ),
    "no labels": (lambda d: replace(d, "y_dev_part2", np.zeros(0)), "at least one row in y_dev_part2.npy"),
    "negative label": (lambda d: change(d, "y_dev_part2", 0, -1, int), r"labels of y_dev_part2.npy in 0\.\."),
    "fractional label": (lambda d: change(d, "y_dev_part2", 0, 1.5), "whole labels in y_dev_part2.npy, got 1.5"),
    "NaN label": (lambda d: change(d, "y_dev_part2", 0, np.nan), "finite values in y_dev_part2.npy, got nan"),
    "absurd label": (lambda d: change(d, "y_train_part2", 0, 2**40, int), r"in 0\.\.99, got 0\.\.1099511627776"),
    "class missing in the middle": (
        lambda d: replace(d, "y_train_part2", np.arange(60) % 5 // 2 * 2),
        r"classes of y_train_part2.npy only, got also \[1, 3\]",
    ),
    "class unknown to train": (
        lambda d: change(d, "y_dev_part2", 0, 7, int),
        r"expected y_dev_part2.npy to hold classes of y_train_part2.npy only, got also \[7\]",
    ),
    "pixel above 255": (lambda d: change(d, "X_train_part2", (0, 0), 256, int), r"in 0\.\.255, got 0\.\.256"),
    "pixel below 0": (lambda d: change(d, "X_train_part2", (0, 0), -1, int), r"in 0\.\.255, got -1\.\."),
    "names that are no JSON": (
        lambda d: (d / "class_names.json").write_text("cloth"),
        'class_names.json to be a JSON list of .* under "part2"',
    ),
    "names of other parts": (
        lambda d: (d / "class_names.json").write_text('{"part1": ["a", "b"]}'),
        'class_names.json to be a JSON list of .* under "part2"',
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_one_line_and_exit_code_2(
    name: str, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, message = BAD[name]
    spoil(dataset)
    code = mp6.main(["--part", "2", "--dataset", str(dataset), "--models", str(tmp_path / "models")])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    with pytest.raises((ValueError, OSError), match=message):
        reader.load_dataset(dataset, 2)
        reader.load_class_names(dataset, 2, 5)


def test_a_missing_folder_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python data/fashion_mnist/prepare.py --out .*nowhere"):
        reader.load_dataset(tmp_path / "nowhere", 1)
    (tmp_path / "prepare.py").touch()
    with pytest.raises(FileNotFoundError, match=rf"make it with `python {tmp_path}/prepare.py`"):
        reader.load_dataset(tmp_path, 1)


def test_quickdraw_images_that_are_flat_are_refused(quickdraw: Path) -> None:
    replace(quickdraw, "fruit_images", np.zeros((60, 784), np.uint8))
    with pytest.raises(ValueError, match=r"fruit_images.npy of shape \[N, 28, 28\], got \[60, 784\]"):
        reader.load_dataset(quickdraw, 2)


def test_an_unknown_part_is_refused(dataset: Path) -> None:
    with pytest.raises(ValueError, match="expected part 1, 2 or 3, got 4"):
        reader.load_dataset(dataset, 4)


@given(st.binary(max_size=300))
def test_no_file_content_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("random")
    for prefix in (b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00"):
        (folder / "X_train_part1.npy").write_bytes(prefix + content)
        with pytest.raises((ValueError, FileNotFoundError)):
            reader.load_dataset(folder, 1)
