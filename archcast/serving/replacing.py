"""What a saved predictor takes the place of: said where that is better or ships, and brought back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core import settings
from archcast.core.device import file_name
from archcast.core.device_catalog import unknown_device
from archcast.core.errors import ArchcastError, ArchcastWarning, InputError
from archcast.core.metric import METRICS
from archcast.featurize.spaces.networks import NETWORKS
from archcast.predictors.artifact.kinds import AnyPredictor
from archcast.predictors.artifact.manifest import read_beside, save
from archcast.predictors.artifact.measured import Measured
from archcast.predictors.artifact.versions import remove as remove_folder
from archcast.serving.entry import Entry, Key
from archcast.serving.loaded import loaded
from archcast.serving.store import store

_ALIKE = 1.05
"""Up to so many times the former's error a new predictor is as good."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What answered before a predictor is saved.

    Attributes:
        error: how far it is off on average, in per cent or points of accuracy: by its own measurements, each
            predicted without itself, where it kept them, else by those that the new one was learned from.
    """

    entry: Entry
    error: float

    def sentence(self, kept: Measured) -> str:
        """What is worse about the new one; empty where nothing is, and the former is the user's own."""
        new = None if kept.predicted is None else _error(self.entry.metric, kept.predicted, kept.values)
        ships = self.entry.origin == "zoo"
        if not ships and (new is None or new <= _ALIKE * self.error):
            return ""
        unit = "%" if METRICS[self.entry.metric].of_device else "points"
        other = (
            "" if new is None else f", and the one saved now {new:.3g} {unit}, each predicted without itself"
        )
        kind = "a shipped" if ships else "another"
        return (
            f"{self.entry.device} had {kind} predictor for {self.entry.metric} of {self.entry.space}, which "
            f"is {self.error:.3g} {unit} off on average{other}: archcast remove {self.entry.device} "
            f"--metric {self.entry.metric} --space {self.entry.space} brings it back"
        )


def keep(model: AnyPredictor, entry: Entry, kept: Measured) -> Path:
    """Save an adapted predictor, from which on it answers; warns as `AdaptedPredictor.save`.

    Returns:
        Its folder.
    """
    folder = settings.predictors_dir() / file_name(*entry.key)
    replaced = _replaced_by(entry.key, kept)
    save(model, folder, card=entry.card, intervals=entry.intervals, beside=kept.to_files())
    store(fresh=True)
    said = "" if replaced is None else replaced.sentence(kept)
    if said:
        warnings.warn(said, ArchcastWarning, stacklevel=3)
    return folder


def kept_of(entry: Entry) -> Measured | None:
    """What a saved predictor was learned from, where that is kept with it."""
    manifest = entry.manifest
    if manifest is None:
        return None
    return Measured.from_files(manifest.beside, lambda name: read_beside(manifest, name))


def _replaced_by(key: Key, kept: Measured) -> Replaced | None:
    """What answers under a key now; None where nothing does, or it cannot be used."""
    here = store(fresh=True)
    entry = next(
        (e for e in here.every if e.key == key and not e.derived_from and not e.card.goes_with), None
    )
    if entry is None:
        return None
    try:
        own = kept_of(entry)
        if own is not None and own.predicted is not None:
            return Replaced(entry, _error(entry.metric, own.predicted, own.values))
        predicted = loaded(entry, here).predict(_batch(entry, kept.archs))
    except ArchcastError:  # what cannot answer is not better
        return None
    return Replaced(entry, _error(entry.metric, predicted, kept.values))


def remove(
    device: str, metric: str = "latency", space: str | None = None, dataset: str | None = None
) -> tuple[Entry, Entry | None]:
    """Remove the user's own predictor that answers, and put what it took the place of there again.

    Args:
        device: for accuracy the data set.
        space, dataset: may be left out where only one is meant.

    Returns:
        What was removed, and what answers now; None where nothing does.

    Raises:
        UnknownNameError: the user has no predictor of the device; lists those there are.
        InputError: it is meant in several spaces or data sets.
    """
    METRICS[metric]
    own = [e for e in store(fresh=True).every if (e.origin, e.metric, e.derived_from) == ("own", metric, "")]
    own = [e for e in own if not e.card.goes_with]
    fitting = [
        e for e in own if e.device == device and space in (None, e.space) and dataset in (None, e.dataset)
    ]
    if not fitting:
        raise unknown_device(f"device of one's own for {metric}", device, {e.device for e in own}, metric)
    keys = {e.key for e in fitting}
    if len(keys) > 1:
        listed = ", ".join(f"{e.space} on {e.dataset or 'any data'}" for e in fitting)
        raise InputError(f"space and dataset must leave one predictor of {device}, and there are {listed}")
    entry = fitting[0]
    remove_folder(entry.saved.folder)
    now = next((e for e in store(fresh=True).every if e.key == entry.key), None)
    return entry, now


def _batch(entry: Entry, archs: Sequence[Any]) -> list[Any]:
    return list(NETWORKS.read(archs).networks) if entry.space == NETWORKS.name else list(archs)


def _error(metric: str, predicted: Any, values: Sequence[float]) -> float:
    found, measured = np.asarray(predicted, dtype=np.float64), np.array(values)
    if not METRICS[metric].of_device:
        return float(np.abs(found - measured).mean())
    return float(100 * np.abs(found / measured - 1).mean())
