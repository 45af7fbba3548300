"""One-hot form of codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Codes, Floats, Ints


def one_hot(codes: Codes, cardinalities: Sequence[int]) -> Floats:
    """One column a decision and value, 1 where it is taken.

    Shapes:
        codes: (n, k); output: float32 (n, sum of cardinalities)
    """
    out = np.zeros((len(codes), sum(cardinalities)), dtype=np.float32)
    out[np.arange(len(codes))[:, None], codes.astype(np.int64) + offsets(cardinalities)] = 1.0
    return out


def offsets(cardinalities: Sequence[int]) -> Ints:
    """(k,): first one-hot column of each decision."""
    return np.concatenate([[0], np.cumsum(cardinalities)[:-1]]).astype(np.int64)
