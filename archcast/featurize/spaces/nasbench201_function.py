"""What a NAS-Bench-201 cell computes, as columns that are equal for cells of the same function.

| symbol | meaning |
|---|---|
| n | cells |
| paths | (n, 40) live paths by the operations on them, `skip_connect` left out |
| edges | (n, 30) operation of each live edge, averaged over the cells of the same function |
| summary | (n, 18) live operations, lengths of the paths, operations over all paths |

Two cells of one row of `NASBench201.function_groups` agree in `paths` and `edges`, and nearly so in
`summary`. The bag of paths is the path encoding of White et al. (BANANAS, AAAI 2021) on the live cell; the
average over equals makes a kernel invariant (Haasdonk and Burkhardt, Invariant kernel functions for pattern
analysis and machine learning, Machine Learning 2007).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.spaces.nasbench201_notation import NONE, OPERATIONS, SKIP, all_codes
from archcast.featurize.spaces.nasbench201_paths import PATHS

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space

_KINDS = len(OPERATIONS) - 2
"""Operations that compute: neither `none` nor `skip_connect`."""
_LONGEST = max(map(len, PATHS.values()))
_LENGTHS = np.array([[0, 1, 0], [1, 1, 1], [1, 1, 0]], dtype=np.float64)
"""Measures of a path (its 3x3 convolutions, its layers, its convolutions) by 1x1, 3x3 and pool."""


def function_blocks(space: Space, codes: Codes) -> dict[str, Doubles]:
    """Blocks of columns by name, see the module.

    Shapes:
        codes: (n, 6); output: (n, 40), (n, 30) and (n, 18)
    """
    live = space.live(codes)
    alive = np.stack([(live[:, path] != NONE).all(axis=1) for path in PATHS.values()], axis=1)
    return {
        "paths": _bag_of_paths(live, alive),
        "edges": _mean_edges(space)[space.function_groups(codes)],
        "summary": _summary(live, alive),
    }


def _bag_of_paths(live: Codes, alive: Bools) -> Doubles:
    """Number of live paths by their string of operations.

    Shapes:
        live: (n, 6); alive: (n, 4); output: (n, 1 + 3 + 9 + 27)
    """
    counts = np.zeros((len(live), (_KINDS + 1) ** _LONGEST))
    for i, path in enumerate(PATHS.values()):
        number = np.zeros(len(live), dtype=np.int64)
        for edge in path:
            operation = live[:, edge].astype(np.int64)
            number = np.where(operation > SKIP, number * (_KINDS + 1) + operation - SKIP, number)
        rows = np.flatnonzero(alive[:, i])
        counts[rows, number[rows]] += 1
    return counts[:, _strings()]


def _strings() -> Ints:
    """Numbers that strings of at most three operations have: no digit is 0 but leading ones."""
    numbers = [0]
    for start in range(_LONGEST):
        first = sum(_KINDS**i for i in range(start))
        longer = [n * (_KINDS + 1) + digit for n in numbers[first:] for digit in range(1, _KINDS + 1)]
        numbers += longer
    return np.array(numbers, dtype=np.int64)


@lru_cache(maxsize=1)
def _mean_edges(space: Space) -> Doubles:
    """(15,625, 30): by the number of a group, the mean one-hot of its members' live edges."""
    codes = all_codes()
    groups = space.function_groups(codes)
    encoded = one_hot(space.live(codes), space.cardinalities)
    size = np.maximum(np.bincount(groups, minlength=space.size), 1)
    sums = [np.bincount(groups, column, minlength=space.size) for column in encoded.T]
    return np.stack(sums, axis=1) / size[:, None]


def _summary(live: Codes, alive: Bools) -> Doubles:
    """Counts of the live cell.

    Shapes:
        live: (n, 6); alive: (n, 4); output: (n, 18)
    """
    kinds = range(SKIP + 1, len(OPERATIONS))
    on_path = np.stack(
        [
            np.stack([(live[:, path] == kind).sum(axis=1) for kind in kinds], axis=1)
            for path in PATHS.values()
        ],
        axis=1,
    )
    on_path = on_path * alive[:, :, None]
    columns = [alive.sum(axis=1), *((live == kind).sum(axis=1) for kind in range(SKIP, len(OPERATIONS)))]
    for measure in _LENGTHS:
        ordered = np.sort(np.where(alive, on_path @ measure, -1.0), axis=1)
        columns += [ordered[:, -1], ordered[:, -2], ordered[:, 0]]
    columns += [*on_path.sum(axis=1).T, alive.any(axis=1)]
    return np.stack(columns, axis=1).astype(np.float64)
