"""Random splits that are the same under every version of numpy, and seeds from secrets."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def permutation(n: int, rng: np.random.PCG64) -> NDArray[np.int64]:
    """A random order of range(n) that is the same under every version of numpy.

    numpy freezes the raw stream of a bit generator for ever but lets Generator.permutation change
    (NEP 19), so files that must be rebuilt byte for byte are drawn from the raw stream.
    """
    return np.argsort(rng.random_raw(n), kind="stable").astype(np.int64)


def draw_splits(
    labels: NDArray, groups: Sequence[Iterable[int]], sizes: Mapping[str, int], seed: int
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Draw disjoint, balanced, shuffled splits without replacement.

    Args:
        labels: [N] original labels.
        groups: for each new class, the original labels that make it up.
        sizes: how many rows of each class go into each split, e.g. {"train": 2500, "dev": 800}.
        seed: any whole number from 0.

    Returns:
        For each split its rows and their new labels, both int64 [len(groups) * size].

    Raises:
        ValueError: a class has too few rows.
    """
    rng = np.random.PCG64(seed)
    parts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in sizes}
    for group in groups:
        rows = np.flatnonzero(np.isin(labels, list(group)))
        if len(rows) < sum(sizes.values()):
            raise ValueError(f"expected at least {sum(sizes.values())} rows with labels {list(group)}, got {len(rows)}")
        rows = rows[permutation(len(rows), rng)]
        for name, size in sizes.items():
            parts[name].append(rows[:size])
            rows = rows[size:]
    splits = {}
    for name, size in sizes.items():
        order = permutation(len(groups) * size, rng)
        splits[name] = (np.concatenate(parts[name])[order], np.repeat(np.arange(len(groups)), size)[order])
    return splits


def secret_seed(secret: bytes, what: str) -> int:
    """A seed that only holders of the secret can compute, another one for each thing that it decides.

    Raises:
        ValueError: fewer than 16 bytes, which could be guessed.
    """
    if len(secret) < 16:
        raise ValueError(f"expected a secret of at least 16 bytes, got {len(secret)}")
    return int.from_bytes(hashlib.sha256(what.encode() + b"\0" + secret).digest(), "big")
