"""What may be shown of values measured on hidden data, and how far they can be trusted."""

import math
from collections.abc import Sequence

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def climbed(values: Sequence[float], step: float, better: str = "high") -> list[float | None]:
    """What each of a student's values, in order of time, adds to the board: the value to show, None if it adds nothing.

    A value is shown if it is better than the one shown last by more than `step`, and as the nearest multiple of it, so
    that who hands in often cannot learn the hidden labels from small changes: the Ladder mechanism of Blum and Hardt
    (ICML 2015, https://arxiv.org/abs/1502.04585, figure 1). With a step of 0 each better value is shown as it is.
    """
    sign = 1.0 if better == "high" else -1.0
    shown: list[float | None] = []
    best = -math.inf
    for value in values:
        if sign * value > best + step:
            rounded = value if step == 0 else round(round(value / step) * step, 12)
            best = sign * rounded
            shown.append(rounded)
        else:
            shown.append(None)
    return shown


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share measured on n images (Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209).

    Raises:
        ValueError: no share, or no images.
    """
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"expected a share from 0 to 1 of at least one image, got {share} of {n}")
    spread = Z95 * math.sqrt(share * (1 - share) / n + (Z95 / (2 * n)) ** 2)
    middle, norm = share + Z95**2 / (2 * n), 1 + Z95**2 / n
    return max(0.0, (middle - spread) / norm), min(1.0, (middle + spread) / norm)
