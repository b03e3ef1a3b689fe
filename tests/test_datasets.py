"""IDX files, splits and checked downloads; then the program that builds the shipped files."""

import gzip
import hashlib
import os
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT, load_file
from hypothesis import given
from hypothesis import strategies as st

from smallnets import files
from smallnets.data import draws, fashion, idx, write_sets

SHIPPED = ROOT / "data/fashion_mnist"


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@given(shape=st.lists(st.integers(0, 5), min_size=1, max_size=3), packed=st.booleans())
def test_idx_files_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], packed: bool
) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = tmp_path_factory.mktemp("idx") / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(idx_bytes(array), mtime=0) if packed else idx_bytes(array))
    np.testing.assert_array_equal(idx.read_idx(path), array)
    with pytest.raises(ValueError, match="another file"):
        idx.read_idx(path, "0" * 64)


GOOD = idx_bytes(np.zeros((2, 3), np.uint8))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text", b"hello there", "IDX file of unsigned bytes"),
        ("empty", b"", "IDX file of unsigned bytes"),
        ("floats", b"\0\0\x0d\x01" + bytes(8), "IDX file of unsigned bytes"),
        ("cut header", GOOD[:7], "header of 12 bytes"),
        ("cut data", GOOD[:-1], r"expected \[2, 3\] bytes of data"),
        ("too much data", GOOD + b"x", r"expected \[2, 3\] bytes of data"),
        ("cut.gz", gzip.compress(GOOD, mtime=0)[:-4], "whole gzip file"),
    ],
    ids=["text", "empty", "floats", "cut header", "cut data", "too much data", "cut gzip"],
)
def test_a_damaged_idx_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        idx.read_idx(tmp_path / name)


@given(
    n=st.integers(0, 40),
    train=st.integers(0, 12),
    dev=st.integers(0, 12),
    groups=st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=3),
    seed=st.integers(0, 2**256),
)
def test_splits_are_disjoint_balanced_and_of_the_right_classes(
    n: int, train: int, dev: int, groups: list[set[int]], seed: int
) -> None:
    labels = np.arange(n) % 5
    sizes = {"train": train, "dev": dev}
    if any(np.isin(labels, list(group)).sum() < train + dev for group in groups):
        with pytest.raises(ValueError, match="expected at least"):
            draws.draw_splits(labels, groups, sizes, seed)
        return
    splits = draws.draw_splits(labels, groups, sizes, seed)
    for k, group in enumerate(groups):
        drawn = [rows[y == k] for rows, y in splits.values()]
        assert [len(rows) for rows in drawn] == [train, dev]
        together = np.concatenate(drawn)
        assert len(set(together.tolist())) == train + dev and set(labels[together].tolist()) <= group


def test_one_seed_gives_one_draw_whatever_numpys_version() -> None:
    # PCG64 of seed 0 starts with 11.7, 4.98, 0.76, 0.30, 15.0, 16.8, 11.2, 13.5 (times 10^18)
    assert draws.permutation(8, np.random.PCG64(0)).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]
    labels = np.arange(100) % 2
    a, b, c = (draws.draw_splits(labels, [[0], [1]], {"train": 30}, seed)["train"][0].tolist() for seed in (1, 1, 2))
    assert a == b != c


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of tmp_path/served, which holds file.bin."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served/file.bin").write_bytes(b"some bytes")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_a_download_is_checked_and_cached(server: str, tmp_path: Path) -> None:
    known = hashlib.sha256(b"some bytes").hexdigest()
    # the first address answers 404, the second one has it
    path = idx.download("file.bin", [server + "nowhere/", server], known, tmp_path / "cache")
    assert path.read_bytes() == b"some bytes"
    (tmp_path / "served/file.bin").unlink()
    assert idx.download("file.bin", [server], known, tmp_path / "cache") == path
    with pytest.raises(OSError, match="could not fetch other.bin"):
        idx.download("other.bin", [server], known, tmp_path / "cache")


def test_an_idx_file_is_fetched_checked_and_unpacked(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    idx.write_idx(tmp_path / "served/a.gz", array)
    packed, content = (tmp_path / "served/a.gz").read_bytes(), idx_bytes(array)
    checksums = [hashlib.sha256(data).hexdigest() for data in (packed, content)]
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    np.testing.assert_array_equal(idx.fetch_idx("a", None, [server], *checksums), array)
    (tmp_path / "a").write_bytes(content)
    np.testing.assert_array_equal(idx.fetch_idx("a", tmp_path, [], *checksums), array)


def test_a_download_with_another_checksum_is_not_kept(server: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"file.bin with sha256 000000000000..., got another file"):
        idx.download("file.bin", [server], "0" * 64, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and os.listdir(path.parent) == ["a.txt"]


@pytest.fixture
def prepare() -> ModuleType:
    return load_file(SHIPPED / "prepare.py", "prepare")


def test_the_shipped_files_have_the_checksums_of_the_manifest() -> None:
    lines = (SHIPPED / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 10
    for line in lines:
        checksum, name = line.split("  ")
        assert files.sha256(SHIPPED / name) == checksum, name


def needs_debian(prepare: ModuleType) -> None:
    if not fashion.DEBIAN.is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")


def test_the_shipped_files_are_rebuilt_byte_for_byte(prepare: ModuleType, tmp_path: Path) -> None:
    needs_debian(prepare)
    assert prepare.main(["--out", str(tmp_path)]) == 0
    shipped = (SHIPPED / "SHA256SUMS").read_text()
    assert (tmp_path / "SHA256SUMS").read_text() == shipped
    for line in shipped.splitlines():
        name = line.split("  ")[1]
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes(), name


@pytest.mark.parametrize("packed", [SHIPPED / fashion.NPZ, "made"], ids=["shipped", "made"])
def test_no_version_of_zipfile_or_zlib_changes_an_npz(packed: Path | str, tmp_path: Path) -> None:
    path = Path(packed)
    if packed == "made":
        path = tmp_path / "a.npz"
        write_sets.write_npz(path, {"y": np.arange(9), "x": np.ones((2, 3), np.uint8)})
        assert np.array_equal(np.load(path)["y"], np.arange(9))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED and not info.extra and info.date_time[0] == 1980
            fields = struct.unpack_from("<4s5H3I2H", content, info.header_offset)
            assert fields[0] == b"PK\3\4" and fields[-1] == 0, "expected a header without extra fields, as for zip64"


def test_staff_make_a_hidden_split_of_images_that_are_in_no_public_set(prepare: ModuleType, tmp_path: Path) -> None:
    needs_debian(prepare)
    hidden = {}
    for secret in ("a secret of more than 16 bytes", "another secret of more than 16"):
        (tmp_path / "secret").write_text(secret + "\n")
        assert prepare.main(["--staff", "--secret", str(tmp_path / "secret"), "--out", str(tmp_path)]) == 0
        hidden[secret] = np.load(tmp_path / "X_test_part2.npy")
        for part, n_classes in ((1, 3), (2, 5)):
            y = np.load(tmp_path / f"y_test_part{part}.npy")
            assert np.bincount(y).tolist() == [1500 // n_classes] * n_classes and y.dtype == np.int64
    first, second = hidden.values()
    assert first.shape == (1500, 784) and first.dtype == np.uint8 and not np.array_equal(first, second)
    public = {row.tobytes() for name in ("train", "t10k") for row in fashion.read_split(name)[0]}
    assert not public & {row.tobytes() for row in first}
    assert "test" not in (tmp_path / "SHA256SUMS").read_text()


@pytest.mark.parametrize("name", ["X_train_part1.npy", "class_names.json", "ten_classes.npz", "SHA256SUMS"])
def test_prepare_replaces_no_file_of_a_user(
    name: str, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_debian(prepare)
    (tmp_path / name).write_text("my own\n")
    assert prepare.main(["--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"or written by this program, got another {name} there; move it away" in err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "my own\n")]


def test_a_set_takes_the_place_of_its_forerunner_and_of_nothing_else(tmp_path: Path) -> None:
    manifests = {"SUMS": ["a", "b"], "SUMS.staff": ["c"]}
    (tmp_path / "thesis").write_text("mine")
    for names in ("abc", "ab", "a"):
        with write_sets.replacing_set(tmp_path, manifests) as new:
            for name in names:
                (new / name).write_text(names)
        lists = ["SUMS", *(["SUMS.staff"] if "c" in names else [])]
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*lists, *names, "thesis"])
    with pytest.raises(KeyboardInterrupt), write_sets.replacing_set(tmp_path, manifests) as new:
        (new / "a").write_text("half")
        raise KeyboardInterrupt
    (tmp_path / "b").write_text("mine")
    with pytest.raises(ValueError, match="got another b there"), write_sets.replacing_set(tmp_path, manifests):
        pass
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != "SUMS"} == {
        "a": "a", "b": "mine", "thesis": "mine"
    }  # fmt: skip


def test_another_seed_is_another_course(prepare: ModuleType, tmp_path: Path) -> None:
    needs_debian(prepare)
    assert prepare.main(["--seed", "7", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "X_dev_part1.npy").read_bytes() != (SHIPPED / "X_dev_part1.npy").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--staff"], "expected --secret FILE with --staff"),
        (["--staff", "--secret", "{tmp}/short"], "secret of at least 16 bytes, got 5"),
        (["--staff", "--secret", "{tmp}/nowhere"], "expected {tmp}/nowhere, got no such file or folder"),
        (["--secret", "{tmp}/short"], "expected --staff with --secret"),
        (["--source", "{tmp}"], "expected {tmp}/train-images-idx3-ubyte.gz, got no such file or folder"),
        (["--source", "{tmp}/other"], "with sha256 c59f468a2f67..., got 7a452886212e..., another file"),
    ],
)
def test_prepare_names_a_mistake_and_writes_nothing(
    args: list[str], message: str, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short").write_text("abcde")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/train-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((3, 28, 28), np.uint8)))
    code = prepare.main([arg.format(tmp=tmp_path) for arg in args] + ["--out", str(tmp_path / "out")])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and message.format(tmp=tmp_path) in err
    assert not (tmp_path / "out").exists()


def test_an_unknown_option_is_one_line() -> None:
    command = [sys.executable, str(SHIPPED / "prepare.py"), "--sede", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--sede" in done.stderr


def test_git_ignores_the_hidden_split_and_the_secret() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy is not a git checkout")
    names = ["data/fashion_mnist/X_test_part1.npy", "data/fashion_mnist/y_test_part2.npy", "secret.txt"]
    done = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == names
