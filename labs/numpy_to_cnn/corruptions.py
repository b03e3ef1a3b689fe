"""18 kinds of change that photographs bring, five strengths each.

The table was fixed before anything was trained on it. Thirteen kinds also occur in training (augment.py, with
random strengths); five are held out, as tomorrow's photographs are. The functions of those five are here.
"""

import math
from collections.abc import Callable

import augment
import torch
from augment import signs

Corruption = Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]


def motion_blur(x: torch.Tensor, length: float, generator: torch.Generator) -> torch.Tensor:
    """The mean along a line of `length` pixels, in a direction drawn for each image."""
    angle = math.pi * torch.rand(len(x), generator=generator)
    places = torch.linspace(-0.5, 0.5, 4 * round(length) - 3) * (length - 1)
    moved = [augment.affine(x, place * torch.cos(angle), place * torch.sin(angle)) for place in places]
    return torch.stack(moved).mean(dim=0)


def salt_and_pepper(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """A share of the pixels turned black or white."""
    draw = torch.rand(x.shape, generator=generator)
    return torch.where(draw < share / 2, 0.0, torch.where(draw > 1 - share / 2, 1.0, x))


def shading(x: torch.Tensor, depth: float, generator: torch.Generator) -> torch.Tensor:
    """Light that falls off in a straight line, in a direction drawn for each image, to 1 - depth in a corner."""
    angle = 2 * math.pi * torch.rand(len(x), 1, 1, 1, generator=generator)
    cos, sin = torch.cos(angle), torch.sin(angle)
    place = torch.linspace(-1, 1, 28)
    slope = (place * cos + place[:, None] * sin) / (cos.abs() + sin.abs())
    return x * (1 - depth * (slope + 1) / 2)


def perspective(x: torch.Tensor, reach: float, generator: torch.Generator) -> torch.Tensor:
    """Each corner moved by up to `reach` of the image's side, and the rest as seen in perspective."""
    corners = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]).expand(len(x), 4, 2)
    targets = corners + 2 * reach * (2 * torch.rand(corners.shape, generator=generator) - 1)
    # the homography [a b c; d e f; g h 1] that sends the corners to their targets, from its eight linear equations
    one, zero = torch.ones(len(x), 4, 1), torch.zeros(len(x), 4, 3)
    rows = [torch.cat([corners, one], dim=2), zero]
    sides = [torch.cat([*order, -corners * targets[..., k, None]], dim=2) for k, order in enumerate((rows, rows[::-1]))]
    solution = torch.linalg.solve(torch.cat(sides, dim=1), torch.cat([targets[..., 0], targets[..., 1]], dim=1))
    homography = torch.cat([solution, one[:, 0]], dim=1).reshape(-1, 1, 3, 3)
    points = torch.cat([augment.centres(), torch.ones(28, 28, 1)], dim=2) @ homography.mT
    return augment.warp(x, points[..., :2] / points[..., 2:])


def elastic(x: torch.Tensor, reach: float, generator: torch.Generator) -> torch.Tensor:
    """Every point moved by about `reach` pixels, neighbours alike (Simard et al., 2003), smoothed over 3 pixels."""
    moves = augment.blur(torch.randn(2 * len(x), 1, 28, 28, generator=generator), 3.0)
    moves = moves / moves.std(dim=(2, 3), keepdim=True) * reach / 14
    return augment.warp(x, augment.centres() + moves.reshape(len(x), 2, 28, 28).permute(0, 2, 3, 1))


# kind: the change, its five strengths (what they are: the function's own docstring); either sign is as likely
CORRUPTIONS: dict[str, tuple[Corruption, tuple[float, ...]]] = {
    "brightness": (lambda x, s, g: augment.brightness(x, s * signs(len(x), g)), (0.08, 0.16, 0.24, 0.32, 0.4)),
    "contrast": (lambda x, s, g: augment.contrast(x, s), (0.75, 0.5, 0.35, 0.2, 0.1)),
    "gamma": (lambda x, s, g: augment.gamma(x, s ** signs(len(x), g)), (1.5, 2, 2.5, 3, 4)),
    "inversion": (lambda x, s, g: augment.inversion(x, s), (1, 0.8, 0.6, 0.4, 0.2)),
    "blur": (lambda x, s, g: augment.blur(x, s), (0.4, 0.7, 1, 1.3, 1.6)),
    "noise": (augment.noise, (0.05, 0.1, 0.15, 0.2, 0.3)),
    "quantisation": (lambda x, s, g: augment.quantisation(x, s), (50, 30, 20, 12, 6)),
    "shift": (lambda x, s, g: augment.affine(x, s * signs(len(x), g), s * signs(len(x), g)), (1, 2, 3, 4, 5)),
    "scale": (lambda x, s, g: augment.affine(x, scale=s), (0.9, 0.8, 0.7, 0.6, 0.5)),
    "rotation": (lambda x, s, g: augment.affine(x, degrees=s * signs(len(x), g)), (5, 10, 20, 30, 40)),
    "shear": (lambda x, s, g: augment.affine(x, shear=s * signs(len(x), g)), (0.1, 0.2, 0.3, 0.4, 0.5)),
    "background": (augment.background, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "occlusion": (augment.occlusion, (4, 6, 8, 10, 12)),
    "motion blur": (motion_blur, (2, 3, 4, 6, 8)),
    "salt and pepper": (salt_and_pepper, (0.02, 0.05, 0.1, 0.15, 0.2)),
    "shading": (shading, (0.2, 0.4, 0.6, 0.8, 0.95)),
    "perspective": (perspective, (0.05, 0.1, 0.15, 0.2, 0.25)),
    "elastic": (elastic, (0.5, 1, 1.5, 2, 2.5)),
}
HELD_OUT = ("motion blur", "salt and pepper", "shading", "perspective", "elastic")
