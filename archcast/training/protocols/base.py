"""What a protocol is: a fixed question to predictors, answered as records."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.errors import UnknownNameError
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
        of_families: whether `predictors` names families, any of which may be asked for; else methods.
    """

    name: str
    title: str
    predictors: tuple[str, ...]
    run: Callable[[Sequence[str], Sequence[int], Progress], ProtocolResult]
    seeds: int = 1
    of_families: bool = True

    def check(self, names: Sequence[str]) -> None:
        """Raise UnknownNameError for a method that the protocol does not have."""
        for name in names:
            if not self.of_families and name not in self.predictors:
                raise UnknownNameError(f"method of {self.name}", name, self.predictors)


PROTOCOLS: Registry[Protocol] = Registry("protocol")
