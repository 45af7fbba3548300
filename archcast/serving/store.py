"""Which predictors there are: promoted ones first, then the user's other own, then the package's zoo.

What an adapted predictor saves is seen at once, and so is what anyone saves under a name that was not known.
Anything else that is saved is seen within `FRESH_NS`: looking at the folder at each call would cost more than
an answer.
"""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from archcast.core import settings
from archcast.core.errors import ArchcastError, ArchcastWarning, ArtifactError, InputError
from archcast.core.metric import METRICS
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import space_named
from archcast.predictors import Manifest, load_any, read_manifest
from archcast.predictors.artifact.kinds import AnyPredictor
from archcast.predictors.artifact.manifest import MANIFEST, check
from archcast.predictors.artifact.measured import taught_within
from archcast.predictors.artifact.shipped import zoo_folder
from archcast.predictors.lowered import Form, served_form
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.form import NetworkForm
from archcast.predictors.networks.members.predictor import MembersPredictor
from archcast.serving.entry import Entries, Entry, Refusal

FRESH_NS = 100_000_000
"""Longest time for which the folder of the user's predictors is not looked at."""
_EXPORTS = 1e9


class Store(Entries):
    """Saved predictors in the order they are looked for; manifests are read once, arrays when used.

    Args:
        own: folder of the user's predictors.
        before: an earlier store, whose loaded predictors are kept where they are still the same.

    Attributes:
        answering: what callers made of its entries, by keys of their own; it goes with the store.
    """

    def __init__(self, own: Path, before: Store | None = None) -> None:
        refused: list[Refusal] = []
        saved = [("own", manifest) for manifest in _current(tuple(_usable(own, refused)))]
        saved += [("zoo", manifest) for manifest in _zoo(zoo_folder())]
        there = {manifest.sha256 for _, manifest in saved}
        saved.sort(key=lambda pair: _rank(pair[1], there))
        every = (e for origin, manifest in saved for e in _columns(origin, manifest))
        super().__init__(_with_derived(every), refused)
        self._loaded: dict[_Key, AnyPredictor] = {}
        self._forms: dict[tuple[_Key, tuple[int, ...], str], Form] = {}
        self._members: dict[tuple[_Key, tuple[int, ...], str, Space, str], MembersPredictor] = {}
        self.answering: dict[tuple[object, ...], Any] = {}
        if before is not None:
            kept = {_key(manifest) for _, manifest in saved}
            self._loaded |= {key: model for key, model in before._loaded.copy().items() if key in kept}
            self._forms |= {key: form for key, form in before._forms.copy().items() if key[0] in kept}
            self._members |= {key: own for key, own in before._members.copy().items() if key[0] in kept}

    def beyond(self, device: str, metric: str) -> Store | None:
        now = store(fresh=True)
        return store(fresh=True) if now.learn_beyond(device, metric) else None

    def learn_beyond(self, device: str, metric: str) -> bool:
        """Learn for networks of any form what measurements within spaces tell; whether that says more now."""
        from archcast.serving.beyond import learn_beyond

        own = list({e.sha256: e.saved for e in self.every if e.origin == "own"}.values())
        if any(m.card.goes_with and m.targets[0].device == device for m in own):
            return False
        return learn_beyond(own, device, metric) is not None

    def load(self, entry: Entry) -> AnyPredictor:
        """The fitted predictor behind an entry, read once.

        Raises:
            ArtifactError: its arrays are damaged.
        """
        manifest = entry.saved
        key = _key(manifest)
        model = self._loaded.get(key)
        if model is None:
            with _lock:
                if key not in self._loaded:
                    self._loaded[key] = load_saved(manifest)
                model = self._loaded[key]
        return model

    def damaged(self) -> list[Refusal]:
        """Own predictors whose arrays cannot be read, which raise when asked for; all are read anew."""
        manifests = {str(e.saved.folder): e.saved for e in self.every if e.origin == "own"}
        reasons = []
        for manifest in manifests.values():
            try:
                load_saved(manifest)
            except ArchcastError as error:
                keys = tuple(e.key for e in self.every if e.manifest is manifest)
                reasons.append(Refusal(manifest.folder, str(error), keys, manifest.header["family"]))
        return reasons

    def form(self, entries: Sequence[Entry]) -> Form:
        """What is called for the values of entries of one saved predictor, made once."""
        first, columns = entries[0], tuple(entry.column for entry in entries)
        if first.by_networks:
            return self.members(entries).form
        key = (_key(first.saved), columns, first.derived_from)
        form = self._forms.get(key)
        if form is None:
            form = self._forms.setdefault(key, _form(self.load(first), columns, first))
        return form

    def members(self, entries: Sequence[Entry]) -> MembersPredictor:
        """What a predictor of networks says of a space's members on the devices of entries, made once."""
        first, columns = entries[0], tuple(entry.column for entry in entries)
        space = space_named(first.space)
        key = (_key(first.saved), columns, first.derived_from, space, first.dataset)
        predictor = self._members.get(key)
        if predictor is None:
            model = self.load(first)
            if not isinstance(model, NetworkPredictor):
                raise InputError(
                    f"predictor of {first.device} must be of networks to answer for {first.space}"
                )
            per_second = bool(first.derived_from)
            predictor = MembersPredictor(model.select(columns), space, first.dataset, per_second=per_second)
            predictor = self._members.setdefault(key, predictor)
        return predictor


def _form(model: AnyPredictor, columns: tuple[int, ...], first: Entry) -> Form:
    if isinstance(model, NetworkPredictor):
        return NetworkForm(model, columns, version=first.sha256, per_second=bool(first.derived_from))
    return served_form(model, columns, kind=first.form)


def load_saved(manifest: Manifest) -> AnyPredictor:
    """The predictor of a manifest.

    Raises:
        ArtifactError: its arrays are damaged; says what to do.
    """
    try:
        return load_any(manifest)
    except ArtifactError as error:
        way = f"save it anew, or remove {manifest.folder} to be answered by what stands behind it"
        raise ArtifactError(f"{error}; {way}") from error


_Key = tuple[str, str]


def _key(manifest: Manifest) -> _Key:
    return str(manifest.folder), manifest.sha256


@dataclass(frozen=True, slots=True)
class _Look:
    """A store, and what it was seen to hold: of which home and folder, of which state of it, when."""

    home: str | None
    own: Path
    changed: int
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
        or time.monotonic_ns() - last.checked > FRESH_NS
        or last.home != os.environ.get("ARCHCAST_HOME")
    ):
        return _look()
    return last.store


def _look() -> Store:
    """Look at the folder, and warn of what is refused there now and was not before."""
    global _last
    with _looking:
        home, now, last = os.environ.get("ARCHCAST_HOME"), time.monotonic_ns(), _last
        own = settings.predictors_dir()
        changed = own.stat().st_mtime_ns if own.is_dir() else 0
        same = last is not None and (last.own, last.changed) == (own, changed) and not _just(changed)
        current = last.store if last is not None and same else Store(own, last.store if last else None)
        _last = _Look(home, own, changed, now, current)
    known = {refusal.reason for refusal in last.store.refused} if last is not None else set()
    for refusal in current.refused:
        if refusal.reason not in known:
            warnings.warn(refusal.sentence, ArchcastWarning, stacklevel=4)
    return current


_SETTLES_NS = 20_000_000


def _just(changed: int) -> bool:
    """Whether a folder changed so lately that its time may not tell of a change right after."""
    return 0 <= time.time_ns() - changed < _SETTLES_NS


def _folders(root: Any) -> Iterator[Any]:
    if root.is_dir():
        for folder in sorted(root.iterdir(), key=lambda f: str(f.name)):
            if not folder.name.startswith(".") and folder.joinpath(MANIFEST).is_file():
                yield folder


def _usable(own: Path, refused: list[Refusal]) -> Iterator[Manifest]:
    """Manifests that can be used; the others are added to `refused`."""
    for folder in _folders(own):
        try:
            manifest = read_manifest(folder)
            check(manifest)
        except ArchcastError as error:
            refused.append(_refusal(folder, str(error)))
        else:
            yield manifest


def _current(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """All but those that go with others which are not these any more; they stand behind the others."""
    yield from (m for m in manifests if not m.card.goes_with)
    for manifest in manifests:
        if manifest.card.goes_with:
            device = manifest.targets[0].device
            taught = taught_within(manifests, manifest.header["metric"], device)
            if {m.sha256 for m in taught} == set(manifest.card.goes_with):
                yield manifest


@lru_cache(maxsize=4)
def _zoo(root: Any) -> tuple[Manifest, ...]:
    """Manifests of the shipped predictors, which are of this version."""
    return tuple(read_manifest(folder) for folder in _folders(root))


def _refusal(folder: Path, reason: str) -> Refusal:
    """A refusal, with what the manifest says of its targets where that can still be read."""
    try:
        header = json.loads(folder.joinpath(MANIFEST).read_text(encoding="utf-8"))["header"]
        space, metric, family = (str(header[name]) for name in ("space", "metric", "family"))
        keys = tuple((space, metric, str(device), str(dataset)) for device, dataset in header["targets"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Refusal(folder, reason)
    return Refusal(folder, reason, keys, family)


def _rank(manifest: Manifest, there: set[str]) -> float:
    """Promoted predictors come first, those of fewer devices before those of more; then exports whose teacher
    is still there; others stay in order."""
    if manifest.card.registered:
        return len(manifest.targets)
    return _EXPORTS if manifest.card.agreement and manifest.card.teacher_sha256 in there else float("inf")


def _columns(origin: str, manifest: Manifest) -> Iterator[Entry]:
    header, teacher = manifest.header, manifest.card.teacher
    for column, target in enumerate(manifest.targets):
        yield Entry(
            device=target.device,
            space=header["space"],
            metric=header["metric"],
            dataset=target.dataset,
            predictor=f"{header['family']} of {teacher}" if teacher else header["family"],
            unit=METRICS[header["metric"]].unit,
            origin=origin,
            form=manifest.form,
            column=column,
            card=manifest.card,
            intervals=manifest.intervals,
            manifest=manifest,
        )


def _with_derived(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries, and behind all of them items a second, which follow from networks' latencies."""
    every = []
    for entry in entries:
        every.append(entry)
        yield entry
    for entry in every:
        if (entry.space, entry.metric) == (NETWORK, "latency"):
            unit = METRICS["throughput"].unit
            yield replace(entry, metric="throughput", unit=unit, derived_from="latency")
