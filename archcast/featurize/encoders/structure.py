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
| `used` | operations by kind that a path leads from to the output | cells |
| `kept` | those, and dead ones that end alone in a node | cells |
| `shared` | operations by kind of the cell that tables measure for all of its published class | cells |
| `cost` | layers, multiply-adds and bytes by class of operator, in thirds of their usual spread | others |
| `place`, `forms` | of blocks that repeat, see `archcast.featurize.places` | chains of few forms |
| `terms` | the space's own terms | others |

`live`, `used` and `kept` are parts of `all`: a runtime that executes the network as written pays for all
operations. One that knows zeros drops whatever is not live. One that only drops results that nothing asks
for executes what is used, zeros or not; and where multiplying by zero follows a single operation, it may
be folded into that one's weights, so that it is kept.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.cost import bytes_moved
from archcast.featurize.places import has_places, place_groups
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.nasbench201 import NASBench201
from archcast.featurize.spaces.nasbench201_notation import EDGES

CELL_GROUPS = ("all", "live", "edge", "live_edge", "adds", "depth", "pair", "used", "kept", "shared")
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
    if has_places(space):
        return ("cost", "place", "forms")
    return ("cost", "terms") if space.has_graph else ("terms",)


def phi(space: Space, codes: Codes, dataset: str | None = None) -> dict[str, Doubles]:
    """Columns by group; a row depends on its architecture alone, not on the batch.

    Shapes:
        codes: (n, k); output: group -> (n, d)
    """
    if isinstance(space, NASBench201):
        groups = _cell_groups(codes.astype(np.int64), space.live(codes).astype(np.int64))
        return groups | {"shared": _kinds(space.representative(codes).astype(np.int64)).sum(axis=1)}
    if not space.has_graph:
        return {"terms": space.terms(codes)[1].astype(np.float64)}
    dataset = space.check_dataset(dataset)
    if has_places(space):
        groups = place_groups(space, codes, dataset)
    else:
        groups = {"terms": space.terms(codes)[1].astype(np.float64)}
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
    groups |= {name: _kinds(part).sum(axis=1) for name, part in _executed(codes).items()}
    return groups


def _executed(codes: Ints) -> dict[str, Ints]:
    """Codes (n, 6) with `none` where an operation is not used, and where it is not kept."""
    there = codes != 0
    used, kept = there.copy(), there.copy()
    used[:, 1:3] &= there[:, 5:]
    used[:, 0] &= used[:, 2] | there[:, 4]
    alone = there[:, 1] ^ there[:, 2]
    kept[:, 1:3] &= (there[:, 5] | alone)[:, None]  # node 1 has one operation, which is always alone
    return {"used": np.where(used, codes, 0), "kept": np.where(kept, codes, 0)}


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
