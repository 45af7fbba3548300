"""Protocols of learning curves: n random architectures of a device teach, all its others test.

A device that was measured on other networks for another data set is another device there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.training.metrics import quality
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import LearningCurve
from archcast.training.train import make_predictor


def run(
    protocol: LearningCurve, families: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a family and n: means over devices and seeds."""
    tables = [table.labels() for table in protocol.tables]
    records: list[Record] = []
    for family in families:
        for n in protocol.counts:
            progress(f"{protocol.name}: {family} from {n}")
            figures = [q for table in tables for q in _curve_point(table, family, n, seeds)]
            means = {f: round(float(np.mean([q[f] for q in figures])), 4) for f in protocol.figures}
            records.append({"predictor": family, "measured": n, "seeds": len(seeds), **means})
    return records


def _curve_point(table: Labels, family: str, n: int, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Quality of one family from n rows, of each target and seed."""
    figures = []
    for column, target in enumerate(table.targets):
        known = np.flatnonzero(np.isfinite(table.values[:, column]))
        one = Labels(
            table.space, table.metric, table.dataset, (target,), table.codes, table.values[:, [column]]
        )
        if len(known) <= n:
            raise InputError(f"{target.device} must have more than {n} measurements, it has {len(known)}")
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(known)
            predictor = make_predictor(family, {}).fit(one.rows(order[:n]), seed=seed)
            tested = one.rows(order[n:])
            figures.append(quality(tested.values[:, 0], predictor.predict(tested.codes)[:, 0]))
    return figures
