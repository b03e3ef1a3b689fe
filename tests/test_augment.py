"""The changes of light, sharpness and position, each against its formula or another library's."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch
from conftest import ROOT, load_file
from hypothesis import given
from hypothesis import strategies as st

augment: ModuleType = load_file(ROOT / "labs/numpy_to_cnn/augment.py", "augment")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(n: int = 4, seed: int = 0) -> torch.Tensor:
    """A bright, structured middle on black."""
    x = torch.zeros(n, 1, 28, 28)
    x[..., 6:22, 8:20] = 0.2 + 0.8 * torch.rand(n, 1, 16, 12, generator=generator(seed))
    return x


# name: the function of (x, strength, generator), and a strength for each of four images
CHANGES: dict[str, tuple[Callable, list[float]]] = {
    "brightness": (lambda x, s, g: augment.brightness(x, s), [-0.4, 0.0, 0.1, 0.9]),
    "contrast": (lambda x, s, g: augment.contrast(x, s), [0.1, 0.5, 1.0, 2.0]),
    "gamma": (lambda x, s, g: augment.gamma(x, s), [0.25, 1.0, 2.0, 4.0]),
    "inversion": (lambda x, s, g: augment.inversion(x, s), [0.2, 0.5, 0.7, 1.0]),
    "blur": (lambda x, s, g: augment.blur(x, s), [0.0, 0.5, 1.0, 2.0]),
    "noise": (lambda x, s, g: augment.noise(x, s, g), [0.0, 0.1, 0.2, 0.5]),
    "quantisation": (lambda x, s, g: augment.quantisation(x, s), [4.0, 10.0, 30.0, 50.0]),
    "shift": (lambda x, s, g: augment.affine(x, right=s, down=-s), [-3.0, 0.0, 1.5, 4.0]),
    "scale": (lambda x, s, g: augment.affine(x, scale=s), [0.5, 0.9, 1.0, 1.3]),
    "rotation": (lambda x, s, g: augment.affine(x, degrees=s), [-45.0, 0.0, 10.0, 90.0]),
    "shear": (lambda x, s, g: augment.affine(x, shear=s), [-0.5, 0.0, 0.2, 0.5]),
    "background": (lambda x, s, g: augment.background(x, s, g), [0.0, 0.2, 0.4, 0.6]),
    "occlusion": (lambda x, s, g: augment.occlusion(x, s, g), [3.0, 5.0, 8.0, 13.0]),
    "augment": (lambda x, s, g: augment.augment(x, g), [0.0, 0.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_shape_range_and_the_callers_images(name: str) -> None:
    change, strengths = CHANGES[name]
    for n in (4, 1, 0):
        x = images(n)
        before = x.clone()
        changed = change(x, torch.tensor(strengths[:n]), generator())
        assert changed.shape == x.shape and changed.dtype == torch.float32 and torch.equal(x, before)
        assert n == 0 or (0 <= changed.min() and changed.max() <= 1 + 1e-6)


@pytest.mark.parametrize(
    "name", [name for name in CHANGES if name not in ("augment", "noise", "background", "occlusion")]
)
def test_every_image_can_have_its_own_strength(name: str) -> None:
    change, strengths = CHANGES[name]
    x = images()
    together = change(x, torch.tensor(strengths), generator())
    for i, strength in enumerate(strengths):
        torch.testing.assert_close(together[i : i + 1], change(x[i : i + 1], strength, generator()))


@pytest.mark.parametrize("name", CHANGES)
def test_a_generator_decides_what_is_random(name: str) -> None:
    change, strengths = CHANGES[name]
    x = images(64)
    once, again, other = (change(x, strengths[3], generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert torch.equal(once, other) == (name not in ("noise", "background", "occlusion", "augment"))


def test_light_by_hand() -> None:
    x = torch.zeros(1, 1, 28, 28)
    x[..., :14, :] = 0.8  # the mean is 0.4
    for changed, dark, bright in (
        (augment.brightness(x, 0.3), 0.3, 1.0),
        (augment.brightness(x, -0.3), 0.0, 0.5),
        (augment.contrast(x, 0.5), 0.2, 0.6),
        (augment.gamma(x, 2), 0.0, 0.64),
        (augment.inversion(x, 1), 1.0, 0.2),
        (augment.inversion(x, 0.5), 0.75, 0.35),
    ):
        torch.testing.assert_close(changed[0, 0, 20, 3], torch.tensor(dark), atol=2e-3, rtol=0)
        torch.testing.assert_close(changed[0, 0, 3, 3], torch.tensor(bright), atol=2e-3, rtol=0)


@given(st.floats(0.3, 3))
def test_blur_is_scipys(sigma: float) -> None:
    from scipy import ndimage

    x = images(1).double()
    # normalised by what lies inside: black is put around the image and around its support alike
    options = {"sigma": sigma, "mode": "constant", "radius": 27}
    weight = ndimage.gaussian_filter(np.ones((28, 28)), **options)
    expected = ndimage.gaussian_filter(x[0, 0].numpy(), **options) / weight
    np.testing.assert_allclose(augment.blur(x, sigma)[0, 0], expected, atol=1e-9)


@given(st.sampled_from([4, 10, 25, 50]), st.integers(0, 100))
def test_quantisation_is_jpegs(quality: int, seed: int) -> None:
    from scipy import fft

    x = images(1, seed).double()
    padded = np.pad(x[0, 0].numpy(), 2, mode="edge") * 255 - 128
    steps = np.array(augment.JPEG_STEPS) * 50 / quality
    for row in range(0, 32, 8):
        for column in range(0, 32, 8):
            block = padded[row : row + 8, column : column + 8]
            block[...] = fft.idctn(np.round(fft.dctn(block, norm="ortho") / steps) * steps, norm="ortho")
    expected = np.clip((padded[2:30, 2:30] + 128) / 255, 0, 1)
    assert (
        np.mean(np.abs(augment.quantisation(x, quality)[0, 0].numpy() - expected) > 1e-6) < 0.1
    )  # ties may round apart


def test_moves_by_whole_pixels_and_quarter_turns() -> None:
    x = images(2)
    torch.testing.assert_close(augment.affine(x, right=3, down=-2), x.roll((-2, 3), dims=(2, 3)))
    torch.testing.assert_close(augment.affine(x, degrees=90), torch.rot90(x, -1, dims=(2, 3)), atol=1e-5, rtol=0)
    torch.testing.assert_close(augment.affine(x), x)
    assert augment.affine(x, scale=0.5).sum() < 0.3 * x.sum() < 0.3 * augment.affine(x, scale=1.2).sum()
    sheared = augment.affine(x, shear=0.5)
    columns = torch.arange(28.0)
    middle = [(sheared[0, 0, row] @ columns / sheared[0, 0, row].sum()).item() for row in (7, 20)]
    assert abs(abs(middle[0] - middle[1]) - 0.5 * 13) < 1.5


@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(0.6, 1.2), st.floats(-40, 40), st.floats(-0.4, 0.4))
def test_a_move_sends_a_dot_where_its_matrix_says(
    right: float, down: float, scale: float, degrees: float, shear: float
) -> None:
    y, x = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    dot = torch.exp(-((x - 3) ** 2 + (y + 2) ** 2) / 4)[None, None]
    moved = augment.affine(dot, right, down, scale, degrees, shear)[0, 0]
    centre = np.array([(moved * axis).sum() / moved.sum() for axis in (x, y)])
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = scale * turn @ np.array([3 + shear * -2, -2]) + [right, down]
    np.testing.assert_allclose(centre, expected, atol=0.15)


def test_noise_has_its_spread() -> None:
    x = torch.full((50, 1, 28, 28), 0.5)
    assert abs((augment.noise(x, 0.1, generator()) - x).std().item() - 0.1) < 0.002


def test_a_wall_is_behind_the_article() -> None:
    x = images()
    changed = augment.background(x, 0.5, generator())
    assert torch.equal(changed[x > 0.1], x[x > 0.1])
    wall = changed[..., :4, :]
    assert abs(wall.mean().item() - 0.5) < 0.1 and wall.std() > 0.02
    assert augment.background(x, 0.5, generator(), texture=0.0)[..., :4, :].std() < 1e-6


@given(st.integers(1, 28))
def test_a_square_covers_its_area(side: int) -> None:
    x = torch.full((3, 1, 28, 28), -1.0)  # which no grey is
    covered = (augment.occlusion(x, side, generator(side)) != -1).sum(dim=(1, 2, 3))
    assert covered.tolist() == [side * side] * 3


def test_training_sees_originals_and_everything_else() -> None:
    x = images(2000)
    changed = augment.augment(x, generator())
    same = (changed == x).flatten(1).all(dim=1) | (changed == x.flip(3)).flatten(1).all(dim=1)
    assert 0.3 < same.float().mean() < 0.7
    assert torch.equal(augment.augment(x, generator(), share=0.0)[:9].amax(dim=3), x[:9].amax(dim=3))  # mirrored only
