"""Protocols of intervals: whether the 90 % intervals of shipped predictors hold on their held-out rows.

Widths are learned from one half of those rows and tested on the other, both ways; the records give the share
inside, the share inside among the fifth of the rows predicted smallest and largest, and the mean width over
the prediction. Coverage of adapted predictors stands in the records of the protocols of few measurements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.predictors import load, read_manifest
from archcast.predictors.artifact.shipped import zoo_folder
from archcast.training.coverage import COVERAGE, coverage_by_size, interval_coverage, level
from archcast.training.fit import Fitted, evaluate
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import IntervalCoverage, ShippedPredictor
from archcast.training.splits import group_split


def run(
    protocol: IntervalCoverage, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a shipped predictor."""
    del methods
    records = []
    for shipped in protocol.shipped:
        progress(shipped.name)
        records.append(_record(shipped.name, _measured(shipped, protocol.split_seed), seeds))
    return records


def _measured(shipped: ShippedPredictor, seed: int) -> Fitted:
    """The shipped predictor on its held-out rows."""
    labels = shipped.labels()
    predictor = load(read_manifest(zoo_folder() / shipped.name))
    return evaluate(predictor, labels, group_split(labels, seed=seed))


def _record(name: str, fitted: Fitted, seeds: Sequence[int]) -> Record:
    at = level(COVERAGE)
    covered = np.array([interval_coverage(fitted, seed=seed)[at] for seed in seeds])
    by_size = np.nanmean([coverage_by_size(fitted, seed=seed) for seed in seeds], axis=(0, 2))
    widths = []
    for column in range(fitted.truth.shape[1]):
        predicted = fitted.predicted[:, column].astype(np.float64)
        low, high = fitted.intervals.around(predicted, column, COVERAGE)
        widths.append(float(((high - low) / predicted).mean()))
    return {
        "predictor": name,
        "seeds": len(seeds),
        "targets": covered.shape[1],
        "coverage_90": round(float(covered.mean()), 4),
        "least covered target": round(float(covered.mean(axis=0).min()), 4),
        "smallest fifth": round(float(by_size[0]), 4),
        "largest fifth": round(float(by_size[-1]), 4),
        "mean relative width": round(float(np.mean(widths)), 4),
    }
