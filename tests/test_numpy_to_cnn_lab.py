"""The NumPy and CNN lab's declaration, its pictures and its hidden data as files."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.lab import Run, Submission
from labs.numpy_to_cnn.grading import corrupt, data
from labs.numpy_to_cnn.grading.declaration import LAB
from labs.numpy_to_cnn.grading.pictures import is_picture


def test_points_and_ranks() -> None:
    assert sum(check.points for check in LAB.checks) == 100
    ranking = LAB.ranking
    assert ranking is not None and ranking.column in {column.name for column in LAB.columns}
    found = [ranking.rank_points(place, 0.9) for place in (1, 2, 8, 9, 300)]
    assert found == [12, 11.5, 8.5, 8, 8]
    assert ranking.rank_points(1, 0.9, late=True) == 6 and ranking.rank_points(1, 0.7499) == 0
    assert ranking.rank_points(1, math.nan) == 0


def png(width: int, height: int) -> bytes:
    """The first bytes of a PNG file."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(50)


@pytest.mark.parametrize(
    ("content", "share", "words"),
    [
        (png(640, 480), 1, "640 x 480 pixels"),
        (png(1, 1), 0, "to have 100 to 10,000 pixels a side, got 1 x 1 pixels"),
        (png(640, 100_000), 0, "got 640 x 100000 pixels"),
        (b"\xff\xd8\xff\xe0" + bytes(50), 0, "expected a.png to be a PNG picture, got another kind of file"),
        (png(640, 480)[:20], 0, "expected a.png to be a PNG picture"),
        (b"", 0, "expected a.png to be a PNG picture"),
        (None, 0, "expected a.png, got no such file"),
    ],
    ids=["fine", "tiny", "huge", "JPEG", "cut", "empty", "missing"],
)
def test_a_picture_is_a_png_of_a_sensible_size(content: bytes | None, share: float, words: str, tmp_path: Path) -> None:
    files = {}
    if content is not None:
        files["a.png"] = tmp_path / "a.png"
        files["a.png"].write_bytes(content)
    verdict = is_picture("a.png")(Run(Submission(files, (), ""), None, 0))
    assert verdict.share == share and words in verdict.text


def test_without_staff_the_images_are_those_that_all_validate_with() -> None:
    found, line = data.load(None, 7)
    assert len(found.labels) == 600 and "as there are no staff images" in line and "seed 7" in line
    assert [rows.indices(600) for rows in found.halves.values()] == [(0, 300, 1), (300, 600, 1)]
    assert sorted(found.order) == list(range(600)) and not np.array_equal(found.order, data.load(None, 8)[0].order)


def test_staffs_images_are_looked_at(tmp_path: Path) -> None:
    x, y = np.zeros((200, 28, 28), np.uint8), np.arange(200) % 10
    for images, labels in ((x.astype(float), y), (x[:, 0], y), (x, y[:-1]), (x[:50], y[:50]), (x, y + 1), (x, y / 1)):
        np.save(tmp_path / "X_test.npy", images)
        np.save(tmp_path / "y_test.npy", labels)
        with pytest.raises(ValueError, match=r"expected X_test.npy uint8 \[N, 28, 28\] and y_test.npy int64"):
            data.load(tmp_path, 0)


class Table:
    """Changes that can be told apart, one known and one held out: to 1 and to 0.5."""

    CORRUPTIONS = {
        "known": (lambda x, strength, generator: torch.ones_like(x), (1, 2, 3, 4, 5)),
        "new": (lambda x, strength, generator: torch.full_like(x, 0.5), (1, 2, 3, 4, 5)),
    }
    HELD_OUT = ("new",)


def test_six_tenths_stay_three_change_as_known_one_as_held_out() -> None:
    x = np.full((200, 28, 28), 7, np.uint8)
    changed = corrupt.mixed(Table, x, 1)
    values = changed[:, 0, 0].tolist()
    assert [values.count(value) for value in (7, 255, 128)] == [120, 60, 20] and (x == 7).all()
    assert np.array_equal(changed, corrupt.mixed(Table, x, 1))
    assert not np.array_equal(changed, corrupt.mixed(Table, x, 2))
