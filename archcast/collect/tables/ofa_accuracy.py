"""ImageNet top-1 of OFA-MobileNetV3 subnets (width 1.0, 224 px) that DyNAS-T measured, in %.

The sample comes from five searches, so it is biased to good networks; a network measured more than
once has a row for each time (up to 0.1 points apart). The files' latency column is 0 throughout and
means nothing; it is left out. `time` is when a network was measured, without a zone and read as UTC.
"""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.collect.tables.reading import number, parsed, read_csv
from archcast.core.errors import DataError, shorten
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "ofa_accuracy"
_ARCH, _DATE, _TOP1 = "Sub-network", "Date", "Top-1 Acc (%)"
_SERIES = Series("ofa_mbv3", "accuracy", "imagenet")
_FILES = manifest(NAME)[1]


def _architecture(text: str, file: Path) -> dict[str, Any]:
    try:
        record = ast.literal_eval(text)
        side = record["r"]
        arch = {"ks": record["ks"], "e": record["e"], "d": record["d"]}
        if record.get("wid") is not None:
            raise DataError(f"{file} must hold networks of width 1.0, got {record['wid']!r}")
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{file} must hold subnets as dicts, got {shorten(text)}") from error
    return arch | {"r": side[0] if isinstance(side, list) and len(side) == 1 else side}


def _read(folder: Path, space: str) -> pa.Table:
    known, tables = SPACES[space], []
    for remote in _FILES:
        file = folder / remote.path
        rows = read_csv(file, (_ARCH, _DATE, _TOP1))
        codes = parsed(space, [_architecture(row[_ARCH], file) for row in rows], file)
        values = [number(row[_TOP1], file) for row in rows]
        tables.append(column(_SERIES, "", known.to_text(codes), values, source=NAME))
        tables[-1] = _with_times(tables[-1], [row[_DATE] for row in rows], file)
    return joined(tables)


def _with_times(table: pa.Table, texts: list[str], file: Path) -> pa.Table:
    import pyarrow as pa

    try:
        times = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    except ValueError as error:
        raise DataError(f"{file} must hold dates: {error}") from error
    field = table.schema.field("time")
    place = table.schema.get_field_index("time")
    return table.set_column(place, field, pa.array(times, field.type))


RECIPE = published(NAME, series=(_SERIES,), read=_read)
