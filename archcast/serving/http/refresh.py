"""Takes up new versions of predictors: what lies in the folders is looked at, checked, then swapped in whole.

What was loaded stays in memory, so nothing here can make a request fail: a damaged predictor is refused
with a sentence in the log, the version before it goes on, and all others are taken up.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archcast.core import settings
from archcast.core.errors import ArchcastError, ArtifactError
from archcast.featurize.spaces import SPACES
from archcast.predictors import load, read_manifest
from archcast.predictors.artifact.manifest import MANIFEST
from archcast.serving.handle import handle_of
from archcast.serving.http.models import Catalogue, Key, Model
from archcast.serving.store import Served, Store

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
            found = self._read(seen, before or {}, now)
            if _fingerprints(own) == seen:
                self._seen = seen
                return found
            time.sleep(_PAUSE_S)
        self._seen = None
        versions = {**now.versions, **found.versions}
        return Catalogue(versions, _defaults(versions))

    def _read(self, seen: Mapping[str, Print], before: Mapping[str, Print], now: Catalogue) -> Catalogue:
        self.refused = {name: why for name, why in self.refused.items() if seen.get(name) == before.get(name)}
        for name in (name for name, fingerprint in seen.items() if before.get(name) != fingerprint):
            try:  # every file against its hash, also where an earlier version is in memory
                load(read_manifest(settings.predictors_dir() / name))
            except ArchcastError as error:
                self._refuse(name, str(error), of=seen, first=not now)
        unread: set[str] = set()

        def refuse(folder: Any, error: ArchcastError) -> None:
            unread.add(str(folder))
            self._refuse(folder.name, str(error), of=seen, first=not now)

        self._store = Store(settings.predictors_dir(), self._store, refused=refuse)
        found = self._merged(self._store, now, seen, unread)
        if not (found or now) and self.refused:
            raise ArtifactError(next(iter(self.refused.values())))
        return found

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

    def _merged(self, store: Store, now: Catalogue, seen: Mapping[str, Print], unread: set[str]) -> Catalogue:
        """What the store lists, and what was served of predictors whose manifest cannot be read."""
        versions = {key: kept for key, kept in now.versions.items() if _folder(kept[0]) in unread}
        tried: set[str] = set()
        for served in store.list():
            key = (served.space, served.metric, served.device, served.dataset)
            kept = now.versions.get(key, ())
            if key in versions:
                continue
            try:
                model = _model(served, store, tried)
            except ArchcastError as error:
                self._refuse(served.device, str(error), of=seen, first=not now)
                if kept:
                    versions[key] = kept
                continue
            if kept and kept[0].version == model.version:
                versions[key] = kept
                continue
            others = [m for m in kept if m.version != model.version]
            versions[key] = (model, *others)[: self._keep]
            if now:
                log.info("%s (%s) is served in version %s", model.name, model.key[3], model.version)
        return Catalogue(versions, _defaults(versions))


def _folder(model: Model) -> str:
    return str(model.handle.served.manifest.folder)


def _model(served: Served, store: Store, tried: set[str]) -> Model:
    """The loaded model; each predictor is tried once here, so that no request meets its first run."""
    handle = handle_of(served, store)
    manifest = handle.served.manifest
    if manifest.sha256 not in tried:
        handle.predict_codes(SPACES[served.space].sample(1, seed=0))
        tried.add(manifest.sha256)
    return Model(handle)


def _defaults(versions: Mapping[Key, object]) -> dict[tuple[str, str, str], str]:
    """The data set meant when none is named: the space's first that there is."""
    there: dict[tuple[str, str, str], list[str]] = {}
    for space, metric, device, dataset in versions:
        there.setdefault((space, metric, device), []).append(dataset)
    return {
        key: next((name for name in SPACES[key[0]].datasets if name in datasets), datasets[0])
        for key, datasets in there.items()
    }


def _fingerprints(own: Path) -> dict[str, Print]:
    """State of each predictor's folder; a folder that goes while it is looked at counts as gone."""
    found = {}
    for folder in sorted(own.iterdir()) if own.is_dir() else ():
        if folder.name.startswith(".") or not folder.joinpath(MANIFEST).is_file():
            continue
        try:
            stats = [(file.name, file.stat()) for file in sorted(folder.iterdir())]
        except OSError:
            continue
        found[folder.name] = tuple((n, s.st_ino, s.st_size, s.st_mtime_ns) for n, s in stats)
    return found
