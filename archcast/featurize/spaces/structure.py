"""What an architecture is made of, in groups of columns that a device's cost is a weighted sum of.

| symbol | meaning |
|---|---|
| n | architectures |
| d | columns of one group |

| group | columns | spaces |
|---|---|---|
| `cost` | layers, multiply-adds and bytes by class, in thirds of their usual spread | with layers |
| `place`, `forms` | of blocks that repeat, see `archcast.featurize.spaces.repeats` | chains of few forms |
| `terms` | the space's own terms | others |
| of cells | see `archcast.featurize.spaces.nasbench201_structure` | nasbench201 |
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.cost import bytes_moved

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space

_PROBES = 512


def cost_group(space: Space, codes: Codes, dataset: str) -> Doubles:
    """Group `cost` of a space with layers.

    Shapes:
        codes: (n, k); output: (n, d)
    """
    kept, unit = _cost_units(space, dataset)
    return _raw_costs(space, codes, dataset)[:, kept] / unit


def stacked(groups: dict[str, Doubles], names: Iterable[str]) -> Doubles:
    """Groups side by side.

    Shapes:
        output: (n, sum of their columns)
    """
    return np.concatenate([groups[name] for name in names], axis=1)


@lru_cache(maxsize=32)
def _cost_units(space: Space, dataset: str) -> tuple[Ints, Doubles]:
    """Cost columns that vary in the space, and their unit."""
    probes = _raw_costs(space, space.sample(_PROBES, seed=0), dataset)
    spread = probes.std(axis=0)
    kept: Ints = np.flatnonzero(spread > 1e-9 * np.maximum(np.abs(probes).max(axis=0), 1.0)).astype(np.int64)
    return kept, 3.0 * spread[kept]


def _raw_costs(space: Space, codes: Codes, dataset: str) -> Doubles:
    costs = space.costs(codes, dataset)
    return np.concatenate([costs[:, :, 0], costs[:, :, 2], bytes_moved(costs)], axis=1)
