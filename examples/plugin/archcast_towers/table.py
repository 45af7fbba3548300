"""A table that lies in the package itself. Its latencies are made up: they show the form, not a device."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from archcast.collect.tables import Recipe, RemoteFile, Series
from archcast.collect.tables.base import column

_SERIES = Series("towers", "latency", "digits", ("board-a", "board-b"))


def _read(folder: Path, space: str) -> pa.Table:
    with (folder / "towers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    archs = [row["arch"] for row in rows]
    columns = [
        column(_SERIES, device, archs, [float(row[device]) for row in rows], source="towers")
        for device in _SERIES.devices
    ]
    return pa.concat_tables(columns).unify_dictionaries().combine_chunks()


RECIPE = Recipe(
    name="towers",
    title="made-up latencies of 48 towers on two boards that do not exist",
    citation="none",
    licence="CC0-1.0",
    redistributable=True,
    upstream="archcast-towers",
    files=(RemoteFile("towers.csv"),),
    series=(_SERIES,),
    read=_read,
    folder=Path(__file__).parent,
)
