"""Protocols of learning curves: n random networks of a device teach and nothing else, its others test.

A device that was measured on other networks for another data set is another device there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.training.metrics import quality
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import TAU_BY_N, LearningCurve
from archcast.training.train import make_predictor

_ByCount = dict[int, list[dict[str, float]]]
"""n -> quality of each device and seed."""


class _Task(NamedTuple):
    """Values that teach and those that are predicted, of the same networks and devices."""

    name: str
    taught: Labels
    truth: Doubles
    groups: Ints | None
    """Of networks that compute the same function, where these are left out."""


def run(
    protocol: LearningCurve, families: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """Means over devices and seeds: one record a family, task and n, or one for all n with deviations."""
    curves: dict[str, _ByCount] = {}
    for task in _tasks(protocol):
        for family in families:
            name = ", ".join(filter(None, (family, task.name)))
            for n in protocol.counts:
                progress(f"{protocol.name}: {name} from {n}")
                for side, figures in _points(task, family, n, seeds, all_tested=protocol.test == "all"):
                    curves.setdefault(name + side, {}).setdefault(n, []).append(figures)
    records = _in_one if protocol.figures == TAU_BY_N else _by_count
    return [record for name, curve in curves.items() for record in records(protocol, name, curve, len(seeds))]


def _by_count(protocol: LearningCurve, name: str, curve: _ByCount, seeds: int) -> list[Record]:
    return [
        {"predictor": name, "measured": n, "seeds": seeds}
        | {figure: round(float(np.mean([q[figure] for q in drawn])), 4) for figure in protocol.figures}
        for n, drawn in curve.items()
    ]


def _in_one(protocol: LearningCurve, name: str, curve: _ByCount, seeds: int) -> list[Record]:
    record: dict[str, Any] = {"predictor": name, "seeds": seeds}
    for n, drawn in curve.items():
        taus = [q["kendall"] for q in drawn]
        record |= {f"tau {n}": round(float(np.mean(taus)), 4), f"sd {n}": round(float(np.std(taus)), 4)}
    return [record]


def _tasks(protocol: LearningCurve) -> Iterator[_Task]:
    for table in protocol.tables:
        labels = table.labels()
        groups = SPACES[table.space].function_groups(labels.codes) if protocol.without_twins else None
        for name, dataset in protocol.tasks.items():
            other = table if dataset is None else table.model_copy(update={"datasets": (dataset,)})
            yield _Task(name, replace(labels, values=other.labels().values), labels.values, groups)


def _points(
    task: _Task, family: str, n: int, seeds: Sequence[int], *, all_tested: bool
) -> Iterator[tuple[str, dict[str, float]]]:
    """Quality from n rows of each target and seed, and where twins are known once more without them."""
    for column, target in enumerate(task.taught.targets):
        one = replace(task.taught, targets=(target,), values=task.taught.values[:, [column]])
        known = np.flatnonzero(np.isfinite(one.values[:, 0]))
        if len(known) <= n:
            raise InputError(f"{target.device} must have more than {n} measurements, it has {len(known)}")
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(known)
            train, test = order[:n], order if all_tested else order[n:]
            predictor = make_predictor(family, {}).fit(one.rows(train), seed=seed)
            truth, predicted = task.truth[test, column], predictor.predict(one.codes[test])[:, 0]
            yield "", quality(truth, predicted)
            if task.groups is not None:
                new = ~np.isin(task.groups[test], task.groups[train])
                yield ", without twins", quality(truth[new], predicted[new])
