"""QuickDraw's files, the sketches in their place, and the program that fetches Google's."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT, load_file

from smallnets import files
from smallnets.data import quickdraw, reader, sketches

SIZES = {"train": 12, "dev": 4, "test": 3}
ROWS = sum(SIZES.values())
SMALL = ["--per_class", *map(str, SIZES.values())]
FIVE = [*quickdraw.IMAGES.values(), quickdraw.LABELS["train"], quickdraw.LABELS["dev"]]


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    return load_file(ROOT / "data/quickdraw/prepare.py", "prepare_quickdraw")


def write_classes(folder: Path, names: tuple[str, ...] = quickdraw.NAMES, rows: int = 30) -> None:
    """NAME.npy of each class as Google has them; noise, so that no two drawings are equal."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(names):
        rng = np.random.default_rng([len(names), k])
        np.save(folder / f"{name}.npy", rng.integers(0, 256, (rows, 784), dtype=np.uint8))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("drawn", [True, False])
def test_a_set_has_the_homeworks_format(drawn: bool, prepare: ModuleType, tmp_path: Path) -> None:
    write_classes(tmp_path / "google")
    out = tmp_path / "out"
    args = ["--drawn"] if drawn else ["--source", str(tmp_path / "google")]
    assert prepare.main([*args, *SMALL, "--out", str(out)]) == 0
    for split, size in SIZES.items():
        images = np.load(out / quickdraw.IMAGES[split])
        assert images.shape == (6 * size, 28, 28) and images.dtype == np.uint8
        assert images.min() == 0 and images.max() == 255
    for split in ("train", "dev"):
        labels = np.load(out / quickdraw.LABELS[split])
        assert np.bincount(labels).tolist() == [SIZES[split]] * 6 and labels.dtype == np.int64
        assert labels.tolist() != sorted(labels)
        np.testing.assert_array_equal(quickdraw.read(out, split)[1], labels)
    assert quickdraw.class_names(out, 6) == json.loads((out / "class_names.json").read_text()) == list(quickdraw.NAMES)
    lines = [line.split("  ") for line in (out / "SHA256SUMS").read_text().splitlines()]
    assert {name: files.sha256(out / name) for name in [*FIVE, "class_names.json"]} == {name: s for s, name in lines}
    extra = {"class_names.json", "SHA256SUMS"} | ({"STAND_IN.txt"} if drawn else set())
    assert {path.name for path in out.iterdir()} == set(FIVE) | extra


def test_splits_share_no_drawing_and_labels_name_the_file_it_came_from(prepare: ModuleType, tmp_path: Path) -> None:
    write_classes(tmp_path / "google", rows=ROWS + 1)
    assert prepare.main(["--source", str(tmp_path / "google"), *SMALL, "--staff", "--out", str(tmp_path)]) == 0
    source = {
        row.tobytes(): k for k, name in enumerate(quickdraw.NAMES) for row in np.load(tmp_path / f"google/{name}.npy")
    }
    seen = []
    for split in SIZES:
        images, labels = quickdraw.read(tmp_path, split)
        assert [source[image.tobytes()] for image in images] == labels.tolist()
        seen += [image.tobytes() for image in images]
    assert len(set(seen)) == len(seen) == 6 * ROWS
    last = {np.load(tmp_path / f"google/{name}.npy")[-1].tobytes() for name in quickdraw.NAMES}
    assert not last & set(seen)  # the rows after those asked for


def test_other_classes_and_whole_images_are_taken_too(prepare: ModuleType, tmp_path: Path) -> None:
    names = ("cat", "The Eiffel Tower")
    write_classes(tmp_path, names)
    np.save(tmp_path / "cat.npy", np.load(tmp_path / "cat.npy").reshape(-1, 28, 28))
    args = ["--classes", *names, "--source", str(tmp_path), *SMALL, "--out", str(tmp_path / "out")]
    assert prepare.main(args) == 0
    assert np.bincount(quickdraw.read(tmp_path / "out", "train")[1]).tolist() == [12, 12]
    assert quickdraw.class_names(tmp_path / "out", 2) == list(names)


def test_mp6_reads_the_folder_with_its_names(tmp_path: Path) -> None:
    quickdraw.write_drawn(tmp_path, SIZES)
    assert [len(array) for array in reader.load_dataset(tmp_path, 2)] == [72, 72, 24, 24]
    assert reader.load_class_names(tmp_path, 2, 6) == list(quickdraw.NAMES)


@pytest.mark.parametrize("args", [["--drawn"], ["--source", "{tmp}/google"]])
def test_one_seed_gives_one_set_byte_for_byte(args: list[str], prepare: ModuleType, tmp_path: Path) -> None:
    write_classes(tmp_path / "google")
    args = [*(arg.format(tmp=tmp_path) for arg in args), *SMALL]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert prepare.main([*args, "--seed", seed, "--out", str(tmp_path / name)]) == 0
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b and all(a[name] != c[name] for name in FIVE)


def test_a_stand_in_says_so_until_googles_drawings_take_its_place(
    prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "quickdraw"
    for _ in range(2):
        assert quickdraw.ensure(folder, SIZES) == folder / "stand_in" == quickdraw.found(folder)
        assert capsys.readouterr().out.startswith("six fruits sketched at random in place of Quick, Draw!")
    quickdraw.write_drawn(folder, SIZES, test_labels=True)  # as earlier versions did
    assert quickdraw.ensure(folder) == folder and quickdraw.note(folder)
    assert len(quickdraw.read(folder, "test")[1]) == 18
    write_classes(tmp_path / "google")
    assert prepare.main(["--source", str(tmp_path / "google"), *SMALL, "--out", str(folder)]) == 0
    capsys.readouterr()
    assert quickdraw.ensure(folder) == folder
    assert capsys.readouterr().out == "" and quickdraw.note(folder) == ""
    assert not (folder / quickdraw.LABELS["test"]).exists()  # those were the stand-in's


def test_an_interrupted_write_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quickdraw.write_drawn(tmp_path, SIZES)
    before = contents(tmp_path)
    images, labels = quickdraw.drawn(ROWS, seed=1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "save", interrupt)
        quickdraw.write(tmp_path, quickdraw.draw(images, labels, SIZES, seed=1), quickdraw.NAMES)
    assert contents(tmp_path) == before and quickdraw.note(tmp_path)


@pytest.mark.parametrize("name", [*quickdraw.IMAGES.values(), *quickdraw.LABELS.values(), quickdraw.CLASS_NAMES])
@pytest.mark.parametrize("old", [False, True], ids=["alone", "beside an old stand-in"])
def test_a_users_own_files_are_real_and_stay(
    name: str, old: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if old:
        quickdraw.write_drawn(tmp_path, SIZES)
    (tmp_path / name).write_bytes(b"my own")
    before = contents(tmp_path)
    images, labels = quickdraw.drawn(ROWS, seed=1)
    with pytest.raises(ValueError, match=f"{name}.* move it away"):
        quickdraw.write(tmp_path, quickdraw.draw(images, labels, SIZES, seed=1), quickdraw.NAMES)
    if old or name == quickdraw.IMAGES["train"]:
        assert quickdraw.ensure(tmp_path) == tmp_path
        assert (quickdraw.note(tmp_path) == "") == (name in (quickdraw.IMAGES["train"], quickdraw.LABELS["train"]))
    elif name != quickdraw.CLASS_NAMES:
        with pytest.raises(ValueError, match=f"expected fruit_images.npy beside {tmp_path / name}, got no such file"):
            quickdraw.ensure(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("STAND_IN.txt", "mine\n"), ("SHA256SUMS", f"{'0' * 64}  thesis.pdf\n"), ("SHA256SUMS.staff", "\xff\n")],
    ids=["a note", "checksums", "no checksums"],
)
def test_a_users_own_note_and_checksums_stay(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match="got another"):
        quickdraw.write_drawn(tmp_path, SIZES, test_labels=True)
    assert contents(tmp_path) == {name: content.encode("latin-1")}


@pytest.mark.parametrize("name", ["apple.npy", "fruit.npz", "images.npy"])
def test_drawings_in_another_form_are_named_and_no_stand_in_takes_their_place(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    (tmp_path / f"._{name}").write_bytes(b"of macOS")
    with pytest.raises(ValueError, match=f"expected fruit_images.npy beside {tmp_path / name}, got no such file; `py"):
        quickdraw.ensure(tmp_path)
    assert set(contents(tmp_path)) == {name, f"._{name}"}


def interrupt(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def test_sketches_of_six_fruits_differ_within_and_between_classes() -> None:
    assert tuple(sketches.FRUITS) == quickdraw.NAMES
    images, labels = quickdraw.drawn(100, seed=0)
    assert len({image.tobytes() for image in images}) == len(images)
    # as in Google's bitmaps, the longer side spans 26 pixels
    rows, columns = (np.ptp(np.where((images > 0).any(axis=axis), np.arange(28), 14), axis=1) for axis in (2, 1))
    assert set(np.maximum(rows, columns).tolist()) <= {24, 25}
    train = np.arange(len(images)) % 2 == 0
    centroids = np.stack([images[train & (labels == k)].mean(axis=0) for k in range(6)])
    distances = np.square(images[~train][:, None] - centroids).sum(axis=(2, 3))
    accuracy = np.mean(distances.argmin(axis=1) == labels[~train])
    assert accuracy > 0.5  # chance is 0.17


def test_a_larger_stand_in_begins_with_a_smaller_one() -> None:
    small, large = (quickdraw.drawn(n, seed=3)[0].reshape(6, n, 28, 28) for n in (2, 4))
    np.testing.assert_array_equal(large[:, :2], small)


def test_a_stroke_is_as_thick_and_as_long_as_googles() -> None:
    image = sketches.render([np.array([[-3.0, 5.0], [1.0, 5.0]])])
    # 28 pixels show 256 + 2 * 24 units: a stroke of 255 + 16 by 16 with round ends
    pixel = 28 / 304
    area = (255 * 16 + np.pi * 8**2) * pixel**2
    assert image.sum() / 255 == pytest.approx(area, rel=0.05)
    rows, columns = np.nonzero(image)
    assert set(rows.tolist()) <= {12, 13, 14, 15} and (columns.min(), columns.max()) == (1, 26)
    np.testing.assert_allclose(image[:, 5].sum() / 255, 16 * pixel, rtol=0.05)


class Google(ThreadingHTTPServer):
    """Serves files as Google's bucket does, or without ranges, and counts what it sent."""

    files: dict[str, bytes]
    ranges = True
    status = 0
    requests = 0
    sent = 0


class Handler(BaseHTTPRequestHandler):
    server: Google

    def do_GET(self) -> None:
        self.server.requests += 1
        content = self.server.files.get(self.path)
        if self.server.status or content is None:
            self.send_error(self.server.status or 404)
            return
        wanted = re.fullmatch(r"bytes=0-(\d+)", self.headers["Range"]) if self.server.ranges else None
        part = content[: int(wanted[1]) + 1] if wanted else content
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        try:
            for start in range(0, len(part), 1 << 16):
                self.server.sent += self.connection.send(part[start : start + (1 << 16)])
        except ConnectionError:
            pass  # the reader has had enough

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    """A server of the six fruits of tmp_path/google."""
    write_classes(tmp_path / "google")
    with Google(("127.0.0.1", 0), Handler) as httpd:
        httpd.files = {f"/{name}": content for name, content in contents(tmp_path / "google").items()}
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def arguments(google: Google, tmp_path: Path, out: str = "out") -> list[str]:
    """Options that let prepare.py fetch from the server into tmp_path."""
    url, cache = f"http://127.0.0.1:{google.server_port}/", tmp_path / "cache"
    return ["--url", url, "--cache", str(cache), *SMALL, "--out", str(tmp_path / out)]


@pytest.mark.parametrize("ranges", [True, False])
def test_what_is_fetched_is_what_a_folder_gives(
    ranges: bool, google: Google, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    google.ranges = ranges
    assert prepare.main(arguments(google, tmp_path)) == 0
    out, err = capsys.readouterr()
    assert out == f"wrote 12 train, 4 dev, 3 test drawings of each class to {tmp_path / 'out'}\n" and err == ""
    assert prepare.main(["--source", str(tmp_path / "google"), *SMALL, "--out", str(tmp_path / "local")]) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "local")


@pytest.mark.parametrize("ranges", [True, False])
def test_only_the_first_rows_of_a_large_file_are_fetched(
    ranges: bool, google: Google, prepare: ModuleType, tmp_path: Path
) -> None:
    google.ranges = ranges
    path = tmp_path / "google/apple.npy"
    np.save(path, np.concatenate([np.load(path), np.zeros((60_000, 784), np.uint8)]))
    google.files["/apple.npy"] = path.read_bytes()
    assert prepare.main(arguments(google, tmp_path)) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "cache/apple.npy"), np.load(path)[:ROWS])
    if ranges:
        assert google.sent == 6 * (ROWS * 784 + 1024)
    else:
        assert google.sent < 0.6 * path.stat().st_size  # the rest filled the buffers between the two


def test_the_cache_saves_the_way_to_the_server(google: Google, prepare: ModuleType, tmp_path: Path) -> None:
    args = arguments(google, tmp_path)
    assert prepare.main(args) == 0 and google.requests == 6
    first, cache = contents(tmp_path / "out"), contents(tmp_path / "cache")
    assert prepare.main(args) == 0 and google.requests == 6
    assert contents(tmp_path / "out") == first
    assert prepare.main([*args, "--per_class", "3", "2", "1"]) == 0 and google.requests == 6
    assert contents(tmp_path / "cache") == cache
    for line in cache["SHA256SUMS"].decode().splitlines():
        checksum, name = line.split("  ")
        assert files.sha256(tmp_path / "cache" / name) == checksum
    assert prepare.main([*args, "--per_class", "20", "2", "1"]) == 0 and google.requests == 12
    assert np.load(tmp_path / "cache/apple.npy").shape == (23, 784)


def test_an_interrupted_fetch_goes_on_where_it_was(google: Google, prepare: ModuleType, tmp_path: Path) -> None:
    grapes = google.files.pop("/grapes.npy")
    assert prepare.main(arguments(google, tmp_path)) == 2
    assert set(contents(tmp_path / "cache")) == {"apple.npy", "banana.npy", "SHA256SUMS"}
    google.files["/grapes.npy"] = grapes
    assert prepare.main(arguments(google, tmp_path)) == 0 and google.requests == 3 + 4


def test_a_cached_file_without_a_checksum_is_not_trusted_and_stays(
    google: Google, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_classes(tmp_path / "cache")
    before = contents(tmp_path / "cache")
    assert prepare.main(arguments(google, tmp_path)) == 2 and google.requests == 0
    assert "cache/apple.npy to be one that was fetched, got another; move it away" in capsys.readouterr().err
    assert contents(tmp_path / "cache") == before


@pytest.mark.parametrize("place", ["cache", "server"])
def test_another_content_than_the_first_is_refused(
    place: str, google: Google, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = arguments(google, tmp_path)
    assert prepare.main(args) == 0
    capsys.readouterr()
    path = tmp_path / ("cache" if place == "cache" else "google") / "grapes.npy"
    np.save(path, 255 - np.load(path))
    before = contents(tmp_path / "out")
    if place == "server":
        google.files["/grapes.npy"] = path.read_bytes()
        args += ["--per_class", "20", "2", "1"]
    assert prepare.main(args) == 2
    err = capsys.readouterr().err
    grapes = tmp_path / "cache/grapes.npy"
    expected = {
        "cache": rf"error: expected {grapes} with sha256 \w{{12}}... as it was fetched, got \w{{12}}...; delete it to ",
        "server": rf"error: expected http://\S+/grapes.npy to begin with the 19 drawings in {grapes}, got others; ",
    }
    assert err.count("\n") == 1 and re.match(expected[place], err) and contents(tmp_path / "out") == before
    grapes.unlink()
    assert prepare.main(args) == 0


def npy(header: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


HEADER = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%s, 784), }"
FORTRAN = b"{'descr': '|u1', 'fortran_order': True, 'shape': (30, 784), }"


def test_a_header_of_python_2_is_read(google: Google, prepare: ModuleType, tmp_path: Path) -> None:
    google.files["/apple.npy"] = npy(HEADER % b"30L", bytes(30 * 784))
    assert prepare.main(arguments(google, tmp_path)) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a class of Quick, Draw!, got 'pineapple': nothing at {url}"),
        (b"<html>", "expected {url} to be a .npy file, got other content (it starts with b'<html>')"),
        (b"", "expected {url} to be a .npy file, got other content (it starts with b'')"),
        (npy(HEADER % b"30")[:40], "expected {url} to be a .npy file, got other content"),
        (npy(b"{'shape': __import__('os')}"), "expected {url} to be a .npy file, got other content"),
        (npy(HEADER % b"18", bytes(18 * 784)), "expected at least 19 drawings in {url}, got 18"),
        (npy(HEADER % b"30", bytes(9 * 784)), "expected 14896 bytes of drawings in {url}, got 7056"),
        (npy(FORTRAN, bytes(30 * 784)), "expected {url} in C order, got Fortran order"),
        (
            npy(HEADER.replace(b"u1", b"i1") % b"30", bytes(30 * 784)),
            "expected {url} of uint8 [N, 784] or [N, 28, 28], got int8 [30, 784]",
        ),
    ],
    ids=["nothing", "HTML", "empty", "cut header", "code", "few", "cut drawings", "Fortran order", "int8"],
)
def test_a_bad_answer_is_named_and_not_kept(
    content: bytes | None,
    message: str,
    google: Google,
    prepare: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del google.files["/pineapple.npy"]
    if content is not None:
        google.files["/pineapple.npy"] = content
    assert prepare.main(arguments(google, tmp_path)) == 2
    out, err = capsys.readouterr()
    url = f"http://127.0.0.1:{google.server_port}/pineapple.npy"
    assert out == "" and err.count("\n") == 1 and message.format(url=url) in err
    assert not (tmp_path / "out").exists() and not (tmp_path / "cache/pineapple.npy").exists()


def test_a_server_that_fails_or_is_not_there_is_named(
    google: Google, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    google.status = 503
    assert prepare.main(arguments(google, tmp_path)) == 2
    assert "apple.npy (503 Server Error" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert prepare.main([*arguments(google, tmp_path), "--url", f"http://127.0.0.1:{port}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: could not fetch http://127.0.0.1:{port}/apple.npy (") and err.count("\n") == 1
    assert not (tmp_path / "out").exists() and not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--drawn", "--source", "{tmp}"], "expected --drawn without --source and --classes, got both"),
        (["--drawn", "--classes", "apple", "cat"], "expected --drawn without --source and --classes, got both"),
        (["--source", "{tmp}", "--per_class", "0", "1", "1"], "expected a whole number of at least 1, got 0"),
        (["--source", "{tmp}", "--per_class", "1", "1"], "--per_class: expected 3 arguments"),
        (["--source", "{tmp}", "--classes", "apple", "apple"], "expected different classes, got 'apple' twice"),
        (["--source", "{tmp}", "--classes", "apple"], "expected 2 to 345 classes, got 1"),
        (["--source", "{tmp}", "--classes", "apple", "../apple"], "without $, / or \\, got '../apple'"),
        (["--source", "{tmp}", "--classes", "apple", "a\nb"], "without $, / or \\, got 'a\\nb'"),
        (["--source", "{tmp}", *SMALL, "--classes", "apple", "cat"], "expected {tmp}/cat.npy, got no such file"),
        (["--source", "{tmp}"], "expected at least 19200 drawings in {tmp}/apple.npy, got 30"),
        (["--source", "{tmp}/text", *SMALL], "expected {tmp}/text/apple.npy to be a .npy file, got other content"),
        (["--source", "{tmp}/floats", *SMALL], "apple.npy of uint8 [N, 784] or [N, 28, 28], got float64 [30, 784]"),
        (["--source", "{tmp}/flat", *SMALL], "apple.npy of uint8 [N, 784] or [N, 28, 28], got uint8 [30, 783]"),
    ],
)
def test_prepare_names_a_mistake_and_writes_nothing(
    args: list[str], message: str, prepare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_classes(tmp_path)
    for name in ("text", "floats", "flat"):
        (tmp_path / name).mkdir()
    (tmp_path / "text/apple.npy").write_text("hello there")
    np.save(tmp_path / "floats/apple.npy", np.zeros((30, 784)))
    np.save(tmp_path / "flat/apple.npy", np.zeros((30, 783), np.uint8))
    try:
        code = prepare.main([*(arg.format(tmp=tmp_path) for arg in args), "--out", str(tmp_path / "out")])
    except SystemExit as error:  # argparse's own way out
        code = error.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and message.format(tmp=tmp_path) in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("fruit_images.npy", np.zeros((72, 28, 28)), r"fruit_images.npy of uint8 \[N, 28, 28\], got float64 \[72, "),
        ("fruit_images.npy", np.zeros((72, 784), np.uint8), r"uint8 \[N, 28, 28\], got uint8 \[72, 784\]"),
        ("fruit_images.npy", np.zeros((0, 28, 28), np.uint8), r"uint8 \[N, 28, 28\], got uint8 \[0, 28, 28\]"),
        (
            "fruit_labels.npy",
            np.zeros(71, np.int64),
            r"of 72 whole numbers, as fruit_images.npy has, got \S+ \[71",
        ),
        ("fruit_labels.npy", np.zeros(72), r"of 72 whole numbers, as fruit_images.npy has, got float64 \[72\]"),
        ("fruit_labels.npy", np.full(72, -1), r"labels from 0 to 344 in .*fruit_labels.npy, got -1..-1"),
        ("fruit_labels.npy", np.full(72, 345, np.uint64), r"labels from 0 to 344 in .*fruit_labels.npy, got 345..345"),
    ],
    ids=["floats", "flat images", "no images", "a label too few", "float labels", "label -1", "label 345"],
)
def test_what_does_not_fit_is_named(name: str, array: np.ndarray, message: str, tmp_path: Path) -> None:
    quickdraw.write_drawn(tmp_path, SIZES)
    np.save(tmp_path / name, array)
    with pytest.raises(ValueError, match=message):
        quickdraw.read(tmp_path, "train")
    assert len(quickdraw.read(tmp_path, "dev")[1]) == len(quickdraw.read_images(tmp_path, "dev")) == 24
    with pytest.raises(FileNotFoundError):
        quickdraw.read(tmp_path, "test")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "class_names.json to be a JSON list of printable names"),
        ("\xff", "class_names.json to be a JSON list of printable names"),
        ("[" * 100_000, "class_names.json to be a JSON list of printable names"),
        ('{"fruit": ["a", "b"]}', "class_names.json to be a JSON list of printable names"),
        ('["a", 1]', "class_names.json to be a JSON list of printable names"),
        (r'["a", "\u001b[2J"]', "class_names.json to be a JSON list of printable names"),
        ('["a", "$x$"]', "class_names.json to be a JSON list of printable names"),
        ('["a", "b", "c"]', "expected 2 names in .*class_names.json, as there are classes, got 3"),
    ],
)
def test_class_names_are_numbers_without_a_file_and_a_damaged_one_is_named(
    content: str, message: str, tmp_path: Path
) -> None:
    assert quickdraw.class_names(tmp_path, 3) == ["0", "1", "2"]
    (tmp_path / "class_names.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=message):
        quickdraw.class_names(tmp_path, 2)


def test_git_ignores_the_drawings() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy is not a git checkout")
    names = [f"data/quickdraw/{name}" for name in (*FIVE, "fruit_test_labels.npy", "STAND_IN.txt", "prepare.py")]
    done = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == names[:-1]
