"""Whether a predictor is still right, by a few new measurements: `check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Doubles, Ints
from archcast.core.batches import check_aligned
from archcast.core.errors import InputError
from archcast.core.measured_values import read_measured
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import given, name_of, read, space_named
from archcast.featurize.spaces.checks import check_batch
from archcast.featurize.spaces.networks import NetworkBatch
from archcast.predictors.artifact.measured import Measured
from archcast.predictors.intervals import check_coverage
from archcast.serving.adaptation import AdaptedPredictor, adapt
from archcast.serving.checking.figures import Comparison, Estimate, by_architecture
from archcast.serving.checking.learned import Learned, since_learned
from archcast.serving.checking.verdict import judged
from archcast.serving.engine import load
from archcast.serving.loaded import LoadedPredictor
from archcast.serving.network_adaptation import AdaptedToNetworks, holds_networks, networks_of
from archcast.serving.replacing import kept_of

LEAST = 3
"""Fewest different architectures that tell anything."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A measurement that does not fit.

    Attributes:
        item: place of its first sample in the batch.
        value, predicted, low, high: in the metric's unit; the ends are None where they are not known.
        factor: measured over predicted value.
    """

    item: int
    arch: Arch
    value: float
    predicted: float
    low: float | None
    high: float | None
    factor: float


@dataclass(frozen=True)
class Check:
    """How a predictor meets new measurements.

    Attributes:
        device, space, metric, dataset, unit, predictor: what was checked.
        right: whether it is still right.
        verdict: that in one sentence.
        samples, architectures: measurements, and different architectures among them.
        error_unit: of `bias` and `error`: `%` of the measurement, or `points` (per cent) of accuracy.
        bias: how far predictions are too high (above 0) or too low on the mean, with its 95 % interval.
        error: mean absolute error.
        spearman: rank correlation; None where nothing can be ranked.
        coverage: share of measurements inside the intervals, with its exact 95 % interval; None where the
            predictor has none.
        expected: coverage that the intervals are meant to have.
        learned: how it was when it was learned, and what moved since; None of one that keeps no measurements.
        misfits: measurements that do not fit.
    """

    device: str
    space: str
    metric: str
    dataset: str
    unit: str
    predictor: str
    right: bool
    verdict: str
    samples: int
    architectures: int
    error_unit: str
    bias: Estimate
    error: float
    spearman: float | None
    coverage: Estimate | None
    expected: float
    learned: Learned | None
    misfits: tuple[Misfit, ...]
    _given: _Given = field(repr=False, compare=False)

    def record(self) -> dict[str, Any]:
        """All of it as JSON types."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if not name.startswith("_")}
        for name in ("bias", "coverage", "learned"):
            fields[name] = None if fields[name] is None else asdict(fields[name])
        fields["misfits"] = [asdict(m) | {"arch": _named(m.arch)} for m in self.misfits]
        return fields

    def adapt(self, *, strict: bool = False) -> AdaptedPredictor | AdaptedToNetworks:
        """A predictor learned from the new measurements and what this one was learned from, together.

        Raises:
            DoubtError: with `strict`, measurements that are likely wrong.
            InputError: this one keeps no measurements, as one that ships.
        """
        return self._given.together(strict=strict)


@dataclass(frozen=True, slots=True)
class _Given:
    """What was checked by what; `kept` is what the predictor was learned from."""

    loaded: LoadedPredictor
    archs: Sequence[Any]
    values: Doubles
    kept: Measured | None

    def together(self, *, strict: bool) -> AdaptedPredictor | AdaptedToNetworks:
        """Old and new measurements, learned from."""
        entry, kept = self.loaded.entry, self.kept
        of_networks = entry.by_networks or entry.space == NETWORK
        if kept is None:
            raise InputError(
                f"predictor of {entry.device} keeps no measurements that new ones could be added to: learn a "
                f"device under a name of your own from them, by adapt"
            )
        return adapt(
            [*self.archs, *kept.archs],
            [*self.values.tolist(), *kept.values],
            entry.device,
            entry.metric,
            NETWORK if of_networks else entry.space,
            kept.sources,
            kept.seed,
            None if of_networks else self.loaded.model.dataset_,
            families=kept.families,
            strict=strict,
        )


def check(
    batch: ArchBatch,
    values: Sequence[float] | Doubles,
    device: str | None = None,
    metric: str = "latency",
    space: str | Space | None = None,
    dataset: str | None = None,
    *,
    coverage: float = 0.9,
    predictor: str | None = None,
    notation: str | None = None,
) -> Check:
    """Whether a predictor is still right, by a few new measurements of its device.

    Args:
        batch: measured architectures or networks, at least three different ones, best such that the
            predictor did not learn from; one that is there several times counts by its mean.
        values: their measurements, in the metric's unit.
        device, metric, space, dataset, predictor: as `archcast.load`.
        coverage: of the intervals that are checked, 0.5 to 0.99.
        notation: of others, in which the architectures are; see `archcast.parse`.

    Raises:
        InputError: fewer than three different architectures; values that are not finite, or not above 0.
        UnknownNameError: no such predictor; lists those that there are.
    """
    check_coverage(coverage)
    check_aligned(batch, values)
    reading = _read(check_batch(batch), space, notation)
    loaded = load(device, metric, reading.space.name, dataset=dataset, predictor=predictor)
    archs, groups = _architectures(reading)
    measured = read_measured(values, len(archs), metric)
    if groups.max() + 1 < LEAST:
        raise InputError(
            f"batch must be at least {LEAST} different measured architectures, got {groups.max() + 1}"
        )
    comparison, firsts = _compared(loaded, reading, measured, groups, coverage)
    kept = kept_of(loaded.entry)
    learned = None
    if kept is not None and not comparison.in_points:
        then = networks_of(archs) if loaded.entry.by_networks else archs
        learned = since_learned(kept, then, measured, comparison)
    drift = None if learned is None else learned.sure
    right, verdict = judged(comparison, metric, drift=drift, coverage=coverage)
    entry = loaded.entry
    return Check(
        entry.device,
        entry.space,
        metric,
        entry.dataset,
        entry.unit,
        entry.predictor,
        right,
        verdict,
        len(archs),
        len(firsts),
        "points" if comparison.in_points else "%",
        comparison.bias(),
        comparison.error,
        comparison.spearman,
        comparison.coverage() if comparison.has_intervals else None,
        coverage,
        learned,
        _misfits(comparison, archs, firsts),
        _Given(loaded, archs, measured, kept),
    )


def _read(batch: Any, space: str | Space | None, notation: str | None) -> Any:
    """The architectures or networks of a batch, read."""
    if notation is None and holds_networks(batch, name_of(space)):
        return read(networks_of(batch), space_named(NETWORK))
    known, items = given(batch, space, notation)
    return read(items, known)


def _architectures(reading: Any) -> tuple[Sequence[Any], Ints]:
    """Architectures as text, or networks, and a number for each, equal for equal ones."""
    if isinstance(reading, NetworkBatch):
        keys = [network.key for network in reading.networks]
        place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        return reading.networks, np.array([place[key] for key in keys])
    codes = reading.parsed()
    _, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return reading.space.to_text(codes), order[inverse.reshape(-1)]


def _compared(
    loaded: LoadedPredictor, reading: Any, measured: Doubles, groups: Ints, coverage: float
) -> tuple[Comparison, Ints]:
    """Measured beside predicted, each architecture once, and the place of its first sample."""
    _, firsts = np.unique(groups, return_index=True)
    in_points = not METRICS[loaded.entry.metric].of_device
    if isinstance(reading, NetworkBatch):
        batch: Any = NetworkBatch(reading.space, tuple(reading.networks[i] for i in firsts))
        archs: Any = list(batch.networks)
    else:
        archs = reading.parsed()[firsts]
        batch = read(archs, reading.space)
    predicted = loaded.predict(archs).astype(np.float64)
    try:
        low, high = (ends.astype(np.float64) for ends in loaded.interval_of(batch, coverage))
    except InputError:  # it keeps no errors; a coverage that is none was refused before
        low = high = np.full(len(firsts), np.nan)
    values = by_architecture(measured, groups, in_points=in_points)
    return Comparison(values, predicted, low, high, in_points), firsts


def _misfits(comparison: Comparison, archs: Sequence[Any], firsts: Ints) -> tuple[Misfit, ...]:
    misfits = []
    for i in np.flatnonzero(comparison.misfits()).tolist():
        value, predicted = float(comparison.measured[i]), float(comparison.predicted[i])
        low, high = (
            float(x[i]) if comparison.has_intervals else None for x in (comparison.low, comparison.high)
        )
        item = int(firsts[i])
        misfits.append(Misfit(item, archs[item], value, predicted, low, high, value / predicted))
    return tuple(misfits)


def _named(arch: Any) -> str:
    return arch.key[:12] if isinstance(arch, Network) else str(arch)
