"""The measurement table: its columns, its checks, its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcast.core.errors import DataError
from archcast.core.measurements import COLUMNS, check, measurement_table, read_table, schema, write_table

ROWS: dict[str, Any] = {
    "space": "macro",
    "arch": ["00000000", "11111111", "22222222"],
    "device": "board",
    "metric": "latency",
    "dataset": "cifar10",
    "value": np.array([1.5, np.nan, 2.5]),
    "status": ["ok", "failed", "ok"],
    "source": "test",
    "note": ["", "out of memory", ""],
}


def test_what_is_left_out_is_empty() -> None:
    rows = measurement_table(ROWS).to_pylist()
    assert rows[0] | {"spread": None, "repeats": None, "time": None, "environment": ""} == rows[0]
    assert [r["value"] for r in rows] == [1.5, None, 2.5]
    assert [r["note"] for r in rows] == ["", "out of memory", ""]


def test_schema_is_the_documented_one() -> None:
    assert tuple(schema().names) == COLUMNS
    assert measurement_table(ROWS).schema.equals(schema())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "fine"}, "status must be one of ok, glitch, missing, failed; got 'fine'"),
        ({"metric": "speed"}, "metric must be one of"),
        ({"status": "ok"}, "row 1 does not"),
        ({"value": [1.0, 2.0, 3.0]}, "row 1 does not"),
        ({"colour": "red"}, "columns must be among"),
        ({"arch": ["00000000"]}, "one length, got"),
    ],
)
def test_wrong_columns_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        measurement_table(ROWS | change)


def test_a_needed_column() -> None:
    with pytest.raises(DataError, match="needs the column device"):
        measurement_table({k: v for k, v in ROWS.items() if k != "device"})


def test_round_trip(tmp_path: Path) -> None:
    table = measurement_table(ROWS)
    path = tmp_path / "new/folder/table.parquet"
    write_table(table, path)
    assert read_table(path).equals(table)
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def test_reading_what_is_no_table(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "table.parquet"
    with pytest.raises(DataError, match="no measurement table at"):
        read_table(path)
    path.write_bytes(b"PAR1 is not enough")
    with pytest.raises(DataError, match="is not a measurement table"):
        read_table(path)
    pq.write_table(measurement_table(ROWS).drop_columns(["note"]), path)
    with pytest.raises(DataError, match="is not a measurement table"):
        read_table(path)


def test_a_table_of_another_schema_is_not_written(tmp_path: Path) -> None:
    table = measurement_table(ROWS).drop_columns(["note"])
    with pytest.raises(DataError, match="has the columns"):
        check(table)
    with pytest.raises(DataError, match="has the columns"):
        write_table(table, tmp_path / "table.parquet")
    assert list(tmp_path.iterdir()) == []
