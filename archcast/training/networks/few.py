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
from archcast.predictors.networks.adapt.learned import learn_device
from archcast.predictors.networks.adapt.sources import Sources, SourceValues
from archcast.predictors.networks.kinds import Kind
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.metrics import quality
from archcast.training.networks.fit import new
from archcast.training.networks.labels import MeasuredStructures

COVERAGE = 0.9


@dataclass(frozen=True, slots=True)
class SourceAnswers:
    """What source devices say of networks.

    Attributes:
        sources: predictors, of which what they are of counts alone.
        networks: n of them.
        said: (n, S) log costs and how surely they are remembered, (n, c) shares of work.
    """

    sources: Sources
    networks: tuple[Network, ...]
    said: SourceValues

    def for_device(self, device: str) -> SourceAnswers:
        """What sources on other hardware say."""
        left = self.sources.without([device])
        columns = [c for c, name in enumerate(self.sources.devices) if name in left.devices]
        values, shares, sure = self.said
        return SourceAnswers(left, self.networks, SourceValues(values[:, columns], shares, sure[:, columns]))

    def joined(self, other: SourceAnswers) -> SourceAnswers:
        """With networks of which the same sources tell."""
        both = (np.concatenate(pair) for pair in zip(self.said, other.said, strict=True))
        return SourceAnswers(self.sources, (*self.networks, *other.networks), SourceValues(*both))

    def learned(self, rows: Ints, test: Ints, values: Doubles, device: str) -> dict[str, float]:
        """How well a device is predicted on tested networks after some were measured.

        Shapes:
            rows: (k,); test: (t,); values: (n,), latencies of the device
        """
        y, x = np.log(values), Kind.of(device).totals(self.networks)
        learned_device, _, _ = learn_device(
            y[rows], self.rows(rows), x[rows], sources=self.sources, device=device
        )
        said, own = self.rows(test), learned_device.own.logs(x[test])
        mean, reach = learned_device.mean(said, own), learned_device.reach(said, own, COVERAGE)
        inside = np.abs(y[test] - mean) <= reach
        return quality(values[test], np.exp(mean)) | {"coverage_90": float(inside.mean())}

    def rows(self, rows: Ints) -> SourceValues:
        """What is said of some of the networks."""
        return SourceValues(*(part[rows] for part in self.said))


def answers_of(sources: Sources, networks: Sequence[Network]) -> SourceAnswers:
    """What fitted sources say of networks."""
    return SourceAnswers(sources, tuple(networks), sources.parts(networks))


def answers_of_unseen(
    target: MeasuredStructures,
    tables: Sequence[MeasuredStructures],
    folds: Ints,
    *,
    families: Sequence[str],
    progress: Callable[[str], None],
) -> SourceAnswers:
    """What sources say of networks none of whose family, and no near-copy, taught them.

    Args:
        target: whose networks are told of.
        tables: that teach, the target's own among them where it does.
        folds: (n,) fold of each of the target's networks.
        families: of the predictors, one a table.
    """
    parts: list[tuple[Ints, SourceAnswers]] = []
    for fold in np.unique(folds):
        progress(f"sources without the families of fold {fold + 1}")
        rows = np.flatnonzero(folds == fold)
        left = {target.labels.families[row] for row in rows}
        near = target.groups[rows]
        models = [
            new(name).fit(_without(table, left, near)) for table, name in zip(tables, families, strict=True)
        ]
        answers = answers_of(Sources(tuple(models)), [target.labels.networks[row] for row in rows])
        parts.append((rows, answers))
    every = parts[0][1]
    said = SourceValues(*(np.empty((len(folds), part.shape[1])) for part in every.said))
    for rows, answers in parts:
        for whole, part in zip(said, answers.said, strict=True):
            whole[rows] = part
    return SourceAnswers(every.sources, target.labels.networks, said)


def _without(table: MeasuredStructures, families: set[str], groups: Ints) -> NetworkLabels:
    """A table's labels without families and near-copies."""
    labels = table.labels
    kept = ~np.isin(table.groups, groups) & np.array([name not in families for name in labels.families])
    return labels.rows(kept)
