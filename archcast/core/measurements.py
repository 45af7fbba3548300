"""The one schema of measurements: whatever was measured, estimated or published becomes rows of it.

| column | type | meaning |
|---|---|---|
| space | string | search space |
| arch | string | architecture as text of the space's notation (JSON for lists and dicts) |
| device | string | what the cost is of; empty for metrics of no device (accuracy) |
| metric | string | a name of `archcast.core.metric.METRICS`; its unit is the column's unit |
| dataset | string | data set (and with it input size) the network is built for |
| value | float64 | the value in the metric's unit; null unless status is `ok` |
| spread | float64 | standard deviation over the repeats, same unit; null when unknown |
| repeats | int32 | how many repeats `value` summarises; null when unknown |
| status | string | `ok`, `glitch`, `missing` or `failed` |
| source | string | recipe or program that made the row |
| environment | string | JSON of what is known about runtime, precision, threads; empty when nothing |
| time | timestamp | when it was measured; null when unknown |
| note | string | for a row that is not `ok`: what the source had written; empty otherwise |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.errors import DataError
from archcast.core.files import atomic_write
from archcast.core.metric import METRICS
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

STATUSES = ("ok", "glitch", "missing", "failed")
COLUMNS = (
    "space",
    "arch",
    "device",
    "metric",
    "dataset",
    "value",
    "spread",
    "repeats",
    "status",
    "source",
    "environment",
    "time",
    "note",
)
_REPEATED_TEXT = ("space", "device", "metric", "dataset", "status", "source", "environment")


def _pyarrow() -> Any:
    return require("pyarrow", extra="collect", purpose="reading and writing measurement tables")


def schema() -> pa.Schema:
    """The Parquet schema of a measurement table, one field a column of the module's table."""
    pa = _pyarrow()
    text, repeated = pa.string(), pa.dictionary(pa.int32(), pa.string())
    types = dict.fromkeys(_REPEATED_TEXT, repeated) | {
        "arch": text,
        "value": pa.float64(),
        "spread": pa.float64(),
        "repeats": pa.int32(),
        "time": pa.timestamp("us", tz="UTC"),
        "note": text,
    }
    return pa.schema([pa.field(name, types[name]) for name in COLUMNS])


def measurement_table(columns: Mapping[str, Sequence[Any] | Any]) -> pa.Table:
    """Build a measurement table.

    Args:
        columns: column name -> sequence of the table's length, or one value for all rows. `spread`,
            `repeats`, `environment`, `time` and `note` may be left out. NaN becomes null.

    Raises:
        DataError: a column is unknown or missing, a status or metric is unknown, or a row has a value
            without status `ok` (or the reverse).
    """
    pa = _pyarrow()
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown:
        raise DataError(f"measurement columns must be among {', '.join(COLUMNS)}; got {unknown[0]}")
    lengths = {len(v) for v in columns.values() if not _is_scalar(v)}
    if len(lengths) != 1:
        raise DataError(f"measurement columns must have one length, got {sorted(lengths)}")
    n = lengths.pop()
    defaults = {"spread": None, "repeats": None, "environment": "", "time": None, "note": ""}
    arrays = []
    for field in schema():
        if field.name not in columns and field.name not in defaults:
            raise DataError(f"a measurement table needs the column {field.name}")
        given = columns.get(field.name, defaults.get(field.name))
        arrays.append(_as_array(pa, given, n, field.type))
    table = pa.Table.from_arrays(arrays, schema=schema())
    check(table)
    return table


def check(table: pa.Table) -> None:
    """Raise DataError unless `table` has the schema and its values agree with their statuses."""
    _pyarrow()
    import pyarrow.compute as pc

    if table.schema.names != list(COLUMNS):
        raise DataError(f"a measurement table has the columns {', '.join(COLUMNS)}")
    for column, known in (("status", STATUSES), ("metric", METRICS.names())):
        for value in pc.unique(table[column].combine_chunks()).to_pylist():
            if value not in known:
                raise DataError(f"{column} must be one of {', '.join(known)}; got {value!r}")
    ok = pc.equal(table["status"].cast("string"), "ok")
    wrong = pc.not_equal(ok, pc.is_valid(table["value"])).to_numpy(zero_copy_only=False)
    if wrong.any():
        raise DataError(
            "a measurement has a value exactly when its status is ok; "
            f"row {int(np.flatnonzero(wrong)[0])} does not"
        )


def write_table(table: pa.Table, path: Path) -> None:
    """Write `table` to `path` as Parquet; the file appears whole or not at all."""
    _pyarrow()
    import pyarrow.parquet as pq

    check(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_table(path: Path) -> pa.Table:
    """Read a measurement table; raise DataError when it is missing or not of the schema."""
    pa = _pyarrow()
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"no measurement table at {path}")
    try:
        table = pq.read_table(path).cast(schema())
    except (pa.ArrowInvalid, ValueError) as error:
        raise DataError(f"{path} is not a measurement table: {error}") from error
    check(table)
    return table


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str) or not hasattr(value, "__len__")


def _as_array(pa: Any, value: Any, n: int, kind: Any) -> Any:
    if _is_scalar(value):
        return pa.nulls(n, kind) if value is None else pa.array([value] * n).cast(kind)
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    array = pa.array(value, type=plain, from_pandas=True)
    return array.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else array
