"""Protocols of new devices from a few networks of any form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.errors import InputError
from archcast.predictors.networks.adapt.references import suggest_places
from archcast.predictors.networks.folds import family_folds
from archcast.training.networks.few import SourceAnswers, answers_of_unseen
from archcast.training.networks.labels import MeasuredStructures, network_labels
from archcast.training.protocols.networks import records_by_kind, tested
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import NetworkDevices, NetworkSource

FEW = 3
"""Families that are measured where they are few."""
FIGURES = ("mape", "within_10", "spearman", "coverage_90")


@dataclass(frozen=True, slots=True)
class _Setting:
    """The networks of the target, what sources say of them, and how measured ones are drawn."""

    target: MeasuredStructures
    told: SourceAnswers
    method: str
    measured: int

    def quality(self, column: int, seed: int) -> list[float]:
        """Figures of one draw on one device."""
        device = self.target.labels.devices[column]
        answers = self.told.for_device(device)
        rows, test = self._drawn(answers, column, seed)
        figures = answers.learned(rows, test, self.target.labels.values[:, column], device)
        return [figures[name] for name in FIGURES]

    def _drawn(self, answers: SourceAnswers, column: int, seed: int) -> tuple[Ints, Ints]:
        """Networks that are measured, and those that are tested: of other families, and no near-copies."""
        labels = self.target.labels
        known = np.flatnonzero(np.isfinite(labels.values[:, column]))
        names = np.array(labels.families)
        rng = np.random.default_rng(seed)
        if self.method == "suggested":
            order = suggest_places(answers.said.values[known], answers.said.shares[known], self.measured)
            rows = known[order]
        elif self.method == "many-families":
            rows = _spread(known, names, self.measured, rng)
        else:
            rows = _of_few(known, names, self.measured, rng)
        groups = self.target.groups
        test = known[~np.isin(names[known], names[rows]) & ~np.isin(groups[known], groups[rows])]
        return rows, test


def run(
    protocol: NetworkDevices, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a method, a number of measurements and a kind of device: medians over its settings."""
    target = tested(network_labels(protocol.target.table, protocol.target.metric), protocol.least)
    target = target.rows(np.sort(np.random.default_rng(0).permutation(len(target.labels))[: protocol.most]))
    tables = [teaching(source) for source in protocol.sources]
    folds = family_folds(target.labels.families, protocol.folds)
    answers = answers_of_unseen(
        target,
        tables,
        folds,
        families=[source.family for source in protocol.sources],
        progress=lambda t: progress(f"{protocol.name}: {t}"),
    )
    records: list[Record] = []
    for method in methods:
        for n in protocol.measured:
            progress(f"{protocol.name}: {n} networks, {method}")
            records += _records(_Setting(target, answers, method, n), seeds)
    return records


def _records(asked: _Setting, seeds: Sequence[int]) -> list[Record]:
    """Records of one method and number of measurements."""
    labels = asked.target.labels
    chosen = seeds[:1] if asked.method == "suggested" else seeds
    head = {"predictor": f"adapted, {asked.method}", "measured": asked.measured, "seeds": len(chosen)}
    figures = {
        device: [asked.quality(column, seed) for seed in chosen]
        for column, device in enumerate(labels.devices)
    }
    return records_by_kind(head, labels, FIGURES, figures)


def teaching(source: NetworkSource) -> MeasuredStructures:
    """What a source's table teaches."""
    return network_labels(source.table, source.metric, most=source.most)


def _of_few(known: Ints, names: np.ndarray, n: int, rng: np.random.Generator) -> Ints:
    """n networks of three families, drawn until these have enough.

    Raises:
        InputError: no three families have n networks.
    """
    every, sizes = np.unique(names[known], return_counts=True)
    if np.sort(sizes)[-FEW:].sum() < n:
        raise InputError(f"three families must have at least {n} networks together")
    while True:
        chosen = rng.choice(every, FEW, replace=False)
        of_them = known[np.isin(names[known], chosen)]
        if len(of_them) >= n:
            return rng.choice(of_them, n, replace=False)


def _spread(known: Ints, names: np.ndarray, n: int, rng: np.random.Generator) -> Ints:
    """n networks, one a family in turn, at most of half of the families."""
    every = rng.permutation(np.unique(names[known]))
    chosen = every[: max(len(every) // 2, 1)]
    queues = [rng.permutation(known[names[known] == name]).tolist() for name in chosen]
    rows: list[int] = []
    while len(rows) < n and any(queues):
        rows += [queue.pop() for queue in queues if queue]
    if len(rows) < n:
        raise InputError(f"half of the families must have at least {n} networks, got {len(rows)}")
    return np.array(rows[:n], dtype=np.int64)
