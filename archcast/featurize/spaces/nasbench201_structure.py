"""What NAS-Bench-201 cells are made of, in groups of columns that a device's cost is a weighted sum of.

| symbol | meaning |
|---|---|
| n | architectures |
| d | columns of one group |

| group | columns |
|---|---|
| `all`, `live` | operations by kind: all of them, and those on a path from input to output |
| `edge`, `live_edge` | the same for each edge of the cell |
| `adds` | sums, nodes in use, whether nothing arrives, of live edges and of all |
| `depth` | longest live path under six prices of the operations |
| `pair` | operation followed by operation, which a compiler may fuse |
| `used` | operations by kind that a path leads from to the output |
| `kept` | those, and dead ones that end alone in a node |
| `shared` | operations by kind of the cell that tables measure for all of its published class |

`live`, `used` and `kept` are parts of `all`: a runtime that executes the network as written pays for all
operations. One that knows zeros drops whatever is not live. One that only drops results that nothing asks
for executes what is used, zeros or not; and where multiplying by zero follows a single operation, it may
be folded into that one's weights, so that it is kept.
"""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.spaces.nasbench201_notation import EDGES

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


def cell_groups(codes: Codes, live: Codes, measured: Codes) -> dict[str, Doubles]:
    """All groups.

    Args:
        live: with dead edges set to none.
        measured: the cells that tables measure for their classes.

    Shapes:
        codes, live, measured: (n, 6); output: group -> (n, d)
    """
    groups = _cell_groups(codes.astype(np.int64), live.astype(np.int64))
    return groups | {"shared": _kinds(measured.astype(np.int64)).sum(axis=1)}


def _cell_groups(codes: Ints, live: Ints) -> dict[str, Doubles]:
    """All groups but `shared`."""
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
