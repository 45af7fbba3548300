"""`intervals`: whether the 90 % intervals of the shipped predictors hold.

Each shipped predictor answers for its held-out fifth. Widths are learned from one half of those rows and
tested on the other, both ways; the records give the share inside, the share inside among the fifth of the
rows predicted smallest and largest, and the mean width over the prediction. Coverage of predictors adapted
to 10 and 20 measurements stands in the records of `help-nasbench201`, `help-fbnet` and the other protocols
of few measurements, as `coverage_90`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.predictors import load, read_manifest
from archcast.predictors.artifact.shipped import zoo_folder
from archcast.training.coverage import COVERAGE, coverage_by_size, interval_coverage, level
from archcast.training.fit import Fitted, evaluate
from archcast.training.labels import load_labels
from archcast.training.protocols.base import PROTOCOLS, Progress, Protocol, ProtocolResult, Record
from archcast.training.splits import group_split
from archcast.training.zoo import SEED, ZOO, ZooEntry


def _run(families: Sequence[str], seeds: Sequence[int], progress: Progress) -> ProtocolResult:
    del families
    records = []
    for entry in ZOO:
        progress(entry.name)
        records.append(_record(entry, _measured(entry), seeds))
    return ProtocolResult("intervals", tuple(records), ())


def _measured(entry: ZooEntry) -> Fitted:
    """The shipped predictor on its held-out rows."""
    labels = load_labels(entry.space, entry.metric, datasets=entry.datasets, sources=entry.sources)
    predictor = load(read_manifest(zoo_folder() / entry.name))
    return evaluate(predictor, labels, group_split(labels, seed=SEED))


def _record(entry: ZooEntry, fitted: Fitted, seeds: Sequence[int]) -> Record:
    at = level(COVERAGE)
    covered = np.array([interval_coverage(fitted, seed=seed)[at] for seed in seeds])
    by_size = np.nanmean([coverage_by_size(fitted, seed=seed) for seed in seeds], axis=(0, 2))
    widths = []
    for column in range(fitted.truth.shape[1]):
        predicted = fitted.predicted[:, column].astype(np.float64)
        low, high = fitted.intervals.around(predicted, column, COVERAGE)
        widths.append(float(((high - low) / predicted).mean()))
    return {
        "predictor": entry.name,
        "seeds": len(seeds),
        "targets": covered.shape[1],
        "coverage_90": round(float(covered.mean()), 4),
        "least covered target": round(float(covered.mean(axis=0).min()), 4),
        "smallest fifth": round(float(by_size[0]), 4),
        "largest fifth": round(float(by_size[-1]), 4),
        "mean relative width": round(float(np.mean(widths)), 4),
    }


PROTOCOLS.register(
    "intervals",
    Protocol(
        name="intervals",
        title="90 % intervals of the shipped predictors, tested on rows that set no width",
        predictors=("shipped",),
        run=_run,
        seeds=5,
        of_families=False,
    ),
)
