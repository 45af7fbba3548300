"""The in-process answers: `predict`, `predict_interval`, `load`, `devices`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Floats
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import target_key
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.catalog import resolve_space
from archcast.predictors import Card, Predictor
from archcast.serving.store import Served, store


@dataclass(frozen=True, slots=True)
class LoadedPredictor:
    """A predictor of one metric on one device, ready to be called many times.

    Attributes:
        served: what it predicts, with its unit.
        model: the fitted predictor behind it, which may have other targets too.
    """

    served: Served
    model: Predictor

    @property
    def card(self) -> Card:
        """What it was learned from, how good it is, where it holds."""
        return self.served.manifest.card

    def has_seen(self, value: float) -> bool:
        """Whether a predicted value lies within those that the predictor learned from."""
        low, high = self.card.ranges.get(target_key(self.served.target), (-np.inf, np.inf))
        return bool(low <= value <= high)

    def predict(self, arch_batch: ArchBatch) -> Floats:
        """Predicted values in `served.unit`.

        Shapes:
            output: float32 (n,)

        Raises:
            InputError: as `archcast.parse`.
        """
        return self.predict_codes(SPACES[self.served.space].parse(arch_batch))

    def predict_codes(self, codes: Codes) -> Floats:
        """Predicted values of codes that `archcast.parse` gave.

        Shapes:
            codes: int8 (n, k); output: float32 (n,)
        """
        return np.ascontiguousarray(self.model.predict_checked(codes)[:, self.served.column])

    def predict_interval(self, arch_batch: ArchBatch, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Lower and upper ends of intervals that hold `coverage` of held-out measurements.

        Shapes:
            output: float32 (n,) and (n,)

        Held-out errors give them where there are any; an adapted predictor gives those of its posterior.

        Raises:
            InputError: as `archcast.parse`; coverage outside 0.5 to 0.99; neither is known.
        """
        return self.interval_codes(SPACES[self.served.space].parse(arch_batch), coverage)

    def interval_codes(self, codes: Codes, coverage: float) -> tuple[Floats, Floats]:
        """The same for codes that `archcast.parse` gave."""
        intervals, column = self.served.manifest.intervals, self.served.column
        if intervals is not None:
            predicted = self.predict_codes(codes).astype(np.float64)
            low, high = intervals.around(predicted, column, coverage)
            return low.astype(np.float32), high.astype(np.float32)
        known = self.model.predictive_interval(codes, coverage)
        if known is None:
            raise InputError(f"predictor of {self.served.device} was saved without held-out errors")
        return known[0][:, column], known[1][:, column]


def load(
    device: str | None = None,
    metric: str = "latency",
    space: str | None = None,
    *,
    dataset: str | None = None,
    predictor: str | None = None,
) -> LoadedPredictor:
    """A predictor to be called many times.

    Args:
        device: name as `archcast.devices` lists it; for accuracy the data set.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: name of the search space; may be left out when only one has the device.
        dataset: data set the networks are built for; default the space's first.
        predictor: family, when there are several; default the user's own, then the zoo's.

    Raises:
        UnknownNameError: no such predictor; lists those that there are.
        InputError: several spaces have the device and none was named.
    """
    here = store()
    if space is None:
        having = sorted({s.space for s in here.list(metric=metric) if s.device == device})
        if len(having) > 1:
            raise InputError(f"space must be named, as {', '.join(having)} all have {metric} on {device}")
        space = having[0] if having else None
    if space is None:
        return _nowhere(device, metric)
    served = here.find(space, device=device, metric=metric, dataset=dataset, predictor=predictor)
    return LoadedPredictor(served, here.load(served))


def predict(
    arch_batch: ArchBatch,
    device: str | None = None,
    metric: str = "latency",
    space: str | None = None,
    dataset: str | None = None,
) -> Floats:
    """Predicted metric of a batch of architectures on a device.

    Args:
        arch_batch: architectures in their space's notation, or an integer array of codes.
        device: name as `archcast.devices` lists it; for accuracy the data set.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: name of the search space; None infers it from the architectures.
        dataset: data set the networks are built for; default the space's first.

    Shapes:
        output: float32 (n,), in the metric's unit

    Raises:
        ParseError: an architecture is not of its space; names item, position and choices.
        UnknownNameError: no predictor for the device, metric or data set; lists those there are.
    """
    loaded, codes = _resolve(arch_batch, device, metric, space, dataset)
    return loaded.predict_codes(codes)


def predict_interval(
    arch_batch: ArchBatch,
    device: str | None = None,
    metric: str = "latency",
    coverage: float = 0.9,
    space: str | None = None,
    dataset: str | None = None,
) -> tuple[Floats, Floats]:
    """Interval of a batch's predicted metric, from the errors on held-out measurements.

    Args:
        coverage: share of measurements the intervals are to hold, 0.5 to 0.99.
        arch_batch, device, metric, space, dataset: as `archcast.predict`.

    Shapes:
        output: float32 (n,) and (n,), lower and upper ends in the metric's unit
    """
    loaded, codes = _resolve(arch_batch, device, metric, space, dataset)
    return loaded.interval_codes(codes, coverage)


def devices(space: str | None = None, metric: str | None = None) -> list[Served]:
    """What can be predicted now.

    Returns:
        Records with `.device`, `.space`, `.metric`, `.dataset`, `.predictor` and `.unit`.

    Raises:
        UnknownNameError: no such space or metric.
    """
    return store().list(space, metric)


def _resolve(
    arch_batch: ArchBatch, device: str | None, metric: str, space: str | None, dataset: str | None
) -> tuple[LoadedPredictor, Codes]:
    chosen = resolve_space(space, arch_batch)
    here = store()
    served = here.find(chosen.name, device=device, metric=metric, dataset=dataset)
    return LoadedPredictor(served, here.load(served)), chosen.parse(arch_batch)


def _nowhere(device: str | None, metric: str) -> LoadedPredictor:
    raise UnknownNameError(f"device for {metric}", device, {s.device for s in store().list(metric=metric)})
