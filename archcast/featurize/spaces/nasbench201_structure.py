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

from archcast.core.arrays import Codes, Doubles
from archcast.featurize.spaces.nasbench201_notation import EDGES

_FOLLOWING = ([0, 0, 2, 1], [2, 4, 5, 5])
"""Edges that end where another starts, and those."""
_PRICES = np.array(
    [
        (0, 1, 1, 1, 1),
        (0, 0, 1, 1, 1),
        (0, 0, 1, 1, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 0, 0, 1),
        (0, 0, 0.1, 1, 0.3),
    ]
).T
"""Prices of none, skip, 1x1, 3x3 and pool on a path, six of each, (5, 6)."""
_KINDS = (1, 2, 3, 4)


def cell_groups(codes: Codes, live: Codes, measured: Codes) -> dict[str, Doubles]:
    """All groups.

    Args:
        live: with dead edges set to none.
        measured: the cells that tables measure for their classes.

    Shapes:
        codes, live, measured: (n, 6); output: group -> (n, d)
    """
    used, kept = _executed(codes)
    written_kinds, kinds = _kinds(codes), _kinds(live)
    arriving, written = _arriving(live), _arriving(codes)
    nothing = (live == 0).all(axis=1)
    adds = [
        np.maximum(arriving - 1, 0).sum(axis=1),
        (arriving > 0).sum(axis=1),
        nothing,
        np.maximum(written - 1, 0).sum(axis=1),
        (written[:, 2] == 0) | nothing,
    ]
    first, second = _FOLLOWING
    return {
        "all": written_kinds.sum(axis=1),
        "live": kinds.sum(axis=1),
        "edge": written_kinds.reshape(len(codes), -1),
        "live_edge": kinds.reshape(len(codes), -1),
        "adds": np.stack(adds, axis=1).astype(np.float64),
        "depth": _longest(live),
        "pair": np.einsum("nea,neb->nab", kinds[:, first], kinds[:, second]).reshape(len(codes), -1),
        "used": _kinds(used).sum(axis=1),
        "kept": _kinds(kept).sum(axis=1),
        "shared": _kinds(measured).sum(axis=1),
    }


def _executed(codes: Codes) -> tuple[Codes, Codes]:
    """Codes (n, 6) with `none` where an operation is not used, and where it is not kept."""
    there = codes != 0
    used, kept = there.copy(), there.copy()
    used[:, 1:3] &= there[:, 5:]
    used[:, 0] &= used[:, 2] | there[:, 4]
    alone = there[:, 1] ^ there[:, 2]
    kept[:, 1:3] &= (there[:, 5] | alone)[:, None]  # node 1 has one operation, which is always alone
    return np.where(used, codes, 0), np.where(kept, codes, 0)


def _kinds(codes: Codes) -> Doubles:
    """(n, 6) operations -> (n, 6, 4), 1 where an edge has the kind."""
    kinds: Doubles = (codes[:, :, None] == np.array(_KINDS)).astype(np.float64)
    return kinds


def _arriving(codes: Codes) -> Doubles:
    """(n, 3): edges that arrive at nodes 1, 2 and 3."""
    used = (codes != 0).astype(np.float64)
    return np.stack([used[:, :1].sum(axis=1), used[:, 1:3].sum(axis=1), used[:, 3:].sum(axis=1)], axis=1)


def _longest(live: Codes) -> Doubles:
    """(n, 6): dearest path from input to output by each of the prices, 0 where there is none."""
    reach = np.full((4, len(live), _PRICES.shape[1]), -np.inf)
    reach[0] = 0.0
    for (u, v), operation in zip(EDGES, live.T, strict=True):
        through = np.where(operation[:, None] != 0, reach[u] + _PRICES[operation], -np.inf)
        reach[v] = np.maximum(reach[v], through)
    longest: Doubles = np.maximum(reach[3], 0.0)
    return longest
