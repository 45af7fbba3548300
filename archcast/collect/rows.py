"""Measurements as mappings, checked and made plain before they are stored."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archcast.core.errors import DataError, InputError, UnknownNameError, shorten
from archcast.core.measurements import COLUMNS, measurement_table
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

_MAY_BE_LEFT_OUT = {"spread": None, "repeats": None, "time": None, "note": ""}


def checked_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with every column of a measurement, of types that JSON holds; `time` is ISO 8601 text in UTC.

    Raises:
        InputError: a row has an unknown column, lacks one, or breaks the schema; names the row.
    """
    complete = [_complete(row, i) for i, row in enumerate(rows)]
    if not complete:
        return []
    try:
        return _plain(complete)
    except InputError:
        for i, row in enumerate(complete):  # one by one, to name the row at fault
            try:
                _plain([row])
            except InputError as error:
                raise InputError(str(error), item=i) from error
        raise


def environment_json(facts: Mapping[str, Any]) -> str:
    """Canonical text of what is known about a measurement's circumstances: JSON with sorted keys.

    Raises:
        InputError: there is no fact, or one is not plain (text, finite number, truth value, null, or lists
            and mappings of them).
    """
    if not facts:
        raise InputError("an environment must have at least one fact, got none")
    try:
        return json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"an environment must be plain facts that JSON can hold: {error}") from error


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of a measurement table, of types that JSON holds; `time` is ISO 8601 text in UTC."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        if row["time"] is not None:
            row["time"] = row["time"].isoformat()
    return rows


def _complete(row: Mapping[str, Any], item: int) -> dict[str, Any]:
    for name in row:
        if name not in COLUMNS:
            raise UnknownNameError("measurement column", name, COLUMNS)
    for name in COLUMNS:
        if name not in row and name not in _MAY_BE_LEFT_OUT:
            raise InputError(f"a measurement must have the column {name}", item=item)
    complete = {name: row.get(name, _MAY_BE_LEFT_OUT.get(name)) for name in COLUMNS}
    _check_environment(complete["environment"], item)
    time = complete["time"]
    if time is not None and not (isinstance(time, datetime) and time.tzinfo is not None):
        raise InputError(f"time must be a datetime with a time zone, got {shorten(time)}", item=item)
    for name in ("value", "spread"):
        number = complete[name]
        if isinstance(number, float) and math.isinf(number):
            raise InputError(f"{name} must be finite, got {number}", item=item)
    return complete


def _check_environment(text: object, item: int) -> None:
    try:
        facts = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or not facts:
        raise InputError(
            f"environment must be the text of a JSON object that is not empty, got {shorten(text)}", item=item
        )


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pa = require("pyarrow", extra="collect", purpose="checking measurements")
    try:
        table = measurement_table({name: [row[name] for row in rows] for name in COLUMNS})
    except (pa.ArrowException, TypeError, ValueError, OverflowError, DataError) as error:
        raise InputError(f"a measurement must have the types of the schema: {error}") from error
    for name in COLUMNS:
        if name not in ("value", "spread", "repeats", "time") and table[name].null_count:
            raise InputError(f"{name} must be text, got None")
    return plain_rows(table)
