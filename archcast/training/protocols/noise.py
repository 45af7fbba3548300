"""How far measurements of one network differ by themselves: what no predictor can be nearer than.

| symbol | meaning |
|---|---|
| a, b | two measurements of equal networks |
| e | error of one of them, relative to what both would be without noise |

Tables measure each architecture once, but some hold one network twice under two codes: cells whose inner
nodes change places, without dead layers, which runtimes drop in ways of their own. With errors alike and
independent, a - b varies by the root of two more than e does, so that |a - b| over that root and the mean of
the two stands for the error of a prediction without fault.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES, Space

LEAST_PAIRS = 30
"""Fewest pairs that a floor is told from."""


def noise_floor(labels: Labels, column: int, rows: Ints) -> dict[str, float] | None:
    """`mape`, `within_5`, `within_10`, `within_20` of a prediction without fault, and how many `pairs`.

    Args:
        rows: those that are looked at.

    Returns:
        None where there are fewer than `LEAST_PAIRS` pairs of equal networks.
    """
    pairs = _pairs(SPACES[labels.space], labels.codes[rows])
    a, b = labels.values[rows, column][pairs.T] if len(pairs) else np.empty((2, 0))
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < LEAST_PAIRS:
        return None
    error = (np.abs(a - b) / np.sqrt(2.0) / ((a + b) / 2.0))[known]
    shares = {f"within_{share}": float((error <= share / 100).mean()) for share in (5, 10, 20)}
    return {"mape": float(error.mean()), "pairs": float(known.sum())} | shares


def _pairs(space: Space, codes: Codes) -> Ints:
    """(p, 2) rows of equal networks without dead layers, each next to the one before it of its kind."""
    whole = (space.live(codes) == codes).all(axis=1) & space.connected(codes)
    alike: dict[int, list[int]] = {}
    for row, group in zip(
        np.flatnonzero(whole).tolist(), space.network_groups(codes[whole]).tolist(), strict=True
    ):
        alike.setdefault(group, []).append(row)
    pairs = [pair for rows in alike.values() for pair in pairwise(rows)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
