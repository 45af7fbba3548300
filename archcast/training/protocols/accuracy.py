"""`accuracy-nasbench201`, `accuracy-macro`, `accuracy-mnasnet`: accuracy from few trained networks.

n random networks teach and nothing else; all others are ranked (for `accuracy-mnasnet`, also 80 % against
the rest). NAS-Bench-201, CIFAR-10: the validation accuracy is learned and the test accuracy ranked, as the
peers do; the records `test to test` learn the test accuracy, and `without twins` leaves out of the test the
cells that compute the same function as a training cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels
from archcast.training.metrics import quality
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.train import make_predictor

COUNTS = {
    "nasbench201": (25, 78, 156, 469, 781, 1563),
    "macro": (25, 50, 100, 200, 400, 1000),
    "mnasnet": (25, 50, 100, 200, 400, 1000, 3273),
}
FAMILIES = ("nn_degree", "linear", "lightgbm", "gp", "stack")
_PEER_COUNTS = (25, 78, 156, 469, 781, 1563)
_PEERS = {
    "NP": (None, 0.343, 0.413, 0.584, 0.634, 0.646),
    "TNASP": (None, 0.539, 0.589, 0.640, 0.689, 0.724),
    "PINAT": (None, 0.549, 0.631, 0.706, 0.761, 0.784),
}


def _run(space: str, families: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    test = load_labels(space, "accuracy", datasets=_datasets(space), sources=_SOURCES[space])
    tasks: dict[str, tuple[Labels, Doubles]] = {"test to test": (test, test.values[:, 0])}
    if space == "nasbench201":
        valid = load_labels(space, "accuracy", datasets=["cifar10/valid"], sources=_SOURCES[space])
        valid = replace(test, values=valid.values)
        tasks = {"validation to test": (valid, test.values[:, 0])} | tasks
    records: list[Record] = []
    for task, (taught, truth) in tasks.items():
        for family in families:
            progress(f"{space}, {task}: {family}")
            records += _family(task, family, taught, truth, COUNTS[space], seeds)
    return ProtocolResult(f"accuracy-{space}", tuple(records), _published(space))


def _family(
    task: str, family: str, taught: Labels, truth: Doubles, counts: Sequence[int], seeds: Sequence[int]
) -> list[Record]:
    found: dict[str, dict[int, list[float]]] = {"": {}, ", without twins": {}}
    groups = SPACES[taught.space].function_groups(taught.codes)
    for n in counts:
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(taught))
            train, test = order[:n], order[n:]
            predictor = make_predictor(family, {}).fit(taught.rows(train), seed=seed)
            predicted = predictor.predict(taught.codes)[:, 0]
            sides = {"": test, ", without twins": test[~np.isin(groups[test], groups[train])]}
            for name, rows in sides.items():
                found[name].setdefault(n, []).append(_kendall(truth, predicted, rows))
    return [_record(f"{family}, {task}{name}", by_count) for name, by_count in found.items()]


def _kendall(truth: Doubles, predicted: Any, rows: Ints) -> float:
    return quality(truth[rows], predicted[rows])["kendall"]


def _record(name: str, by_count: dict[int, list[float]]) -> Record:
    made: dict[str, Any] = {"predictor": name, "seeds": len(next(iter(by_count.values())))}
    for n, values in by_count.items():
        made |= {f"tau {n}": round(float(np.mean(values)), 4), f"sd {n}": round(float(np.std(values)), 4)}
    return made


def _published(space: str) -> tuple[Record, ...]:
    if space != "nasbench201":
        return ()
    return tuple(
        {"predictor": name, "source": "Lu et al., PINAT, AAAI 2023"}
        | {f"tau {n}": v for n, v in zip(_PEER_COUNTS, figures, strict=True) if v is not None}
        for name, figures in _PEERS.items()
    )


def _datasets(space: str) -> list[str]:
    return [SPACES[space].check_dataset(None)]


_SOURCES = {
    "nasbench201": ["nasbench201_accuracy"],
    "macro": ["nas_bench_macro"],
    "mnasnet": ["accel_nasbench"],
}
for _space in COUNTS:
    PROTOCOLS.register(
        f"accuracy-{_space}",
        Protocol(
            name=f"accuracy-{_space}",
            title=f"{_space}: accuracy from n trained networks, Kendall tau",
            predictors=FAMILIES,
            run=partial(_run, _space),
            seeds=10 if _space == "nasbench201" else 5,
        ),
    )
