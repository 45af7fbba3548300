"""Named columns of networks of any form: totals, and counts by kind of work.

| column | meaning |
|---|---|
| `params`, `macs`, `bytes`, `weight_bytes`, `peak_bytes`, `depth` | see `archcast.featurize.summary` |
| `layers` | nodes that do work |
| `nn_degree`, `nn_mass` | see `archcast.featurize.cells` |
| `unknown_bytes` | bytes moved by operators that are not understood |
| `count_K`, `macs_K`, `bytes_K` | nodes, multiply-adds and bytes of kind K, see `operators.KINDS` |
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.featurize.operators import FREE, KINDS

_TOTALS = ("params", "macs", "bytes", "weight_bytes", "peak_bytes", "layers", "depth", "nn_degree", "nn_mass")
_WORKED = tuple(kind for kind in KINDS if kind not in FREE)
COLUMNS = (
    *_TOTALS,
    "unknown_bytes",
    *(f"{name}_{kind}" for name in ("count", "macs", "bytes") for kind in _WORKED),
)
"""Names of the columns, the same for every batch."""
_KEPT = "_columns"


def network_columns(networks: Sequence[Network]) -> Doubles:
    """Columns of networks; those of a network are worked out once and stay with it.

    Shapes:
        output: (n, len(COLUMNS))

    Raises:
        InputError: a shape is not known; names the node.
    """
    out = np.empty((len(networks), len(COLUMNS)))
    for row, network in zip(out, networks, strict=True):
        kept = network.__dict__.get(_KEPT)
        row[:] = _columns(network) if kept is None else kept
    return out


def _columns(network: Network) -> Doubles:
    summary = network.summary()
    place = {kind: i for i, kind in enumerate(_WORKED)}
    by_kind = np.zeros((3, len(_WORKED)))
    unknown = layers = 0
    for c in summary.works:
        if c.work.kind in FREE:
            continue
        layers += 1
        if not c.understood:
            unknown += c.work.bytes * c.times
            continue
        by_kind[:, place[c.work.kind]] += (c.times, c.work.macs * c.times, c.work.bytes * c.times)
    totals = [layers if name == "layers" else getattr(summary, name) for name in _TOTALS]
    row = np.concatenate([[*totals, unknown], by_kind.reshape(-1)])
    network.__dict__[_KEPT] = row
    return row
