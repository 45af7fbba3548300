"""What the protocols of few measurements share: pick rows, adapt, rank the rest.

| symbol | meaning |
|---|---|
| n | measurements of the target device |
| pool | rows that sources and target may be measured on |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.labels import Labels
from archcast.predictors.adapt.posterior import Adapted, adapt_to
from archcast.predictors.adapt.prior import DevicePrior, fit_prior
from archcast.predictors.adapt.references import suggest_references
from archcast.training.metrics import quality
from archcast.training.protocols.base import Record

METHODS = ("random", "suggested")
COVERAGE = 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """One target device measured on a few rows.

    Attributes:
        column: the device's column.
        rows: rows that are measured.
        test: rows that are ranked.
    """

    column: int
    rows: Ints
    test: Ints


def source_prior(labels: Labels, sources: Sequence[str], pool: Ints) -> DevicePrior:
    """The prior that source devices give when measured on the pool alone."""
    return fit_prior(labels.only(tuple(sources)).rows(pool))


def random_rows(labels: Labels, column: int, pool: Ints, n: int, seed: int) -> Ints:
    """n rows of the pool that the device has values for, drawn at random."""
    known = pool[np.isfinite(labels.values[pool, column])]
    return np.random.default_rng(seed).choice(known, n, replace=False)


def suggested_rows(prior: DevicePrior, labels: Labels, column: int, pool: Ints, n: int) -> Ints:
    """n rows of the pool by the prior alone; a row whose measurement failed is replaced by the next."""
    known = pool[np.isfinite(labels.values[pool, column])]
    rows: Ints = known[suggest_references(prior, labels.codes[known], n)]
    return rows


def drawn_rows(
    method: str, prior: DevicePrior, labels: Labels, column: int, pool: Ints, n: int, seeds: Sequence[int]
) -> list[Ints]:
    """Rows to measure: one draw a seed when they are random, one in all when they are suggested."""
    if method == "random":
        return [random_rows(labels, column, pool, n, seed) for seed in seeds]
    return [suggested_rows(prior, labels, column, pool, n)]


def ranked(prior: DevicePrior, labels: Labels, trial: Trial) -> dict[str, float]:
    """Quality on the test rows of a predictor adapted to the trial's measurements."""
    truth = labels.values[:, trial.column]
    name = labels.devices[trial.column]
    made = adapt_to(prior, labels.codes[trial.rows], truth[trial.rows], device=name, metric=labels.metric)
    found = quality(truth[trial.test], made.predict(labels.codes[trial.test])[:, 0])
    return found | {"coverage": coverage(made, labels, trial)}


def coverage(made: Adapted, labels: Labels, trial: Trial) -> float:
    """Share of test rows inside the 90 % interval."""
    low, high = made.interval(labels.codes[trial.test], COVERAGE)
    truth = labels.values[trial.test, trial.column]
    known = np.isfinite(truth)
    inside = (low[:, 0] <= truth) & (truth <= high[:, 0])
    return float(inside[known].mean())


def record(method: str, n: int, by_device: dict[str, list[dict[str, float]]]) -> Record:
    """One record: mean Spearman by device over seeds, their mean, its deviation over seeds, and coverage."""
    ranks = np.array([[q["spearman"] for q in found] for found in by_device.values()])
    covered = np.array([[q["coverage"] for q in found] for found in by_device.values()])
    made: dict[str, Any] = {"predictor": f"adapted, {method}", "seeds": ranks.shape[1], "measured": n}
    made |= {device: round(float(r.mean()), 4) for device, r in zip(by_device, ranks, strict=True)}
    made["mean"] = round(float(ranks.mean()), 4)
    made["deviation"] = round(float(ranks.mean(axis=0).std()), 4)
    made["worst"] = round(float(ranks.mean(axis=1).min()), 4)
    return made | {"coverage_90": round(float(covered.mean()), 3)}
