"""Costs that were estimated before, on disk: one SQLite file a target version, safe with two processes."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from archcast.collect.estimate.base import LayerCost
from archcast.core import settings
from archcast.core.errors import ArchcastWarning, DataError

_WAIT_S = 60.0
_CHUNK = 500


class EstimateCache:
    """Costs of one target version by key.

    Every entry carries a hash of its text; one that does not fit is left out with a warning, and
    estimated anew. Two processes may write at once: SQLite lets one write at a time, whole or not at all.
    """

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version, self._told = name, version, False

    @property
    def path(self) -> Path:
        """The file, under `ARCHCAST_HOME/estimates`."""
        safe = re.sub(r"[^A-Za-z0-9_.-]", "_", self.name)
        return settings.home() / "estimates" / f"{safe}-{self.version}.sqlite"

    def get(self, keys: Iterable[str]) -> dict[str, LayerCost]:
        """What is known of `keys`; nothing, with a warning, where the file cannot be read.

        Raises:
            DataError: the file is no cache of estimates.
        """
        if not self.path.is_file():
            return {}
        wanted, estimates = list(keys), {}
        try:
            with closing(self._connect()) as db:
                for start in range(0, len(wanted), _CHUNK):
                    some = wanted[start : start + _CHUNK]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, value, hash FROM costs WHERE key IN ({marks})"
                    for key, value, written in db.execute(query, some):
                        cost = self._read(key, value, written)
                        if cost is not None:
                            estimates[key] = cost
        except (sqlite3.OperationalError, OSError) as error:
            self._tell(error)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        return estimates

    def put(self, key: str, cost: LayerCost) -> None:
        """Keep one cost, whole or not at all; a warning says once where it cannot be kept.

        Raises:
            DataError: the file is no cache of estimates.
        """
        text = json.dumps(asdict(cost), sort_keys=True)
        try:
            with closing(self._connect()) as db, db:
                db.execute("INSERT OR REPLACE INTO costs VALUES (?, ?, ?)", (key, text, _hash(key, text)))
        except (sqlite3.OperationalError, OSError) as error:
            self._tell(error)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _tell(self, error: Exception) -> None:
        """Warn, once, of a place where nothing can be kept."""
        if not self._told:
            self._told = True
            said = f"estimates are not kept, as {self.path} cannot be used: {error}"
            warnings.warn(said, ArchcastWarning, stacklevel=3)

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=_WAIT_S)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("CREATE TABLE IF NOT EXISTS costs (key TEXT PRIMARY KEY, value TEXT, hash TEXT)")
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _read(self, key: str, value: Any, written: Any) -> LayerCost | None:
        if isinstance(value, str) and _hash(key, value) == written:
            return LayerCost(**json.loads(value))
        warnings.warn(
            f"estimate {key} in {self.path} is damaged and is estimated anew", ArchcastWarning, stacklevel=3
        )
        return None

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"estimates in {self.path} cannot be used ({error}); once the file is deleted they are made anew"
        )


def _hash(key: str, text: str) -> str:
    return sha256(f"{key}\n{text}".encode()).hexdigest()
