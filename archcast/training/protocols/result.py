"""What a protocol found: records, and the published ones beside them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """What a protocol found.

    Attributes:
        records: one a predictor or method and seed, count or target, as the protocol's kind says.
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
