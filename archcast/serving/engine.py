"""The one road from a name to a number: `predict`, `predict_interval`, `load`, `devices`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Floats
from archcast.core.errors import ArtifactError, InputError, UnknownNameError, shorten
from archcast.core.labels import target_key
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.catalog import read
from archcast.predictors import Card, Predictor
from archcast.predictors.lowered.batches import Parts, values_of_batch, values_of_codes
from archcast.predictors.lowered.forms import Form
from archcast.serving.entry import Entry
from archcast.serving.store import Store, store

Devices: TypeAlias = str | Sequence[str] | None
"""One device, several, or None for metrics of no device."""


class LoadedPredictor:
    """A predictor of one metric on one device, ready to be called many times.

    It holds no lock between calls, may be called from many threads and after a fork, and changes no thread
    settings; batches of more than 65,536 architectures are spread over `ARCHCAST_THREADS` threads.

    Attributes:
        entry: what it predicts, with its unit.
        model: the fitted predictor behind it, which may have other targets too.
        form: what is called in the model's place: tables that answer as it does, or itself.
        space: the search space.
    """

    def __init__(self, entry: Entry, model: Predictor, form: Form) -> None:
        self.entry, self.model, self.form = entry, model, form
        self.space: Space = SPACES[entry.space]
        self.parts: Parts = ((form, (0,)),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.entry.name!r}, {self.entry.predictor!r})"

    @property
    def card(self) -> Card:
        """What it was learned from, how good it is, where it holds."""
        return self.entry.card

    def has_seen(self, value: float) -> bool:
        """Whether a predicted value lies within those that the predictor learned from."""
        low, high = self.card.ranges.get(target_key(self.entry.target), (-np.inf, np.inf))
        return bool(low <= value <= high)

    def predict(self, arch_batch: ArchBatch) -> Floats:
        """Predicted values in `entry.unit`.

        Shapes:
            output: float32 (n,)

        Raises:
            InputError: as `archcast.parse`.
        """
        return values_of_batch(self.parts, read(arch_batch, self.space))[:, 0]

    def predict_codes(self, codes: Codes) -> Floats:
        """Predicted values of codes that `archcast.parse` gave.

        Shapes:
            codes: int8 (n, k); output: float32 (n,)
        """
        return values_of_codes(self.form, codes)[:, 0]

    def predict_interval(self, arch_batch: ArchBatch, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Lower and upper ends of intervals that hold `coverage` of held-out measurements.

        Shapes:
            output: float32 (n,) and (n,)

        Held-out errors give them where there are any; an adapted predictor gives those of its posterior.

        Raises:
            InputError: as `archcast.parse`; coverage outside 0.5 to 0.99; neither is known.
        """
        return self.interval_codes(read(arch_batch, self.space).parsed(), coverage)

    def interval_codes(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """The same for codes that `archcast.parse` gave.

        Args:
            predicted: what `predict_codes` gave for them, where the caller has it, instead of it again.
        """
        intervals, column = self.entry.intervals, self.entry.column
        if intervals is not None:
            values = self.predict_codes(codes) if predicted is None else predicted
            low, high = intervals.around(values.astype(np.float64), column, coverage)
            return low.astype(np.float32), high.astype(np.float32)
        given = None if predicted is None else predicted[:, None]
        known = self.model.select((column,)).interval(codes, coverage, predicted=given)
        if known is None:
            raise InputError(f"predictor of {self.entry.device} was saved without held-out errors")
        return known[0][:, 0], known[1][:, 0]


class _Answering(NamedTuple):
    """What answers for some devices: entries side by side, and the forms with the columns that they give."""

    space: Space
    entries: tuple[Entry, ...]
    parts: Parts


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
        ArtifactError: the predictor asked for cannot be used; says why.
    """
    here = store(fresh=True)
    return loaded(here.find(space, device=device, metric=metric, dataset=dataset, predictor=predictor), here)


def loaded(entry: Entry, here: Store) -> LoadedPredictor:
    """The loaded predictor of an entry of a store."""
    return LoadedPredictor(entry, here.load(entry), here.form((entry,)))


def predict(
    arch_batch: ArchBatch,
    device: Devices = None,
    metric: str = "latency",
    space: str | None = None,
    dataset: str | None = None,
) -> Floats:
    """Predicted metric of a batch of architectures on a device, or on several at once.

    Args:
        arch_batch: architectures in their space's notation, or an integer array of codes.
        device: name as `archcast.devices` lists it; for accuracy the data set. A list gives one column each.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: name of the search space; None infers it from the architectures.
        dataset: data set the networks are built for; default the space's first.

    Shapes:
        output: float32 (n,), or (n, devices) for a list, in the metric's unit

    Raises:
        ParseError: an architecture is not of its space; names item, position and choices.
        UnknownNameError: no predictor for the device, metric or data set; lists those there are.
        ArtifactError: the predictor asked for cannot be used; says why.
    """
    here = store()
    names = (device,) if device is None or isinstance(device, str) else _names(device)
    answering = None if space is None else here.answering.get((space, names, metric, dataset))
    known = answering.space if answering is not None else None if space is None else SPACES[space]
    batch = read(arch_batch, known)
    if answering is None:
        key = (batch.space.name, names, metric, dataset)
        answering = here.answering.get(key) or _answering(*key)
    values = values_of_batch(answering.parts, batch)
    return values[:, 0] if names[0] is device else values


def predict_interval(
    arch_batch: ArchBatch,
    device: Devices = None,
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
        output: float32 (n,) and (n,), lower and upper ends in the metric's unit; (n, devices) each for a list
    """
    batch = read(arch_batch, None if space is None else SPACES[space])
    names = (device,) if device is None or isinstance(device, str) else _names(device)
    answering, codes = _answering(batch.space.name, names, metric, dataset), batch.parsed()
    here = store()
    ends = [loaded(entry, here).interval_codes(codes, coverage) for entry in answering.entries]
    if names[0] is device:
        return ends[0]
    low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))
    return low, high


def devices(space: str | None = None, metric: str | None = None) -> list[Entry]:
    """What can be predicted now.

    Returns:
        Records with `.device`, `.space`, `.metric`, `.dataset`, `.predictor`, `.unit` and `.form`.

    Raises:
        UnknownNameError: no such space or metric.
    """
    return store(fresh=True).first(space, metric)


def _answering(space: str, names: tuple[str | None, ...], metric: str, dataset: str | None) -> _Answering:
    """What answers for some devices; looked up once while nothing changes."""
    here = store()
    key = (space, names, metric, dataset)
    found: _Answering | None = here.answering.get(key)
    if found is None:
        try:
            entries = tuple(here.find(space, device=d, metric=metric, dataset=dataset) for d in names)
        except (UnknownNameError, ArtifactError):  # what another process may have saved since
            here = store(fresh=True)
            entries = tuple(here.find(space, device=d, metric=metric, dataset=dataset) for d in names)
        found = here.answering.setdefault(key, _Answering(SPACES[space], entries, _parts(entries, here)))
    return found


def _parts(entries: tuple[Entry, ...], here: Store) -> Parts:
    """One form a saved predictor, with the places of its entries."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        places.setdefault((str(entry.saved.folder), entry.sha256), []).append(place)
    return tuple((here.form([entries[p] for p in own]), tuple(own)) for own in places.values())


def _names(device: Devices) -> tuple[str, ...]:
    """A list of devices, as a key."""
    if not isinstance(device, list | tuple) or not device or not all(isinstance(d, str) for d in device):
        raise InputError(f"device must be a name or a list of at least one name, got {shorten(device)}")
    return tuple(device)
