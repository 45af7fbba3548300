"""Named features of architectures, vectorised over the batch.

| name | meaning |
|---|---|
| `params`, `macs`, `bytes` | parameters, multiply-adds of one input, bytes moved at 4 an element |
| `layers` | operators of the network |
| `depth`, `width` | layers on the longest path of all cells; mean width of the cells |
| `skip_channels` | skip channels of all cells |
| `nn_degree`, `nn_mass` | see `archcast.featurize.topology` |
| `count_X`, `params_X`, `macs_X`, `bytes_X` | the same by operator class X |
| `edges_O`, `live_edges_O` | cell spaces: edges with operation O, all and those on a live path |
| `live_...` | cell spaces: any of the above without layers on no path from input to output |

All are counts or sums in single units. A name whose meaning changes has a new version in `FEATURE_VERSIONS`;
predictors that read it are refused then, others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Doubles, Floats
from archcast.featurize.cost import COST_CLASSES, bytes_moved, quantity
from archcast.featurize.encoders.networks import COLUMNS, network_columns
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import given
from archcast.featurize.spaces.networks import NETWORKS
from archcast.featurize.topology import nn_degree, nn_mass

FEATURE_VERSIONS: dict[str, int] = {}
"""Versions of the features whose meaning has changed; that of all others is 1."""
_PROBES = 512
_BY_CLASS = ("count", "params", "macs", "bytes")


@dataclass(frozen=True, slots=True)
class Features:
    """A feature table.

    Shapes:
        values: float32 (n, d)

    Attributes:
        names: the d columns.
    """

    names: list[str]
    values: Floats


def features(
    arch_batch: ArchBatch,
    space: str | Space | None = None,
    dataset: str | None = None,
    *,
    notation: str | None = None,
) -> Features:
    """Features of a batch of architectures, or of networks of any form.

    Args:
        arch_batch: architectures in their space's notation, an integer array of codes, or networks: as
            `archcast.network` gives them, or whatever it takes that needs no shape to be told.
        space: the space or its name, `network` for networks; None infers it.
        dataset: fixes input size and classes of the networks; None is the space's default.
        notation: of others, in which the architectures are; see `archcast.parse`.

    Shapes:
        output: names (d), values float32 (n, d)

    Raises:
        InputError: as `archcast.parse`; UnknownNameError for a data set the space has no network for.
    """
    chosen, items = given(arch_batch, space, notation)
    if chosen is NETWORKS:
        networks = NETWORKS.read(items).networks
        return Features(list(COLUMNS), network_columns(networks).astype(np.float32))
    return Features(
        list(feature_names(chosen)),
        feature_values(chosen, chosen.parse(items), dataset).astype(np.float32),
    )


def feature_names(space: Space) -> tuple[str, ...]:
    """Names of the columns of `feature_values`; the same for every batch of the space."""
    return tuple(name for name, _ in _columns(space))


def feature_values(
    space: Space, codes: Codes, dataset: str | None = None, *, names: Sequence[str] | None = None
) -> Doubles:
    """Feature columns of checked codes.

    Args:
        names: the only columns wanted, in that order; None takes all.

    Shapes:
        codes: (n, k); output: (n, d)
    """
    inputs = _Inputs(space, codes, space.check_dataset(dataset))
    columns = dict(_columns(space))
    return np.stack([columns[name](inputs) for name in (columns if names is None else names)], axis=1)


class _Inputs:
    """What columns are computed from, each part computed once a batch."""

    def __init__(self, space: Space, codes: Codes, dataset: str) -> None:
        self.codes = codes
        self.cells = space.cells(codes)
        self.costs = {False: space.costs(codes, dataset)}
        if space.has_dead_layers:
            self.costs[True] = space.costs(codes, dataset, live=True)
        self.moved = {live: bytes_moved(costs) for live, costs in self.costs.items()}
        self.counts = space.decision_counts(codes)

    def of(self, name: str, cost_class: str | None, live: bool) -> Doubles:
        """A quantity, in all or of one class."""
        costs = self.costs[live]
        if name != "bytes":
            return quantity(costs, name, cost_class)
        moved = self.moved[live]
        return moved.sum(axis=1) if cost_class is None else moved[:, COST_CLASSES.index(cost_class)]


_Column = Callable[[_Inputs], Doubles]


@lru_cache(maxsize=32)
def _columns(space: Space) -> tuple[tuple[str, _Column], ...]:
    columns: list[tuple[str, _Column]] = []
    for live in (False, True) if space.has_dead_layers else (False,):
        columns += _cost_columns(space, live)
    columns += [
        ("depth", lambda x: x.cells.depth.sum(axis=1)),
        ("width", lambda x: x.cells.width.mean(axis=1)),
        ("skip_channels", lambda x: x.cells.skip.sum(axis=1)),
        ("nn_degree", lambda x: nn_degree(x.cells)),
        ("nn_mass", lambda x: nn_mass(x.cells)),
    ]
    for i, name in enumerate(space.decision_counts(space.sample(1, seed=0))[0]):
        columns.append((name, lambda x, i=i: x.counts[1][:, i]))  # type: ignore[misc]
    return tuple(columns)


def _cost_columns(space: Space, live: bool) -> list[tuple[str, _Column]]:
    prefix = "live_" if live else ""

    def column(name: str, cost_class: str | None) -> _Column:
        return lambda x: x.of(name, cost_class, live)

    columns = [(f"{prefix}{name}", column(name, None)) for name in ("params", "macs", "bytes")]
    columns.append((f"{prefix}layers", column("count", None)))
    probes = _Inputs(space, space.sample(_PROBES, seed=0), space.check_dataset(None))
    for cost_class in COST_CLASSES:
        for name in _BY_CLASS:
            if probes.of(name, cost_class, live).any():
                columns.append((f"{prefix}{name}_{cost_class}", column(name, cost_class)))
    return columns
