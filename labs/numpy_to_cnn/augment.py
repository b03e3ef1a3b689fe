"""Changes that cameras and rooms make to 28x28 images, as functions on batches, and a random mix for training.

Everywhere x is float [B, 1, 28, 28] in [0, 1] and stays so; a strength is one number or one per image, [B].
What is random is drawn from the torch.Generator passed in.
"""

import math
from collections.abc import Callable

import torch
from torch.nn import functional as F

Amount = float | torch.Tensor
Change = Callable[[torch.Tensor, Callable[[float, float], torch.Tensor]], torch.Tensor]

# luminance quantisation steps of JPEG at quality 50 (ITU-T T.81, table K.1)
JPEG_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip


def brightness(x: torch.Tensor, amount: Amount) -> torch.Tensor:
    """x + amount, cut off at 0 and 1."""
    return (x + _column(amount, x)).clamp(0, 1)


def contrast(x: torch.Tensor, factor: Amount) -> torch.Tensor:
    """Distances from the image's mean times `factor`, stored in 8 bits as a camera would."""
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return _eight_bits(mean + _column(factor, x) * (x - mean))


def gamma(x: torch.Tensor, exponent: Amount) -> torch.Tensor:
    """x to the power of `exponent`: above 1 darkens the middle tones, below 1 lightens them."""
    return x ** _column(exponent, x)


def inversion(x: torch.Tensor, factor: Amount) -> torch.Tensor:
    """The negative, with its contrast times `factor`: dark clothes before a bright wall."""
    return 0.5 + _column(factor, x) * (0.5 - x)


def blur(x: torch.Tensor, sigma: Amount) -> torch.Tensor:
    """A Gaussian of `sigma` pixels; what lies outside the image does not count."""
    position = torch.arange(28, dtype=x.dtype)
    distance = position[:, None] - position
    kernel = torch.exp(-0.5 * (distance / _column(sigma, x).clamp_min(1e-3)) ** 2)
    kernel = kernel / kernel.sum(dim=-1, keepdim=True)
    return kernel @ x @ kernel.mT


def noise(x: torch.Tensor, std: Amount, generator: torch.Generator) -> torch.Tensor:
    """Gaussian noise on every pixel."""
    return (x + _column(std, x) * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def quantisation(x: torch.Tensor, quality: Amount) -> torch.Tensor:
    """JPEG's loss at a quality from 1 to 50: the cosine coefficients of 8x8 blocks, rounded to multiples."""
    k = torch.arange(8, dtype=x.dtype)
    cosine = torch.cos(math.pi * (k + 0.5) * k[:, None] / 8) / 2
    cosine[0] /= math.sqrt(2)  # now orthonormal, a frequency in each row
    steps = torch.tensor(JPEG_STEPS, dtype=x.dtype) * (50 / _column(quality, x)[..., None, None])
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    blocks = padded.reshape(-1, 1, 4, 8, 4, 8).transpose(3, 4) * 255 - 128
    coefficients = torch.round(cosine @ blocks @ cosine.T / steps) * steps
    restored = (cosine.T @ coefficients @ cosine).transpose(3, 4).reshape(-1, 1, 32, 32)
    return ((restored[..., 2:30, 2:30] + 128) / 255).clamp(0, 1)


def warp(x: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """x read at the points `grid` [B, 28, 28, 2], (-1, -1) the upper left corner; black outside."""
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def centres() -> torch.Tensor:
    """The middle of each pixel (across, down) as warp counts, [28, 28, 2]: -1 and 1 are the image's edges."""
    place = (torch.arange(28.0) + 0.5) / 14 - 1
    return torch.stack([place.expand(28, 28), place[:, None].expand(28, 28)], dim=2)


def affine(
    x: torch.Tensor, right: Amount = 0.0, down: Amount = 0.0, scale: Amount = 1.0, degrees: Amount = 0.0,
    shear: Amount = 0.0
) -> torch.Tensor:  # fmt: skip
    """Shear, turn clockwise, enlarge by `scale`, all around the middle, then move by pixels."""
    right, down, scale, degrees, shear = (
        _column(amount, x).flatten().expand(len(x)) for amount in (right, down, scale, degrees, shear)
    )
    angle = torch.deg2rad(degrees)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    # the inverse map, since each pixel of the result asks where it comes from
    matrix = torch.stack([cos + shear * sin, sin - shear * cos, -sin, cos], dim=1).reshape(-1, 2, 2)
    start = centres() - torch.stack([right, down], dim=1)[:, None, None] / 14
    return warp(x, start @ matrix.mT[:, None])


def background(x: torch.Tensor, level: Amount, generator: torch.Generator, texture: Amount = 0.5) -> torch.Tensor:
    """A wall behind the article: a grey of `level`, rougher by up to `texture` of it, wherever x is black.

    The texture is noise of a grain drawn for the batch, from single pixels to stains.
    """
    grain = int(torch.randint(2, 15, (), generator=generator)) * 2
    pattern = torch.rand(len(x), 1, grain, grain, generator=generator) * 2 - 1
    pattern = F.interpolate(pattern, size=(28, 28), mode="bilinear", align_corners=False)
    wall = (_column(level, x) * (1 + _column(texture, x) * pattern)).clamp(0, 1)
    # a closing keeps the dark folds of the article; its rim may be a pixel wide
    article = -F.max_pool2d(-F.max_pool2d(F.pad((x > 0.04).float(), (1, 1, 1, 1)), 3, 1), 3, 1, padding=1)
    return torch.where(article > 0, x, wall)


def occlusion(x: torch.Tensor, side: Amount, generator: torch.Generator) -> torch.Tensor:
    """A square of `side` pixels and of one grey, somewhere inside the image."""
    side = _column(side, x)
    corner = torch.rand(2, len(x), 1, 1, 1, generator=generator) * (28 - side)
    row, column = torch.arange(28.0)[:, None], torch.arange(28.0)
    inside = (row >= corner[0]) & (row < corner[0] + side) & (column >= corner[1]) & (column < corner[1] + side)
    return torch.where(inside, torch.rand(len(x), 1, 1, 1, generator=generator), x)


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """n numbers between low and high."""
    return low + (high - low) * torch.rand(n, generator=generator)


def signs(n: int, generator: torch.Generator) -> torch.Tensor:
    """n times -1 or 1."""
    return torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1


def augment(x: torch.Tensor, generator: torch.Generator, share: float = 0.05) -> torch.Tensor:
    """x with a random mix of everything above, in the order in which it meets an image, and half of it mirrored.

    Each change reaches `share` of the images, so about half of them stay as they are.
    """

    def change(x: torch.Tensor, how: Change, share: float = share) -> torch.Tensor:
        rows = torch.nonzero(torch.rand(len(x), generator=generator) < share)[:, 0]
        if len(rows):
            x[rows] = how(x[rows], lambda low, high: uniform(len(rows), low, high, generator))
        return x

    x = change(x.clone(), lambda x, draw: x.flip(3), 0.5)
    x = change(x, lambda x, draw: affine(x, draw(-5, 5), draw(-5, 5)))
    x = change(x, lambda x, draw: affine(x, scale=draw(0.5, 1.25)))
    x = change(x, lambda x, draw: affine(x, degrees=draw(-45, 45)))
    x = change(x, lambda x, draw: affine(x, shear=draw(-0.5, 0.5)))
    x = change(x, lambda x, draw: background(x, draw(0, 0.6), generator, draw(0, 1)))
    x = change(x, lambda x, draw: occlusion(x, draw(3, 13), generator))
    x = change(x, lambda x, draw: gamma(x, 2 ** draw(-2, 2)))
    x = change(x, lambda x, draw: contrast(x, draw(0.1, 1)))
    x = change(x, lambda x, draw: brightness(x, draw(-0.45, 0.45)))
    x = change(x, lambda x, draw: inversion(x, draw(0.2, 1)))
    x = change(x, lambda x, draw: blur(x, draw(0, 1.7)))
    x = change(x, lambda x, draw: noise(x, draw(0, 0.35), generator))
    return change(x, lambda x, draw: quantisation(x, draw(4, 50)))


def _column(amount: Amount, x: torch.Tensor) -> torch.Tensor:
    """A strength as [1, 1, 1, 1] or [B, 1, 1, 1], to be spread over the pixels."""
    return torch.as_tensor(amount, dtype=x.dtype).reshape(-1, 1, 1, 1)


def _eight_bits(x: torch.Tensor) -> torch.Tensor:
    return torch.round(x.clamp(0, 1) * 255) / 255
