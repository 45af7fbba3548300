"""`latency-ofa`, `latency-mnasnet`, `latency-hat`: learning curves of costs of one device at a time.

n random architectures of a device teach, all its others test; figures are means over devices and seeds.
`latency-mnasnet` takes Accel-NASBench's latencies and throughputs; HAT's devices are measured on different
networks for each task, so each pair of them is a device of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.metrics import quality
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.train import make_predictor
from archcast.training.zoo import ZOO

COUNTS = (25, 50, 100, 200, 400, 1000)
FAMILIES = ("flops", "linear", "lightgbm", "additive", "gp")
FIGURES = ("spearman", "kendall", "mape", "within_10")
SPACES_OF = {"latency-ofa": "ofa_mbv3", "latency-mnasnet": "mnasnet", "latency-hat": "hat"}


def _run(name: str, families: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    tables = [
        load_labels(entry.space, entry.metric, datasets=entry.datasets, sources=entry.sources)
        for entry in ZOO
        if entry.space == SPACES_OF[name] and entry.metric != "accuracy"
    ]
    records: list[Record] = []
    for family in families:
        for n in COUNTS:
            progress(f"{name}: {family} from {n}")
            found = [q for table in tables for q in _curve_point(table, family, n, seeds)]
            means = {figure: round(float(np.mean([q[figure] for q in found])), 4) for figure in FIGURES}
            records.append({"predictor": family, "measured": n, "seeds": len(seeds), **means})
    return ProtocolResult(name, tuple(records), ())


def _curve_point(table: Labels, family: str, n: int, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Quality of one family from n rows, of each target and seed."""
    found = []
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
            found.append(quality(tested.values[:, 0], predictor.predict(tested.codes)[:, 0]))
    return found


for _name, _space in SPACES_OF.items():
    PROTOCOLS.register(
        _name,
        Protocol(
            name=_name,
            title=f"{_space}: costs from n measurements of a device, means over devices",
            predictors=FAMILIES,
            run=partial(_run, _name),
            seeds=3,
        ),
    )
