"""Which predictors there are: promoted ones first, then the user's other own, then the package's zoo.

What this process saves is seen at once. What another process saves is seen at once where a name is asked for
that was not known, else within `FRESH_NS`: looking at the folder at each call would cost more than an answer.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from archcast.core import settings
from archcast.core.errors import ArchcastError, InputError, UnknownNameError
from archcast.core.labels import Target
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES
from archcast.predictors import Manifest, Predictor, load, read_manifest
from archcast.predictors.artifact.manifest import MANIFEST, last_save
from archcast.predictors.artifact.shipped import zoo_folder
from archcast.predictors.lowered import BesideForm, Form, served_form, served_kind

FRESH_NS = 500_000_000
"""Longest time for which the folder of the user's predictors is not looked at."""
_EXPORTS = 1e9
Refused: TypeAlias = Callable[[Any, ArchcastError], None]
"""(folder, why)."""


@dataclass(frozen=True, slots=True)
class Served:
    """One answer that can be had: a column of a saved predictor.

    Attributes:
        device, space, metric, dataset: what it predicts; for accuracy `device` is the data set.
        predictor: its family, and the family it was made from where it is an export.
        unit: unit of the predictions.
        origin: `own` for the user's predictors, `zoo` for shipped ones.
    """

    device: str
    space: str
    metric: str
    dataset: str
    predictor: str
    unit: str
    origin: str
    manifest: Manifest
    column: int

    @property
    def target(self) -> Target:
        """The column's device and data set."""
        return Target(self.device, self.dataset)

    @property
    def form(self) -> str:
        """How it is called: `table` or `sums` of tables, exported from it; `itself` where it cannot be."""
        return served_kind(self.manifest.header)

    @property
    def version(self) -> str:
        """Name and version in the model registry; else archcast's version, or the day it was saved."""
        card = self.manifest.card
        return card.registered or (f"archcast {card.version}" if self.origin == "zoo" else card.created)


class Store:
    """Saved predictors in the order they are looked for; manifests are read once, arrays when used.

    Args:
        own: folder of the user's predictors.
        before: an earlier store, whose loaded predictors are kept where they are still the same.
        refused: told of each predictor whose manifest cannot be used, and why; it is then left out.

    Attributes:
        cache: what callers made of its entries, by keys of their own; it goes with the store.

    Raises:
        ArtifactError: a manifest cannot be used, and `refused` was not given.
    """

    def __init__(self, own: Path, before: Store | None = None, *, refused: Refused | None = None) -> None:
        found = list(_manifests(own, refused))
        there = {manifest.sha256 for _, manifest in found}
        found.sort(key=lambda pair: _rank(pair[1], there))
        self._served = [s for origin, manifest in found for s in _columns(origin, manifest)]
        self._loaded: dict[_Key, Predictor] = {}
        self._forms: dict[tuple[_Key, tuple[int, ...]], Form] = {}
        self.cache: dict[tuple[object, ...], Any] = {}
        if before is not None:
            kept = {_key(manifest) for _, manifest in found}
            self._loaded |= {key: model for key, model in before._loaded.copy().items() if key in kept}
            self._forms |= {key: form for key, form in before._forms.copy().items() if key[0] in kept}

    def list(self, space: str | None = None, metric: str | None = None) -> list[Served]:
        """What can be predicted now, each (space, metric, device, data set) once."""
        if space is not None:
            SPACES[space]
        if metric is not None:
            METRICS[metric]
        first: dict[tuple[str, str, str, str], Served] = {}
        for s in self._served:
            if space in (None, s.space) and metric in (None, s.metric):
                first.setdefault((s.space, s.metric, s.device, s.dataset), s)
        return list(first.values())

    def find(
        self,
        space: str,
        *,
        device: str | None,
        metric: str,
        dataset: str | None,
        predictor: str | None = None,
    ) -> Served:
        """The first predictor that fits.

        Raises:
            UnknownNameError: no predictor for that metric, device, data set or family; lists those
                that there are.
        """
        METRICS[metric]
        found = [s for s in self._served if s.space == space and s.metric == metric]
        if not found:
            raise UnknownNameError(f"metric for {space}", metric, {s.metric for s in self.list(space)})
        if device is None:
            if METRICS[metric].of_device:
                raise InputError(f"device must be named for {metric} of {space}")
            device = dataset or SPACES[space].datasets[0]
        named = [s for s in found if s.device == device]
        if not named:
            raise UnknownNameError(f"device for {metric} of {space}", device, {s.device for s in found})
        named = _of_dataset(named, space, device, dataset)
        if predictor is None:
            return named[0]
        for s in named:
            if predictor in (s.predictor, s.manifest.header["family"], s.manifest.card.teacher):
                return s
        raise UnknownNameError(f"predictor for {device}", predictor, {s.predictor for s in named})

    def load(self, served: Served) -> Predictor:
        """The fitted predictor behind an entry, read once."""
        key = _key(served.manifest)
        model = self._loaded.get(key)
        if model is None:
            with _lock:
                if key not in self._loaded:
                    self._loaded[key] = load(served.manifest)
                model = self._loaded[key]
        return model

    def form(self, entries: Sequence[Served]) -> Form:
        """What is called for the entries' values side by side, made once for each saved predictor."""
        places: dict[_Key, list[int]] = {}
        for place, served in enumerate(entries):
            places.setdefault(_key(served.manifest), []).append(place)
        parts = [(self._form([entries[p] for p in chosen]), tuple(chosen)) for chosen in places.values()]
        return parts[0][0] if len(parts) == 1 else BesideForm(tuple(parts))

    def _form(self, entries: Sequence[Served]) -> Form:
        """The form of columns of one saved predictor."""
        key = (_key(entries[0].manifest), tuple(served.column for served in entries))
        form = self._forms.get(key)
        if form is None:
            form = self._forms.setdefault(key, served_form(self.load(entries[0]), key[1]))
        return form


_Key = tuple[str, str]


def _key(manifest: Manifest) -> _Key:
    return str(manifest.folder), manifest.sha256


@dataclass(frozen=True, slots=True)
class _Look:
    """A store, and what it was seen to hold: of which environment and folder, after which save, when."""

    home: tuple[str | None, ...]
    own: Path
    changed: int
    saved: int
    checked: int
    store: Store


_last: _Look | None = None
_lock, _looking = threading.Lock(), threading.Lock()


def _unlock() -> None:
    """A fork copies a lock that another thread may hold, who is not there to give it back."""
    global _lock, _looking
    _lock, _looking = threading.Lock(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def store(*, fresh: bool = False) -> Store:
    """The store of this process, read anew when `ARCHCAST_HOME` or what is in it changes.

    Args:
        fresh: look at the folder now, whenever it was looked at last.
    """
    last = _last
    if (
        last is None
        or fresh
        or last.saved != last_save()
        or time.monotonic_ns() - last.checked > FRESH_NS
        or last.home != settings.home_key()
    ):
        return _look()
    return last.store


def _look() -> Store:
    global _last
    with _looking:
        home, saved, now = settings.home_key(), last_save(), time.monotonic_ns()
        own = settings.predictors_dir()
        changed = own.stat().st_mtime_ns if own.is_dir() else 0
        last = _last
        same = last is not None and (last.own, last.changed, last.saved) == (own, changed, saved)
        made = last.store if last is not None and same else Store(own, last.store if last else None)
        _last = _Look(home, own, changed, saved, now, made)
        return made


def _folders(own: Path) -> Iterator[tuple[str, Any]]:
    roots: tuple[tuple[str, Any], ...] = (("own", own), ("zoo", zoo_folder()))
    for origin, root in roots:
        if not root.is_dir():
            continue
        for folder in sorted(root.iterdir(), key=lambda f: str(f.name)):
            if not folder.name.startswith(".") and folder.joinpath(MANIFEST).is_file():
                yield origin, folder


def _manifests(own: Path, refused: Refused | None) -> Iterator[tuple[str, Manifest]]:
    """Origin and manifest of each predictor that can be used."""
    for origin, folder in _folders(own):
        try:
            manifest = read_manifest(folder)
            SPACES[manifest.header["space"]], METRICS[manifest.header["metric"]]
        except ArchcastError as error:
            if refused is None:
                raise
            refused(folder, error)
        else:
            yield origin, manifest


def _rank(manifest: Manifest, there: set[str]) -> float:
    """Promoted predictors come first, those of fewer devices before those of more; then exports whose teacher
    is still there; others stay in order."""
    if manifest.card.registered:
        return len(manifest.targets)
    return _EXPORTS if manifest.card.agreement and manifest.card.teacher_sha256 in there else float("inf")


def _columns(origin: str, manifest: Manifest) -> Iterator[Served]:
    header, teacher = manifest.header, manifest.card.teacher
    family = f"{header['family']} of {teacher}" if teacher else header["family"]
    for column, target in enumerate(manifest.targets):
        yield Served(
            device=target.device,
            space=header["space"],
            metric=header["metric"],
            dataset=target.dataset,
            predictor=family,
            unit=METRICS[header["metric"]].unit,
            origin=origin,
            manifest=manifest,
            column=column,
        )


def _of_dataset(found: list[Served], space: str, device: str, dataset: str | None) -> list[Served]:
    """Those of the data set; without one, of the space's first data set that there is."""
    there = list(dict.fromkeys(s.dataset for s in found))
    if dataset is None:
        known = [d for d in SPACES[space].datasets if d in there]
        dataset = known[0] if known else there[0]
    elif dataset not in there:
        raise UnknownNameError(f"dataset for {device}", dataset, there)
    return [s for s in found if s.dataset == dataset]
