"""Published tables of networks of any form as measurement rows.

A row's architecture is the key of its network where the network's structure is known, else the table and the
network's name; its environment keeps the name and what the table says besides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.rows import environment_json
from archcast.collect.tables.base import Recipe, RemoteFile, Series, card_of
from archcast.core.errors import DataError
from archcast.core.measurements import COLUMNS, measurement_table
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

SPACE = "network"
FOLDER = "networks"
"""Folder of these tables below that of all tables."""


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure.

    Attributes:
        network: name in the table.
        value: in the metric's unit, as published or worked out from that.
        facts: what else is known, for the environment.
        spread: standard deviation, same unit.
        wrong: why the figure is not that of the network; empty where it is.
    """

    network: str
    device: str
    metric: str
    value: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    spread: float | None = None
    wrong: str = ""


def table_recipe(name: str, read: Callable[[Path, str], pa.Table]) -> Recipe:
    """The recipe of a table of networks whose card is `NAME.json` in this package."""
    card = card_of(name)
    return Recipe(
        name=name,
        title=card["title"],
        citation=card["citation"],
        licence=card["licence"],
        redistributable=True,
        upstream=card["upstream"],
        files=_files(name),
        series=tuple(Series(SPACE, metric, "", tuple(devices)) for metric, devices in card["series"].items()),
        read=read,
        by_hand=f"bring what {card['upstream']} publishes into the form that docs/network_costs.md describes",
        about=card["about"],
    )


def network_recipe(name: str, rows: Callable[[list[dict[str, Any]]], Iterable[Row]]) -> Recipe:
    """The recipe of a table that has one figure a line.

    Args:
        rows: figures of the table's lines, each a mapping of column to value.
    """
    return table_recipe(name, partial(_read, name, rows))


def _files(name: str) -> tuple[RemoteFile, ...]:
    listed = card_of(name)["files"].items()
    return tuple(RemoteFile(f"{FOLDER}/{path}", "", e["sha256"], e["size"]) for path, e in listed)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Lines of a Parquet file; raise DataError when it is none."""
    pa = require("pyarrow", extra="collect", purpose="reading measurement tables")
    import pyarrow.parquet as pq

    try:
        lines: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from error
    return lines


def words_of(name: str, column: str) -> Callable[[object], str]:
    """A look-up of what a table calls something, by its card; it raises DataError for any other word."""
    words: Mapping[str, str] = card_of(name)["words"][column]

    def look_up(said: object) -> str:
        if not isinstance(said, str) or said not in words:
            raise DataError(f"{column} of the table {name} must be one of {', '.join(words)}; got {said!r}")
        return words[said]

    return look_up


def _read(
    name: str, rows: Callable[[list[dict[str, Any]]], Iterable[Row]], folder: Path, space: str
) -> pa.Table:
    try:
        lines = [line for remote in _files(name) for line in read_lines(folder / remote.path)]
        complete = [_complete(name, space, row) for row in rows(lines)]
    except KeyError as error:
        raise DataError(f"the table {name} in {folder} has no column {error}") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"the table {name} in {folder} is not of the published form: {error}") from error
    return measurement_table({column: [row.get(column) for row in complete] for column in COLUMNS})


def _complete(name: str, space: str, row: Row) -> dict[str, Any]:
    status = "ok" if isfinite(row.value) and row.value > 0 else "missing"
    if row.wrong or row.value == 0:
        status = "glitch"
    ok = status == "ok"
    return {
        "space": space,
        "arch": f"{name}:{row.network}",
        "device": row.device,
        "metric": row.metric,
        "dataset": "",
        "value": row.value if ok else None,
        "spread": row.spread if ok else None,
        "status": status,
        "source": name,
        "environment": environment_json({"network": row.network, **row.facts}),
        "note": "" if ok else json.dumps(row.value) + (f": {row.wrong}" if row.wrong else ""),
    }


def present(line: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Column and value of those that a line has."""
    for column in columns:
        value = line[column]
        if value is not None and value == value:  # neither absent nor NaN
            yield column, value
