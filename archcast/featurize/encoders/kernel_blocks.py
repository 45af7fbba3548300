"""Blocks of columns between which a kernel measures distance, one scale a block.

| symbol | meaning |
|---|---|
| n | architectures |
| X_b | (n, d_b) columns of block b, the mean squared distance of two random members being 1 |

Columns are scaled by members of the space drawn at random, whose values nobody needs to know, so that a
scale learned from 25 architectures is not at the mercy of which 25 they are. Blocks:

| block | spaces | columns |
|---|---|---|
| its own | which have `function_columns` | those, e.g. `archcast.featurize.spaces.nasbench201_function` |
| `decisions` | others | one-hot decisions of the canonical form |
| `levels` | others | its codes as numbers: choices are sorted in most spaces |
| `features` | others | logarithms of the features |
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.features import feature_values
from archcast.featurize.spaces import SPACES, Space

_DRAWN = 4096
_FLAT = 1e-9
_ALIKE = frozenset({"paths", "edges", "decisions"})
"""Blocks whose columns have one unit and keep their own variance; others are standardised."""


def kernel_blocks(
    space: Space, codes: Codes, dataset: str, *, features: tuple[str, ...] | None = None
) -> dict[str, Doubles]:
    """Scaled blocks by name.

    Args:
        features: the only features wanted, in that order; None takes all.

    Shapes:
        codes: (n, k); output: (n, d_b) each
    """
    scales = _scales(space.name, dataset, features)
    blocks = _blocks(space, codes, dataset, features)
    return {name: (block - scales[name][0]) * scales[name][1] for name, block in blocks.items()}


def parts_of_blocks(space: Space, dataset: str) -> tuple[str, ...]:
    """Parts (see `archcast.featurize.encoders.columns`) that the blocks of a space are made of."""
    blocks = _blocks(space, space.sample(1, seed=0), dataset, None)
    return ("blocks", "features") if "features" in blocks else ("blocks",)


def block_widths(space: Space, dataset: str) -> dict[str, int]:
    """Columns of each block but that of the features, which have names of their own."""
    blocks = _blocks(space, space.sample(1, seed=0), dataset, None)
    return {name: block.shape[1] for name, block in blocks.items() if name != "features"}


def _blocks(space: Space, codes: Codes, dataset: str, features: tuple[str, ...] | None) -> dict[str, Doubles]:
    own = space.function_columns(codes)
    if own is not None:
        return own
    codes = space.canonical(codes)
    return {
        "decisions": one_hot(codes, space.cardinalities).astype(np.float64),
        "levels": codes.astype(np.float64),
        "features": np.log1p(feature_values(space, codes, dataset, names=features)),
    }


@lru_cache(maxsize=32)
def _scales(name: str, dataset: str, features: tuple[str, ...] | None) -> dict[str, tuple[Doubles, Doubles]]:
    """Mean and factor of every column."""
    space = SPACES[name]
    scales = {}
    for block, values in _blocks(space, space.sample(_DRAWN, seed=0), dataset, features).items():
        deviation = values.std(axis=0)
        varies = deviation > _FLAT
        used = deviation if block in _ALIKE else varies.astype(np.float64)
        factor = varies / np.sqrt(2 * (used**2).sum())
        if block not in _ALIKE:
            factor = factor / np.where(varies, deviation, 1.0)
        scales[block] = (values.mean(axis=0), factor)
    return scales
