"""New devices from a few networks, from what source devices say of all networks: learned again and again.

| symbol | meaning |
|---|---|
| n, t, S | all networks, tested ones, source devices |
| c | classes of kernels |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.network import Network
from archcast.predictors.networks.adapt.posterior import learn
from archcast.predictors.networks.adapt.sources import Sources, by_kind, hardware_of, kind_of
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.metrics import quality
from archcast.training.networks.fit import new
from archcast.training.networks.labels import MeasuredStructures

COVERAGE = 0.9


@dataclass(frozen=True, slots=True)
class Told:
    """What source devices say of networks.

    Shapes:
        logs: (n, S), log values; mixes: (n, c), shares of work
    """

    devices: tuple[str, ...]
    logs: Doubles
    mixes: Doubles

    def for_device(self, device: str) -> Told:
        """What sources on other hardware say."""
        own = hardware_of(device)
        columns = [c for c, name in enumerate(self.devices) if hardware_of(name) != own]
        return Told(tuple(self.devices[c] for c in columns), self.logs[:, columns], self.mixes)

    def learned(self, rows: Ints, test: Ints, values: Doubles, device: str) -> dict[str, float]:
        """How well a device is predicted on tested networks after some were measured.

        Shapes:
            rows: (k,); test: (t,); values: (n,), of the device
        """
        places = by_kind([kind_of(name) for name in self.devices])
        y = np.log(values)
        made = learn(y[rows], self.logs[rows], self.mixes[rows], places=places, kind=kind_of(device))
        mean = made.mean(self.logs[test], self.mixes[test])
        reach = made.reach(self.logs[test], self.mixes[test], COVERAGE)
        inside = np.abs(y[test] - mean) <= reach
        return quality(values[test], np.exp(mean)) | {"coverage_90": float(inside.mean())}


def told_by(sources: Sources, networks: Sequence[Network]) -> Told:
    """What fitted sources say of networks."""
    return Told(sources.devices, *sources.parts(networks))


def told_of_unseen(
    target: MeasuredStructures,
    tables: Sequence[MeasuredStructures],
    folds: Ints,
    *,
    family: str,
    progress: Callable[[str], None],
) -> Told:
    """What sources say of networks none of whose family, and no near-copy, taught them.

    Args:
        target: whose networks are told of.
        tables: that teach, the target's own among them where it does.
        folds: (n,) fold of each of the target's networks.
        family: of the predictors.
    """
    parts: list[tuple[Ints, Told]] = []
    for fold in np.unique(folds):
        progress(f"sources without the families of fold {fold + 1}")
        rows = np.flatnonzero(folds == fold)
        left = {target.labels.families[row] for row in rows}
        near = target.groups[rows]
        models = [new(family).fit(_without(table, left, near)) for table in tables]
        told = told_by(Sources(tuple(models)), [target.labels.networks[row] for row in rows])
        parts.append((rows, told))
    every = parts[0][1]
    logs = np.empty((len(folds), every.logs.shape[1]))
    mixes = np.empty((len(folds), every.mixes.shape[1]))
    for rows, told in parts:
        logs[rows], mixes[rows] = told.logs, told.mixes
    return Told(every.devices, logs, mixes)


def _without(table: MeasuredStructures, families: set[str], groups: Ints) -> NetworkLabels:
    """A table's labels without families and near-copies."""
    labels = table.labels
    kept = ~np.isin(table.groups, groups) & np.array([name not in families for name in labels.families])
    return labels.rows(kept)
