"""Protocols of few measurements: pick rows, adapt, tell how well the rest is predicted.

| symbol | meaning |
|---|---|
| n | measurements of the target device |
| pool | rows that the sources are measured on |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from archcast.core.arrays import Bools, Ints
from archcast.core.device_catalog import device_of
from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.prior import DevicePrior, fit_prior
from archcast.predictors.adapt.references import suggest_references
from archcast.training.metrics import quality
from archcast.training.protocols.noise import noise_floor
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.rows import check_apart, column_of, middle_rows
from archcast.training.protocols.schema import Adaptation, Rows
from archcast.training.train import make_predictor

COVERAGE = 0.9
ADAPTED = "adapted"
ByDevice = dict[str, list[dict[str, float]]]
"""Device -> quality of each draw."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One target device measured on a few rows.

    Attributes:
        column: the device's column.
        rows: rows that are measured.
        test: rows that are predicted.
        left_out: whether figures of the test rows that were not measured are wanted too.
    """

    column: int
    rows: Ints
    test: Ints
    left_out: bool = False


def run(
    protocol: Adaptation, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a predictor, number of measurements and figure.

    Twice as many where the measured rows are left out too; those of the noise floor come last.
    """
    sources = protocol.sources.labels()
    targets = sources if protocol.target is None else protocol.target.labels()
    devices = targets.devices if protocol.target_devices == "all" else protocol.target_devices
    if isinstance(protocol.test, Rows):
        for draw in seeds:
            check_apart(protocol.pool, protocol.test, targets, draw, what="pool")
    prior = lru_cache(maxsize=1)(lambda names, seed: _prior(protocol, sources, names, seed, progress))
    found: dict[tuple[str, int, bool], ByDevice] = {}
    for seed in seeds if protocol.pool.seed == "each" else [None]:
        for device in devices:
            column = column_of(targets, device)
            belief = prior(_sources(protocol, sources, device), seed or 0)
            for method, n in [(method, n) for method in methods for n in protocol.measured]:
                drawn = seeds if seed is None else [seed]
                test = _test(protocol, targets, column, seed or 0)
                for rows in drawn_rows(protocol, method, belief, targets, column, n, drawn):
                    trial = Trial(column, rows, test, protocol.without_measured)
                    for name, figures in judged(protocol.beside, belief, targets, trial).items():
                        for left_out, one in enumerate(figures):
                            key = (f"{name}, {method}", n, bool(left_out))
                            found.setdefault(key, {}).setdefault(device, []).append(one)
    results = [
        record(name + (", measured left out" if left_out else ""), n, figure, found[name, n, left_out])
        for name, n, left_out in sorted(found, key=lambda key: key[2])
        for figure in protocol.figures
        if figure in next(iter(found[name, n, left_out].values()))[0]
    ]
    return results + _floor(protocol, targets, devices)


def source_prior(labels: Labels, sources: Sequence[str], pool: Ints) -> DevicePrior:
    """The prior that source devices give when measured on the pool alone."""
    return fit_prior(labels.only(tuple(sources)).rows(pool))


def random_rows(labels: Labels, column: int, pool: Ints, n: int, seed: int) -> Ints:
    """n rows of the pool that the device has values for, drawn at random."""
    known = pool[np.isfinite(labels.values[pool, column])]
    if n > len(known):
        device = labels.devices[column]
        raise InputError(f"measured must be at most the {len(known)} rows to draw from on {device}, got {n}")
    return np.random.default_rng(seed).choice(known, n, replace=False)


def suggested_rows(prior: DevicePrior, labels: Labels, column: int, pool: Ints, n: int) -> Ints:
    """n rows of the pool by the prior alone; a row whose measurement failed is replaced by the next."""
    known = pool[np.isfinite(labels.values[pool, column])]
    rows: Ints = known[suggest_references(prior, labels.codes[known], n)]
    return rows


def drawn_rows(
    protocol: Adaptation,
    method: str,
    prior: DevicePrior,
    labels: Labels,
    column: int,
    n: int,
    seeds: Sequence[int],
) -> Iterator[Ints]:
    """Rows to measure: one draw a seed when they are random, one in all of a pool when they are suggested."""
    for seed in seeds if method == "random" else seeds[:1]:
        pool = protocol.pool.of(labels, seed)
        if method == "suggested":
            yield suggested_rows(prior, labels, column, pool, n)
        else:
            among = pool if protocol.drawn_from == "pool" else np.arange(len(labels))
            yield random_rows(labels, column, among, n, seed)


def judged(
    families: Sequence[str], prior: DevicePrior, labels: Labels, trial: Trial
) -> dict[str, list[dict[str, float]]]:
    """Quality of what learns from the trial's measurements, by its name.

    Of the test rows, and where it is wanted next of those that were not measured.

    Args:
        families: those that learn from the measurements alone.
    """
    return {ADAPTED: ranked(prior, labels, trial)} | {f: _alone(f, labels, trial) for f in families}


def ranked(prior: DevicePrior, labels: Labels, trial: Trial) -> list[dict[str, float]]:
    """Quality of a predictor adapted to the trial's measurements, see `judged`."""
    truth, codes = labels.values[:, trial.column], labels.codes
    name = labels.devices[trial.column]
    adapted = adapt_to(prior, codes[trial.rows], truth[trial.rows], device=name, metric=labels.metric)
    predicted = adapted.predict(codes[trial.test])
    low, high = adapted.interval(codes[trial.test], COVERAGE, predicted=predicted)
    own = truth[trial.test]
    inside = np.where(np.isfinite(own), (low[:, 0] <= own) & (own <= high[:, 0]), np.nan)
    return [
        quality(own[rows], predicted[rows, 0]) | {"coverage_90": float(np.nanmean(inside[rows]))}
        for rows in _sides(trial)
    ]


def _sides(trial: Trial) -> list[Bools]:
    """Which of the test rows figures are told of: all, and where it is wanted those not measured."""
    sides = [np.ones(len(trial.test), dtype=bool)]
    return [*sides, ~np.isin(trial.test, trial.rows)] if trial.left_out else sides


def record(name: str, n: int, figure: str, by_device: ByDevice) -> Record:
    """One record: a figure's mean by device over draws, their mean, its deviation over draws, the worst."""
    values = np.array([[one[figure] for one in draws] for draws in by_device.values()])
    row: dict[str, Any] = {"predictor": name, "seeds": values.shape[1], "measured": n, "figure": figure}
    row |= {device: round(float(v.mean()), 4) for device, v in zip(by_device, values, strict=True)}
    by_mean = values.mean(axis=1)
    row["mean"] = round(float(values.mean()), 4)
    row["deviation"] = round(float(values.mean(axis=0).std()), 4)
    return row | {"worst": round(float(by_mean.max() if figure == "mape" else by_mean.min()), 4)}


def _alone(family: str, labels: Labels, trial: Trial) -> list[dict[str, float]]:
    """Quality of a family that was fitted to the trial's measurements and to nothing else."""
    target, values = labels.targets[trial.column], labels.values[:, [trial.column]]
    one = Labels(labels.space, labels.metric, labels.dataset, (target,), labels.codes, values)
    fitted = make_predictor(family, {}).fit(one.rows(trial.rows))
    predicted, own = fitted.predict(labels.codes[trial.test])[:, 0], values[trial.test, 0]
    return [quality(own[rows], predicted[rows]) for rows in _sides(trial)]


def _floor(protocol: Adaptation, labels: Labels, devices: Sequence[str]) -> list[Record]:
    """Records of the noise floor, where equal networks tell it."""
    if not protocol.repeats:
        return []
    floors: ByDevice = {}
    for device in devices:
        column = labels.devices.index(device)
        known = noise_floor(labels, column, _test(protocol, labels, column, 0))
        if known is not None:
            floors[device] = [known]
    first = next(iter(floors.values()))[0] if floors else {}
    return [record("noise floor", 0, figure, floors) for figure in protocol.figures if figure in first]


def _sources(protocol: Adaptation, labels: Labels, device: str) -> tuple[str, ...]:
    if protocol.devices == "others":
        return tuple(name for name in labels.devices if name != device)
    if protocol.devices == "other hardware":
        own = device_of(device).hardware
        return tuple(name for name in labels.devices if device_of(name).hardware != own)
    named = labels.devices if protocol.devices == "all" else protocol.devices
    if protocol.target is None and device in named:
        raise InputError(f"devices must not hold the target device {device}, which would teach itself")
    return named


def _prior(
    protocol: Adaptation, labels: Labels, names: tuple[str, ...], seed: int, progress: Progress
) -> DevicePrior:
    progress(f"{protocol.name}: learning the prior of {len(names)} source devices, seed {seed}")
    return source_prior(labels, names, protocol.pool.of(labels, seed))


def _test(protocol: Adaptation, labels: Labels, column: int, seed: int) -> Ints:
    """Rows that are predicted, in order, those measured among them."""
    everything = np.arange(len(labels))
    if protocol.test == "all":
        rows = everything
    elif protocol.test == "rest":
        rows = np.setdiff1d(everything, protocol.pool.of(labels, seed))
    else:
        rows = protocol.test.of(labels, seed)
    if protocol.trimmed:
        rows = rows[middle_rows(labels.rows(rows), column, protocol.trimmed)]
    return rows
