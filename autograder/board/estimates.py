"""What a measured value may be shown as: in steps, so that probing reveals no labels, and with its interval."""

import math
from collections.abc import Sequence

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def climbed(values: Sequence[float], step: float, better: str = "high") -> list[float | None]:
    """The value to show for each of a student's values, in order of time; None for one that adds nothing to the board.

    A value is shown if it beats the last shown one by more than `step`, rounded to a multiple of it. So a student with
    many uploads cannot learn the hidden labels from small changes: the Ladder mechanism of Blum and Hardt (ICML 2015,
    https://arxiv.org/abs/1502.04585, figure 1). With a step of 0 each better value is shown as it is.
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
