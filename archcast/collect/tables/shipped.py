"""The tables that archcast measured and estimated itself, inside the package.

Each is a Parquet file of the measurement schema with a card beside it: a JSON file of the same name that
says what the rows are, the command that made them, and the hash of the Parquet file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.tables.base import Recipe, RemoteFile, Series, series_of
from archcast.core.errors import DataError
from archcast.core.measurements import read_table

if TYPE_CHECKING:
    import pyarrow as pa

SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
_KEYS = {"title", "command", "about", "made", "licence", "sha256", "size", "series"}


def shipped_recipes(folder: Path = SHIPPED) -> Iterator[Recipe]:
    """One recipe for each card in `folder`, in the order of their names.

    Raises:
        DataError: a card lacks an entry or has one that is not known.
    """
    for card in sorted(folder.glob("*.json")):
        record = json.loads(card.read_text(encoding="utf-8"))
        if set(record) != _KEYS:
            odd = sorted(set(record) ^ _KEYS)[0]
            raise DataError(f"{card} must have the entries {', '.join(sorted(_KEYS))}; {odd} is amiss")
        yield _recipe(card.stem, record, folder)


def write_card(path: Path, *, title: str, command: str, about: str, made: str) -> Path:
    """Write the card of a Parquet file of measurements beside it, and return its path.

    Args:
        title: what the table is, in a few words.
        command: command that makes it anew.
        about: what a user of its figures must know.
        made: day it was made, as 2026-01-31.

    Raises:
        DataError: `path` is not a table of measurements.
    """
    table = read_table(path)
    content = path.read_bytes()
    card = path.with_suffix(".json")
    record = {
        "title": title,
        "command": command,
        "about": about,
        "made": made,
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "series": [asdict(series) for series in series_of(table)],
    }
    card.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return card


def _recipe(name: str, record: dict[str, Any], folder: Path) -> Recipe:
    file = RemoteFile(f"{name}.parquet", "", record["sha256"], record["size"])

    def read(place: Path, space: str) -> pa.Table:
        import pyarrow.compute as pc

        path = place / file.path
        table = read_table(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            raise DataError(f"{path} is not the file that its card describes: its hash differs")
        return table.filter(pc.equal(table["space"].cast("string"), space)).unify_dictionaries()

    return Recipe(
        name=name,
        title=record["title"],
        citation=f"archcast, made {record['made']} by: {record['command']}",
        licence=record["licence"],
        redistributable=True,
        upstream=f"archcast, {record['made']}",
        files=(file,),
        series=tuple(
            Series(s["space"], s["metric"], s["dataset"], tuple(s["devices"])) for s in record["series"]
        ),
        read=read,
        folder=folder,
        about=record["about"],
    )
