"""Takes up new versions of predictors: what lies in the folders is looked at, checked, then swapped in whole.

What was loaded stays in memory, so nothing here can make a request fail: a damaged predictor is refused
with a sentence in the log, the version before it goes on, and all others are taken up.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path

from archcast.core import settings
from archcast.core.errors import ArchcastError, ArtifactError
from archcast.predictors import read_manifest
from archcast.predictors.artifact.manifest import MANIFEST
from archcast.serving.entry import Entry, Refusal
from archcast.serving.http.models import Catalogue
from archcast.serving.loaded import LoadedPredictor, loaded
from archcast.serving.store import Store, load_saved

log = logging.getLogger("archcast.serve")

_ATTEMPTS = 3
_PAUSE_S = 0.05
Print = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of each file of a folder."""


class Refresher:
    """Reads the folders of predictors whenever something in them has changed.

    Attributes:
        refused: folder -> why its predictor is not served, as of the last look.
        refusals: how often a predictor was refused.
    """

    def __init__(self, *, keep_versions: int) -> None:
        self._keep = keep_versions
        self._seen: dict[str, Print] | None = None
        self._store: Store | None = None
        self.refused: dict[str, str] = {}
        self.refusals = 0

    def look(self, now: Catalogue) -> Catalogue:
        """The catalogue as the folders have it; `now` itself when nothing has changed.

        A predictor that is being replaced is gone for a moment. So what was read counts only when the
        folders were the same afterwards; else, after a few attempts, nothing is dropped until the next look.

        Raises:
            ArtifactError: no predictor can be served, as those there are were refused.
        """
        own, before = settings.predictors_dir(), self._seen
        for _ in range(_ATTEMPTS):
            seen = _fingerprints(own)
            if seen == before:
                return now
            entries = self._read(seen, before or {}, now)
            if _fingerprints(own) == seen:
                self._seen = seen
                return entries
            time.sleep(_PAUSE_S)
        self._seen = None
        return Catalogue({**now.versions, **entries.versions}, entries.refused)

    def _read(self, seen: Mapping[str, Print], before: Mapping[str, Print], now: Catalogue) -> Catalogue:
        self.refused = {name: why for name, why in self.refused.items() if seen.get(name) == before.get(name)}
        for name in (name for name, fingerprint in seen.items() if before.get(name) != fingerprint):
            try:  # every file against its hash, also where an earlier version is in memory
                load_saved(read_manifest(settings.predictors_dir() / name))
            except ArchcastError as error:
                self._refuse(name, str(error), of=seen, first=not now)
        self._store = Store(settings.predictors_dir(), self._store)
        for refusal in self._store.refused:
            self._refuse(refusal.folder.name, refusal.reason, of=seen, first=not now)
        merged = self._merged(self._store, now, seen)
        if not (merged or now) and self.refused:
            raise ArtifactError(next(iter(self.refused.values())))
        return merged

    def _refuse(self, name: str, why: str, *, of: Mapping[str, Print], first: bool) -> None:
        """Say so once, unless the folders have changed meanwhile and are read again anyway."""
        if why in self.refused.values() or _fingerprints(settings.predictors_dir()) != of:
            return
        if first:
            log.warning("refused: %s; the others are served", why)
        else:
            log.error("refused: %s; what was served before goes on", why)
        self.refused[name] = why
        self.refusals += 1

    def _merged(self, store: Store, now: Catalogue, seen: Mapping[str, Print]) -> Catalogue:
        """What the store lists, and what was served of predictors whose manifest cannot be read."""
        unread = {str(refusal.folder) for refusal in store.refused}
        versions = {
            key: kept for key, kept in now.versions.items() if str(kept[0].entry.saved.folder) in unread
        }
        refused, tried = list(store.refused), set[str]()
        for entry in store.first():
            key, kept = entry.key, now.versions.get(entry.key, ())
            if key in versions:
                continue
            try:
                model = _tried(entry, store, tried)
            except ArchcastError as error:
                self._refuse(entry.device, str(error), of=seen, first=not now)
                if kept:
                    versions[key] = kept
                else:
                    refused.append(Refusal(entry.saved.folder, str(error), (key,), entry.predictor))
                continue
            versions[key] = self._following(model, kept, said=bool(now))
        return Catalogue(versions, tuple(refused))

    def _following(
        self, model: LoadedPredictor, kept: tuple[LoadedPredictor, ...], *, said: bool
    ) -> tuple[LoadedPredictor, ...]:
        """The versions to serve, those before after the new one."""
        entry = model.entry
        if kept and kept[0].entry.digest == entry.digest:
            return kept
        if said:
            log.info("%s (%s) is served in version %s", entry.name, entry.dataset, entry.digest)
        others = [m for m in kept if m.entry.digest != entry.digest]
        return (model, *others)[: self._keep]


def _tried(entry: Entry, store: Store, tried: set[str]) -> LoadedPredictor:
    """The loaded predictor; each saved one is tried once here, so that no request meets its first run."""
    model = loaded(entry, store)
    if entry.sha256 not in tried:
        model.try_once()
        tried.add(entry.sha256)
    return model


def _fingerprints(own: Path) -> dict[str, Print]:
    """State of each predictor's folder; a folder that goes while it is looked at counts as gone."""
    fingerprints = {}
    for folder in sorted(own.iterdir()) if own.is_dir() else ():
        if folder.name.startswith(".") or not folder.joinpath(MANIFEST).is_file():
            continue
        try:
            stats = [(file.name, file.stat()) for file in sorted(folder.iterdir())]
        except OSError:
            continue
        fingerprints[folder.name] = tuple((n, s.st_ino, s.st_size, s.st_mtime_ns) for n, s in stats)
    return fingerprints
