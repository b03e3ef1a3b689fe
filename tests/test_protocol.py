"""The message between a job and its grader, and the check of a model file's directory."""

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from autograder.intake import model_file
from autograder.runner.protocol import MOST_TEXT, Array, Blob, Layout, message_bytes, pack, texts, unpack

LAYOUT: Layout = [Array("x", "<f4", (2, 3)), Blob("words", 10), Array("y", "<i8", (0,))]


def test_values_come_back() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    message = pack(LAYOUT, {"x": x, "words": b"hello", "y": np.zeros(0, np.int64)})
    found = unpack(LAYOUT, message)
    assert len(message) == message_bytes(LAYOUT)
    np.testing.assert_array_equal(found["x"], x)
    assert found["words"] == b"hello" and found["y"].shape == (0,)


def test_what_was_left_out_is_none() -> None:
    assert unpack(LAYOUT, pack(LAYOUT, {})) == {"x": None, "words": None, "y": None}


@pytest.mark.parametrize(
    "values", [{"x": np.zeros(6)}, {"words": bytes(11)}, {"z": b""}], ids=["shape", "length", "name"]
)
def test_values_that_do_not_fit_are_refused(values: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        pack(LAYOUT, values)


@pytest.mark.parametrize("length", [23, 25, -2, 2**62])
def test_a_length_that_is_a_lie_is_refused(length: int) -> None:
    message = bytearray(pack(LAYOUT, {}))
    message[:8] = struct.pack("<q", length)
    with pytest.raises(ValueError, match="expected up to 24 bytes of x"):
        unpack(LAYOUT, bytes(message))


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    message = noise.ljust(message_bytes(LAYOUT), b"\xff")
    try:
        found = unpack(LAYOUT, message)
    except ValueError:
        return
    assert set(found) == {"x", "words", "y"}


@pytest.mark.parametrize(
    "data",
    [None, b"", b"[1]", b"{", b'"a"', b"[" * 100_000, b"\xff", b'{"a": 1}', b"null", b"1" * 5000],
    ids=["none", "empty", "list", "cut", "text", "deep", "not UTF-8", "a number in it", "null", "a huge number"],
)
def test_anything_else_than_texts_is_refused(data: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"expected .*JSON.*, got"):
        texts(data)


def test_texts_are_cut() -> None:
    found = texts(json.dumps({"a": "1" + "x" * 10**5 + "2", "b": "3"}).encode())
    assert len(found["a"]) == MOST_TEXT and found["a"][0] == "1" and found["a"][-1] == "2" and found["b"] == "3"


def test_our_own_nets_pass_the_gate() -> None:
    for path in sorted((ROOT / "models" / "reference").glob("*.model")):
        assert model_file.problem(path) == ""


def stored(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {"archive/data.pkl": b"", **entries}.items():
            archive.writestr(name, content)
    return path


def test_compressed_tensors_are_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    torch.save({"w": torch.zeros(1_000_000)}, content)
    with zipfile.ZipFile(content) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    bomb = stored(tmp_path / "net_p1.model", entries, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 10_000
    assert "compressed" in model_file.problem(bomb)


def test_a_directory_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "net_p1.model", {"archive/data/0": bytes(1000)})
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    start = data.index(b"PK\x01\x02", start + 1)
    for offset in (20, 24):  # compressed and full size in the central directory
        data[start + offset : start + offset + 4] = struct.pack("<I", 2**31)
    path.write_bytes(data)
    assert "MB" in model_file.problem(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x80\x02}q\x00."], ids=["empty", "text", "pickle"])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net_p1.model"
    path.write_bytes(content)
    assert "expected net_p1.model to be a file of torch.save" in model_file.problem(path)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "net_p1.model", {f"archive/data/{k}": b"" for k in range(model_file.MOST_ENTRIES + 1)})
    assert "entries" in model_file.problem(path)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "net_p1.model", {"archive/data/0": bytes(2000)})
    assert model_file.problem(path, most_bytes=1000) != ""
