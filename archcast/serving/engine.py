"""The in-process answers: `predict`, `predict_interval`, `load`, `devices`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from archcast.core.arrays import ArchBatch, Floats
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.catalog import infer_space
from archcast.predictors.lowered import Form
from archcast.serving.answers import answers
from archcast.serving.handle import LoadedPredictor, handle_of
from archcast.serving.store import Served, store

__all__ = ["LoadedPredictor", "devices", "load", "predict", "predict_interval"]
Devices: TypeAlias = str | Sequence[str] | None
"""One device, several, or None for metrics of no device."""


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
    try:
        return _load(device, metric, space, dataset, predictor)
    except UnknownNameError:  # which another process may have made known since
        store(fresh=True)
        return _load(device, metric, space, dataset, predictor)


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
    """
    chosen = _space(space, arch_batch)
    _, form = _entries(chosen, device, metric, dataset)
    values = _answers(form, chosen, arch_batch, inferred=space is None)
    return values[:, 0] if _is_one(device) else values


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
    chosen = _space(space, arch_batch)
    entries, _ = _entries(chosen, device, metric, dataset)
    try:
        codes = chosen.parse(arch_batch)
    except InputError:
        _tell_of_mixture(space, arch_batch)
        raise
    ends = [handle_of(s, store()).interval_codes(codes, coverage) for s in entries]
    if _is_one(device):
        return ends[0]
    low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))
    return low, high


def devices(space: str | None = None, metric: str | None = None) -> list[Served]:
    """What can be predicted now.

    Returns:
        Records with `.device`, `.space`, `.metric`, `.dataset`, `.predictor`, `.unit` and `.form`.

    Raises:
        UnknownNameError: no such space or metric.
    """
    return store(fresh=True).list(space, metric)


def _load(
    device: str | None, metric: str, space: str | None, dataset: str | None, predictor: str | None
) -> LoadedPredictor:
    here = store()
    if space is None:
        having = sorted({s.space for s in here.list(metric=metric) if s.device == device})
        if len(having) > 1:
            raise InputError(f"space must be named, as {', '.join(having)} all have {metric} on {device}")
        if not having:
            known = {s.device for s in here.list(metric=metric)}
            raise UnknownNameError(f"device for {metric}", device, known)
        space = having[0]
    served = here.find(space, device=device, metric=metric, dataset=dataset, predictor=predictor)
    return handle_of(served, here)


def _space(space: str | None, batch: ArchBatch) -> Space:
    """The named space, or that of the batch's first architecture; the others are looked at by its parser."""
    if space is not None:
        return SPACES[space]
    return infer_space(batch[:1] if isinstance(batch, list | tuple) and batch else batch)


def _answers(form: Form, space: Space, batch: ArchBatch, *, inferred: bool) -> Floats:
    try:
        return answers(form, space, batch)
    except InputError:
        _tell_of_mixture(None if inferred else space.name, batch)
        raise


def _tell_of_mixture(space: str | None, batch: ArchBatch) -> None:
    """Raise InputError when a batch whose space was inferred is of several."""
    if space is None:
        infer_space(batch)


def _is_one(device: Devices) -> bool:
    return device is None or isinstance(device, str)


def _entries(space: Space, device: Devices, metric: str, dataset: str | None) -> tuple[list[Served], Form]:
    """What is to be predicted, and the form that predicts it; looked up once while nothing changes."""
    here = store()
    names = (device,) if device is None or isinstance(device, str) else _names(device)
    key = (space.name, names, metric, dataset)
    found: tuple[list[Served], Form] | None = here.cache.get(key)
    if found is None:
        try:
            entries = [here.find(space.name, device=d, metric=metric, dataset=dataset) for d in names]
        except UnknownNameError:  # which another process may have made known since
            here = store(fresh=True)
            entries = [here.find(space.name, device=d, metric=metric, dataset=dataset) for d in names]
        found = here.cache.setdefault(key, (entries, here.form(entries)))
    return found


def _names(device: Devices) -> tuple[str, ...]:
    """A list of devices, as a key."""
    if not isinstance(device, list | tuple) or not device or not all(isinstance(d, str) for d in device):
        raise InputError(f"device must be a name or a list of at least one name, got {shorten(device)}")
    return tuple(device)
