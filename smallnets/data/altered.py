"""New images from those of a public set: each is moved a little, in other light, and of the same class."""

import numpy as np
from numpy.typing import NDArray

SHIFT = 0.25  # largest, in pixels, down and across
ANGLE = 1.0  # largest, in degrees
SCALE = 0.01  # largest change of height and of width
DARKER = 0.1  # largest loss of brightness
CONTRAST = 0.1  # largest change of the exponent of a pixel
NOISE = 2  # largest change of a pixel that is not nearly black, in grey levels
NEARLY_BLACK = 8  # below it there is no noise, as the background of these sets has none


def altered(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """New images uint8 [N, height, width] of the same classes, drawn with rng; none equals a known one byte for byte.

    They are not mirrored: all shoes of Fashion-MNIST point to the left, and a digit has a left and a right side.
    `python -m records.hidden_images` measures how much accuracy they cost.
    """
    return relit(moved(images, rng), rng)


def moved(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The images [N, height, width], each shifted by parts of a pixel, turned and scaled around its centre."""
    from scipy import ndimage  # takes a second to import

    n, centre = len(images), (np.array(images.shape[1:]) - 1) / 2
    angles = np.radians(rng.uniform(-ANGLE, ANGLE, n))
    scales, shifts = rng.uniform(1 - SCALE, 1 + SCALE, (n, 2)), rng.uniform(-SHIFT, SHIFT, (n, 2))
    cos, sin = np.cos(angles), np.sin(angles)
    turns = np.stack([cos, -sin, sin, cos], axis=1).reshape(n, 2, 2) * scales[:, None]
    found = np.empty_like(images)
    for k, (image, turn, shift) in enumerate(zip(images, turns, shifts, strict=True)):
        # splines of third order blur less than linear interpolation, which costs nets more accuracy; clothes reach the
        # border, so it goes on outside
        pixels = ndimage.affine_transform(
            image.astype(np.float64), turn, centre + shift - turn @ centre, order=3, mode="nearest"
        )
        found[k] = np.rint(pixels.clip(0, 255))
    return found


def relit(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The images [N, ...], each a little darker and with more or less contrast, with noise where it is not black."""
    shape = (len(images), *[1] * (images.ndim - 1))
    exponents = 1 + rng.uniform(-CONTRAST, CONTRAST, shape)
    lit = 255 * (images / 255) ** exponents * rng.uniform(1 - DARKER, 1, shape)
    noise = rng.uniform(-NOISE, NOISE, images.shape) * (lit >= NEARLY_BLACK)
    return np.rint((lit + noise).clip(0, 255)).astype(np.uint8)
