"""What an architecture is made of, in groups of columns that a device's cost is a weighted sum of.

| symbol | meaning |
|---|---|
| n | architectures |
| d | columns of one group |

| group | columns | spaces |
|---|---|---|
| `all`, `live` | cells' operations by kind: all of them, and those on a path from input to output | cells |
| `edge`, `live_edge` | the same for each edge of the cell | cells |
| `adds` | sums, nodes in use, whether nothing arrives, of live edges and of all | cells |
| `depth` | longest live path under six prices of the operations | cells |
| `pair` | operation followed by operation, which a compiler may fuse | cells |
| `terms` | the space's own terms | others |
| `cost` | layers, multiply-adds and bytes by class of operator, in thirds of their usual spread | others |

`TWINS` names for a group of all operations the one of live operations: runtimes that execute the network
as written pay for the first, those that compile it pay for the second.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.cost import bytes_moved
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.nasbench201_notation import EDGES

STRUCTURE_VERSION = 1
CELL_GROUPS = ("all", "live", "edge", "live_edge", "adds", "depth", "pair")
TWINS = {"all": "live", "edge": "live_edge"}
_FOLLOWING = ((0, 2), (0, 4), (2, 5), (1, 5))
"""Edges that end where the other one starts."""
_PRICES = (
    (0, 1, 1, 1, 1),
    (0, 0, 1, 1, 1),
    (0, 0, 1, 1, 0),
    (0, 0, 0, 1, 0),
    (0, 0, 0, 0, 1),
    (0, 0, 0.1, 1, 0.3),
)
"""Prices of none, skip, 1x1, 3x3 and pool on a path."""
_KINDS = (1, 2, 3, 4)
_PROBES = 512


def group_names(space: Space) -> tuple[str, ...]:
    """Groups that `phi` gives for a space."""
    if space.name == "nasbench201":
        return CELL_GROUPS
    return ("cost", "terms") if space.has_graph else ("terms",)


def phi(space: Space, codes: Codes, dataset: str | None = None) -> dict[str, Doubles]:
    """Columns by group; a row depends on its architecture alone, not on the batch.

    Shapes:
        codes: (n, k); output: group -> (n, d)
    """
    if space.name == "nasbench201":
        return _cell_groups(codes.astype(np.int64), space.live(codes).astype(np.int64))
    groups = {"terms": space.terms(codes)[1].astype(np.float64)}
    if space.has_graph:
        dataset = space.check_dataset(dataset)
        kept, unit = _cost_units(space, dataset)
        groups["cost"] = _raw_costs(space, codes, dataset)[:, kept] / unit
    return groups


def stacked(groups: dict[str, Doubles], names: tuple[str, ...]) -> Doubles:
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


def _cell_groups(codes: Ints, live: Ints) -> dict[str, Doubles]:
    """Groups of NAS-Bench-201 cells; `live` has dead edges set to none."""
    groups = {"all": _kinds(codes).sum(axis=1), "live": _kinds(live).sum(axis=1)}
    groups["edge"] = _kinds(codes).reshape(len(codes), -1)
    groups["live_edge"] = _kinds(live).reshape(len(codes), -1)
    arriving, written = _arriving(live), _arriving(codes)
    nothing = (live == 0).all(axis=1)
    columns = [
        np.maximum(arriving - 1, 0).sum(axis=1),
        (arriving > 0).sum(axis=1),
        nothing,
        np.maximum(written - 1, 0).sum(axis=1),
        (written[:, 2] == 0) | nothing,
    ]
    groups["adds"] = np.stack(columns, axis=1).astype(np.float64)
    groups["depth"] = np.stack([_longest(live, np.array(price)) for price in _PRICES], axis=1)
    kinds = _kinds(live)
    followed = sum(kinds[:, a, :, None] * kinds[:, b, None, :] for a, b in _FOLLOWING)
    groups["pair"] = np.asarray(followed).reshape(len(codes), -1)
    return groups


def _kinds(codes: Ints) -> Doubles:
    """(n, 6) operations -> (n, 6, 4), 1 where an edge has the kind."""
    kinds: Doubles = (codes[:, :, None] == np.array(_KINDS)).astype(np.float64)
    return kinds


def _arriving(codes: Ints) -> Doubles:
    """(n, 3): edges that arrive at nodes 1, 2 and 3."""
    used = (codes != 0).astype(np.float64)
    return np.stack([used[:, :1].sum(axis=1), used[:, 1:3].sum(axis=1), used[:, 3:].sum(axis=1)], axis=1)


def _longest(live: Ints, price: Doubles) -> Doubles:
    """(n,): dearest path from input to output, 0 where there is none."""
    reach = np.full((len(live), 4), -np.inf)
    reach[:, 0] = 0.0
    for e, (u, v) in enumerate(EDGES):
        through = np.where(live[:, e] != 0, reach[:, u] + price[live[:, e]], -np.inf)
        reach[:, v] = np.maximum(reach[:, v], through)
    longest: Doubles = np.maximum(reach[:, 3], 0.0)
    return longest
