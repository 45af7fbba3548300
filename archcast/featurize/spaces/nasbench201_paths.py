"""Terms of NAS-Bench-201 cells: what runs, what is live, and along which paths.

| symbol | meaning |
|---|---|
| n | cells |
| path | one of the four ways from node 0 to node 3: 03, 013, 023, 0123 |

Most runtimes execute dead edges, some drop them, and a device may be bound by the longest path instead of
the sum; so all three views are given side by side, and a regression weighs them.
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.featurize.spaces.nasbench201_notation import EDGES, OPERATIONS

PATHS = {"03": (3,), "013": (0, 4), "023": (1, 5), "0123": (0, 2, 5)}
"""Edges of each path."""
_NONE, _SKIP, _CONV1, _CONV3, _POOL = range(5)
_LENGTHS = {"conv3": (0, 0, 0, 1, 0), "layers": (0, 0, 1, 1, 1), "work": (0, 0, 1, 9, 0.3)}
"""What an operation adds to a path's length, in three measures."""
_OUT, _IN = {0: (0, 1, 3), 1: (2, 4)}, {2: (1, 2), 3: (3, 4, 5)}
"""Edges that leave and that enter a node."""

Terms = tuple[tuple[str, ...], Doubles]


def cell_terms(codes: Codes, live: Codes) -> Terms:
    """Names and values of the terms.

    Shapes:
        codes: (n, 6); live: (n, 6), codes with dead edges set to `none`; values: (n, d)
    """
    columns: dict[str, Doubles | Bools] = {}
    for name, view in (("", codes), ("live_", live)):
        for e, (u, v) in enumerate(EDGES):
            columns |= {f"{name}edge_{u}_{v}={op}": view[:, e] == i for i, op in enumerate(OPERATIONS)}
        columns |= {f"{name}edges_{op}": (view == i).sum(axis=1) for i, op in enumerate(OPERATIONS)}
    columns |= _path_columns(live)
    columns |= _meeting_columns(live)
    return tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float64)


def _path_columns(live: Codes) -> dict[str, Doubles | Bools]:
    columns: dict[str, Doubles | Bools] = {}
    alive = np.stack([(live[:, p] != _NONE).all(axis=1) for p in PATHS.values()], axis=1)
    for i, (name, path) in enumerate(PATHS.items()):
        columns[f"path_{name}"] = alive[:, i]
        for op in (_CONV1, _CONV3, _POOL):
            columns[f"path_{name}_{OPERATIONS[op]}"] = alive[:, i] * (live[:, path] == op).sum(axis=1)
    columns["paths"] = alive.sum(axis=1)
    for name, table in _LENGTHS.items():
        weights = np.array(table)
        lengths = [weights[live[:, path]].sum(axis=1) for path in PATHS.values()]
        ordered = np.sort(np.stack(lengths, axis=1) * alive, axis=1)
        columns |= {f"longest_{name}": ordered[:, -1], f"second_{name}": ordered[:, -2]}
    return columns


def _meeting_columns(live: Codes) -> dict[str, Doubles | Bools]:
    used = live != _NONE
    conv = (live == _CONV1) | (live == _CONV3)
    columns: dict[str, Doubles | Bools] = {f"into_{v}": used[:, e].sum(axis=1) for v, e in _IN.items()}
    columns |= {f"out_of_{u}": used[:, e].sum(axis=1) for u, e in _OUT.items()}
    columns["sums"] = sum(np.maximum(used[:, e].sum(axis=1) - 1, 0) for e in _IN.values())
    columns |= {
        "reaches_1": used[:, 0],
        "reaches_2": used[:, [1, 2]].any(axis=1),
        "connected": used.any(axis=1),
    }
    columns |= {f"conv_out_of_{u}": conv[:, e].sum(axis=1) for u, e in _OUT.items()}
    columns |= {f"conv_into_{v}": conv[:, e].sum(axis=1) for v, e in _IN.items()}
    columns["skip_out_of_0"] = (live[:, _OUT[0]] == _SKIP).sum(axis=1)
    return columns
