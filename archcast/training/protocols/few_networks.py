"""Protocols of few networks: n random ones teach and nothing else, all others are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.training.metrics import quality
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import FewNetworks
from archcast.training.train import make_predictor


def run(
    protocol: FewNetworks, families: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a task and family, and one more where twins are left out: Kendall's tau by n."""
    ranked = protocol.table.labels()
    records: list[Record] = []
    for task, dataset in protocol.tasks.items():
        taught = ranked
        if dataset is not None:
            other = protocol.table.model_copy(update={"datasets": (dataset,)}).labels()
            taught = replace(ranked, values=other.values)
        for family in families:
            progress(f"{ranked.space}, {task}: {family}")
            records += _family(protocol, f"{family}, {task}", family, taught, ranked.values[:, 0], seeds)
    return records


def _family(
    protocol: FewNetworks, name: str, family: str, taught: Labels, truth: Doubles, seeds: Sequence[int]
) -> list[Record]:
    taus: dict[str, dict[int, list[float]]] = {"": {}}
    if protocol.without_twins:
        taus[", without twins"] = {}
    groups = SPACES[taught.space].function_groups(taught.codes)
    for n in protocol.counts:
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(taught))
            train, test = order[:n], order if protocol.test == "all" else order[n:]
            predictor = make_predictor(family, {}).fit(taught.rows(train), seed=seed)
            predicted = predictor.predict(taught.codes)[:, 0]
            sides = {"": test, ", without twins": test[~np.isin(groups[test], groups[train])]}
            for side, by_count in taus.items():
                rows = sides[side]
                by_count.setdefault(n, []).append(quality(truth[rows], predicted[rows])["kendall"])
    return [_record(name + side, by_count) for side, by_count in taus.items()]


def _record(name: str, by_count: dict[int, list[float]]) -> Record:
    record: dict[str, Any] = {"predictor": name, "seeds": len(next(iter(by_count.values())))}
    for n, values in by_count.items():
        record |= {f"tau {n}": round(float(np.mean(values)), 4), f"sd {n}": round(float(np.std(values)), 4)}
    return record
