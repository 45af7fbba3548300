"""A bulk scoring as each of its workers knows it: what predicts, what is read, where parts go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError
from archcast.serving.engine import load
from archcast.serving.loaded import LoadedPredictor
from archcast.serving.scale.claim import claim
from archcast.serving.scale.sources import Source


@dataclass(frozen=True)
class Job:
    """Everything a worker needs; it travels to other processes.

    Attributes:
        sha256: of the saved predictor, so that all parts come from one version of it.
        part_rows: rows of a part; the last may have fewer.
        folder: where the parts are written.
    """

    space: str
    metric: str
    unit: str
    device: str
    dataset: str
    predictor: str
    sha256: str
    source: Source
    part_rows: int
    folder: Path

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.source.rows // self.part_rows)

    def rows_of(self, number: int) -> range:
        """Ids of the rows of a part."""
        start = number * self.part_rows
        return range(start, min(start + self.part_rows, self.source.rows))

    def place(self, number: int) -> Path:
        """File of a part."""
        return self.folder / f"part-{number:06d}.parquet"

    def load(self) -> LoadedPredictor:
        """The predictor in this process.

        Raises:
            InputError: it is not the version that the scoring began with.
            UnknownNameError: this machine does not have it.
        """
        loaded = load(self.device, self.metric, self.space, dataset=self.dataset, predictor=self.predictor)
        if loaded.entry.sha256 != self.sha256:
            raise InputError(
                f"predictor of {self.device} must be the one that the scoring began with, "
                f"it was replaced (version {loaded.entry.sha256[:12]}, not {self.sha256[:12]})"
            )
        return loaded

    def describe(self) -> dict[str, Any]:
        """What `score.json` says."""
        names = ("space", "metric", "unit", "device", "dataset", "predictor", "sha256", "part_rows")
        return {name: getattr(self, name) for name in names} | self.source.describe()

    def claim(self) -> None:
        """Make the folder this job's, or see that it is.

        Raises:
            InputError: it holds something else, or parts of another job; names what differs.
        """
        claim(self.folder, self.describe())
