"""What a protocol is: a fixed question to predictors, answered as records."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.registry import Registry

Record = Mapping[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """What a protocol found.

    Attributes:
        records: one a predictor and seed, with the figure of each test device and their mean.
        published: the same columns for figures from the literature, with their source.
    """

    protocol: str
    records: tuple[Record, ...]
    published: tuple[Record, ...]

    def write_csv(self, path: Path) -> None:
        """Write measured and published records to one CSV file."""
        rows = [*self.records, *self.published]
        names = list(dict.fromkeys(name for row in rows for name in row))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A named way to measure quality.

    Attributes:
        run: (predictor families, seeds, progress) -> result.
        predictors: families or methods it is run with when none are named.
        seeds: how many seeds it is run with when no number is given.
    """

    name: str
    title: str
    predictors: tuple[str, ...]
    run: Callable[[Sequence[str], Sequence[int], Progress], ProtocolResult]
    seeds: int = 1


PROTOCOLS: Registry[Protocol] = Registry("protocol")
