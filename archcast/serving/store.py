"""Which predictors there are: promoted ones first, then the user's other own, then the package's zoo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from archcast.core import settings
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Target
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES
from archcast.predictors import Manifest, Predictor, load, read_manifest
from archcast.predictors.artifact import MANIFEST
from archcast.predictors.shipped import zoo_folder


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
    def version(self) -> str:
        """Name and version in the model registry; else archcast's version, or the day it was saved."""
        card = self.manifest.card
        return card.registered or (f"archcast {card.version}" if self.origin == "zoo" else card.created)


class Store:
    """Saved predictors in the order they are looked for; manifests are read once, arrays when used."""

    def __init__(self, own: Path) -> None:
        found = [(origin, read_manifest(folder)) for origin, folder in _folders(own)]
        found.sort(key=lambda pair: _rank(pair[1]))
        self._served = [s for origin, manifest in found for s in _columns(origin, manifest)]
        self._loaded: dict[str, Predictor] = {}
        self._lock = Lock()

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
        key = str(served.manifest.folder)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = load(served.manifest)
            return self._loaded[key]


def store() -> Store:
    """The store of this process, read anew when `ARCHCAST_HOME` or what is in it changes."""
    own = settings.predictors_dir()
    return _store(str(own), own.stat().st_mtime_ns if own.is_dir() else 0)


@lru_cache(maxsize=1)
def _store(own: str, changed: int) -> Store:
    del changed
    return Store(Path(own))


def _folders(own: Path) -> Iterator[tuple[str, Any]]:
    roots: tuple[tuple[str, Any], ...] = (("own", own), ("zoo", zoo_folder()))
    for origin, root in roots:
        if not root.is_dir():
            continue
        for folder in sorted(root.iterdir(), key=lambda f: str(f.name)):
            if not folder.name.startswith(".") and folder.joinpath(MANIFEST).is_file():
                yield origin, folder


def _rank(manifest: Manifest) -> float:
    """Promoted predictors come first, those of fewer devices before those of more; others stay in order."""
    return len(manifest.targets) if manifest.card.registered else float("inf")


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
