"""A scoring of model files as it began: which devices, by which predictors, and how files are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from archcast.featurize.networks import NETWORK
from archcast.serving.entry import Entry
from archcast.serving.scale.claim import claim


@dataclass(frozen=True)
class FilesPlan:
    """What is asked of every file.

    Attributes:
        devices, versions: names, and hashes of the saved predictors that answer for them.
        coverage: of intervals.
        batch, inputs, dims: as `archcast.network` takes them.
    """

    metric: str
    unit: str
    devices: tuple[str, ...]
    versions: tuple[str, ...]
    coverage: float
    batch: int = 1
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[Entry], coverage: float, **reading: Any) -> FilesPlan:
        """The plan of entries of one metric."""
        devices = tuple(entry.device for entry in entries)
        versions = tuple(entry.sha256 for entry in entries)
        return cls(entries[0].metric, entries[0].unit, devices, versions, coverage, **reading)

    def describe(self) -> dict[str, Any]:
        """What `score.json` says."""
        return {"space": NETWORK, "source": "files", **self.asked()}

    def asked(self) -> dict[str, Any]:
        """The fields, as JSON has them."""
        record: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return record

    def claim(self, folder: Path) -> None:
        """Make a folder this plan's, or see that it is.

        Raises:
            InputError: it holds something else, or another scoring; names what differs.
        """
        claim(folder, self.describe())
