"""The one road from a name to a number: `predict`, `predict_interval`, `load`, `devices`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from archcast.core.arrays import ArchBatch, Floats
from archcast.core.errors import ArtifactError, InputError, UnknownNameError, shorten
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import SPACES, given, name_of, read, space_named
from archcast.predictors.lowered.batches import Parts, values_of_batch
from archcast.predictors.networks.form import NetworkForm
from archcast.predictors.networks.joined import JoinedForm
from archcast.serving.entry import Entry
from archcast.serving.filters import Wanted
from archcast.serving.loaded import LoadedPredictor, loaded
from archcast.serving.store import Store, store

Devices: TypeAlias = str | Sequence[str] | None
"""One device, several, or None for metrics of no device."""


class _Answering(NamedTuple):
    """What answers for some devices: entries side by side, and the forms with the columns that they give."""

    space: Space
    entries: tuple[Entry, ...]
    parts: Parts


def load(
    device: str | None = None,
    metric: str = "latency",
    space: str | Space | None = None,
    *,
    dataset: str | None = None,
    predictor: str | None = None,
) -> LoadedPredictor:
    """A predictor to be called many times.

    Args:
        device: name as `archcast.devices` lists it; for accuracy the data set.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: the search space or its name; may be left out when only one has the device.
        dataset: data set the networks are built for; default the space's first.
        predictor: family, when there are several; default the user's own, then the zoo's.

    Raises:
        UnknownNameError: no such predictor; lists those that there are.
        InputError: several spaces have the device and none was named.
        ArtifactError: the predictor asked for cannot be used; says why.
    """
    here, space = store(fresh=True), name_of(space)
    return loaded(here.find(space, device=device, metric=metric, dataset=dataset, predictor=predictor), here)


def predict(
    arch_batch: ArchBatch,
    device: Devices = None,
    metric: str = "latency",
    space: str | Space | None = None,
    dataset: str | None = None,
    *,
    notation: str | None = None,
) -> Floats:
    """Predicted metric of a batch of architectures on a device, or on several at once.

    Args:
        arch_batch: architectures in their space's notation, an integer array of codes, or networks:
            `archcast.network`'s, ONNX models, paths of .onnx and .param files. A list, tuple, generator,
            array or column of a frame.
        device: name as `archcast.devices` lists it; for accuracy the data set. A list gives one column each.
        metric: `latency` (ms), `energy` (mJ), `accuracy` (%), `throughput` (1/s) or `memory` (MiB).
        space: the search space or its name; None infers it from the architectures.
        dataset: data set the networks are built for; default the space's first.
        notation: of others, in which the architectures are; see `archcast.parse`.

    Shapes:
        output: float32 (n,), or (n, devices) for a list, in the metric's unit

    Raises:
        ParseError: an architecture is not of its space; names item, position and choices.
        InputError: a network cannot be read, or is no single item on a device that runs its own batch.
        UnknownNameError: no predictor for the device, metric or data set; lists those there are.
        ArtifactError: the predictor asked for cannot be used; says why.
    """
    here = store()
    if notation is not None:
        space, arch_batch = given(arch_batch, space, notation)
    if isinstance(space, Space):
        space = name_of(space)
    names = (device,) if device is None or isinstance(device, str) else _names(device)
    key = (space, names, metric, dataset, SPACES.replaced)
    answering = None if space is None else here.answering.get(key)
    known = answering.space if answering is not None else None if space is None else space_named(space)
    batch = read(arch_batch, known)
    if answering is None:
        key = (batch.space.name, names, metric, dataset, SPACES.replaced)
        answering = here.answering.get(key) or _answering(*key)
    values = values_of_batch(answering.parts, batch)
    return values[:, 0] if names[0] is device else values


def predict_interval(
    arch_batch: ArchBatch,
    device: Devices = None,
    metric: str = "latency",
    coverage: float = 0.9,
    space: str | Space | None = None,
    dataset: str | None = None,
    *,
    notation: str | None = None,
) -> tuple[Floats, Floats]:
    """Interval of a batch's predicted metric, from the errors on held-out measurements.

    Args:
        coverage: share of measurements the intervals are to hold, 0.5 to 0.99.
        arch_batch, device, metric, space, dataset, notation: as `archcast.predict`.

    Shapes:
        output: float32 (n,) and (n,), lower and upper ends in the metric's unit; (n, devices) each for a list
    """
    if notation is not None:
        space, arch_batch = given(arch_batch, space, notation)
    batch = read(arch_batch, None if space is None else space_named(space))
    names = (device,) if device is None or isinstance(device, str) else _names(device)
    answering = _answering(batch.space.name, names, metric, dataset, SPACES.replaced)
    here = store()
    ends = [loaded(entry, here).interval_of(batch, coverage) for entry in answering.entries]
    if names[0] is device:
        return ends[0]
    low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))
    return low, high


def devices(
    space: str | Space | None = None,
    metric: str | None = None,
    *,
    hardware: str | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    batch: int | None = None,
    threads: int | None = None,
) -> list[Entry]:
    """What can be predicted now.

    Args:
        space: only of this space, given itself or by its name; `network` for networks of any form.
        metric: only this metric.
        hardware, runtime: only devices with this text in their name or maker's name, in letters of any case.
        precision: only this number format, `fp32` where a name says none.
        batch, threads: only so many items in one pass, so many threads or cores.

    Returns:
        Records with `.device`, `.space`, `.metric`, `.dataset`, `.predictor`, `.unit`, `.form`, `.hardware`,
        `.runtime`, `.precision`, `.batch` and `.threads`.

    Raises:
        UnknownNameError: no such space or metric.
    """
    space = name_of(space)
    wanted = Wanted(hardware, runtime, precision, batch, threads)
    return [entry for entry in store(fresh=True).first(space, metric) if wanted.fits(entry)]


def _answering(
    space: str, names: tuple[str | None, ...], metric: str, dataset: str | None, replaced: int
) -> _Answering:
    """What answers for some devices; looked up once while nothing changes."""
    here = store()
    key = (space, names, metric, dataset, replaced)
    answering: _Answering | None = here.answering.get(key)
    if answering is None:
        try:
            entries = tuple(here.find(space, device=d, metric=metric, dataset=dataset) for d in names)
        except (UnknownNameError, ArtifactError):  # what another process may have saved since
            here = store(fresh=True)
            entries = tuple(here.find(space, device=d, metric=metric, dataset=dataset) for d in names)
        answering = here.answering.setdefault(
            key, _Answering(space_named(space), entries, _parts(entries, here))
        )
    return answering


def _parts(entries: tuple[Entry, ...], here: Store) -> Parts:
    """One form a saved predictor, with the places of its entries."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        places.setdefault((str(entry.saved.folder), entry.sha256), []).append(place)
    parts = tuple((here.form([entries[p] for p in own]), tuple(own)) for own in places.values())
    joined = [(form, own) for form, own in parts if isinstance(form, NetworkForm)]
    if 1 < len(joined) == len(parts):
        return ((JoinedForm(joined), tuple(range(len(entries)))),)
    return parts


def _names(device: Devices) -> tuple[str, ...]:
    """A list of devices, as a key."""
    if not isinstance(device, list | tuple) or not device or not all(isinstance(d, str) for d in device):
        raise InputError(f"device must be a name or a list of at least one name, got {shorten(device)}")
    return tuple(device)
