"""New images: of the same secret the same, near those that they are made of, and none of these."""

from collections.abc import Callable

import numpy as np
import pytest

from smallnets.data import altered, mnist

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@pytest.fixture(scope="module")
def known() -> np.ndarray:
    return mnist.digits()["t10k-images-idx3-ubyte"]


def test_a_seed_decides_the_new_images(known: np.ndarray) -> None:
    first, again, other = (altered.altered(known[:20], np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == (20, 28, 28) and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("change", [altered.altered, altered.moved, altered.relit], ids=lambda change: change.__name__)
def test_each_differs_from_all_known_ones_and_is_nearest_to_its_own(change: Change, known: np.ndarray) -> None:
    new = change(known, np.random.default_rng(0))
    assert not {image.tobytes() for image in known} & {image.tobytes() for image in new}
    distances = [np.abs(known - image.astype(float)).mean((1, 2)) for image in new]
    assert [int(row.argmin()) for row in distances] == list(range(len(known)))


def test_what_is_black_stays_so_in_other_light(known: np.ndarray) -> None:
    new = altered.relit(known, np.random.default_rng(0))
    assert (new[known == 0] == 0).all() and (np.abs(new - known.astype(float)) < 50).all()


def test_an_image_that_reaches_the_border_keeps_it() -> None:
    white = np.full((3, 28, 28), 200, np.uint8)
    assert np.array_equal(altered.moved(white, np.random.default_rng(0)), white)
