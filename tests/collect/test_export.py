"""Measurements go to one file, as a whole or not at all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from store_writer import row

from archcast.collect import export
from archcast.collect.data import export_measurements, show_store, show_table
from archcast.collect.store import MeasurementStore
from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.measurements import COLUMNS, read_table


@pytest.fixture
def stored(home: Path) -> Path:
    with MeasurementStore() as store:
        store.append([row("[1, 2]", value=2.0), row('say "a"', value=4.0, device="phone")])
        store.append([row("c", value=None, status="failed", note="timed, out"), row("d", metric="energy")])
    return home


def test_parquet_is_a_measurement_table(stored: Path, tmp_path: Path) -> None:
    done = export_measurements("store", tmp_path / "all.parquet")
    assert (done.name, done.rows) == ("store", 4)
    assert read_table(done.path).to_pylist() == MeasurementStore().to_table().to_pylist()


def test_csv_holds_every_column_as_text(stored: Path, tmp_path: Path) -> None:
    done = export_measurements(
        "store", tmp_path / "some.CSV", space="fbnet", metric="latency", device="board"
    )
    with done.path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["arch"], r["value"], r["status"], r["note"]) for r in rows] == [
        ("[1, 2]", "2", "ok", ""),
        ("c", "", "failed", "timed, out"),
    ]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["environment"] == '{"threads":1}'


def test_a_public_table(tables: Path, tmp_path: Path) -> None:
    done = export_measurements("help", tmp_path / "h.parquet", space="nasbench201", device="raspi4")
    (column,) = show_table("help", space="nasbench201", device="raspi4").columns
    table = read_table(done.path)
    assert done.rows == table.num_rows == column.rows == 15_625
    assert set(table["device"].to_pylist()) == {"raspi4"}


def test_the_store_is_shown(stored: Path) -> None:
    shown = show_store()
    assert (shown.folder, shown.rows) == (stored / "store", 4)
    found = {(c.metric, c.device): (c.ok, c.failed, c.median) for c in shown.columns}
    assert found == {
        ("latency", "board"): (1, 1, 2.0),
        ("latency", "phone"): (1, 0, 4.0),
        ("energy", "board"): (1, 0, 1.25),
    }
    assert [c.metric for c in show_store(metric="energy", device="board").columns] == ["energy"]
    assert show_store(metric="energy", device="phone").columns == ()
    for wrong in ({"space": "macro"}, {"metric": "memory"}, {"device": "phon"}):
        with pytest.raises(UnknownNameError, match="of the store must be one of"):
            show_store(**wrong)


def test_an_empty_store(home: Path, tmp_path: Path) -> None:
    shown = show_store()
    assert (shown.rows, shown.columns) == (0, ())
    with pytest.raises(DataError, match="nothing to export: the store has no such measurement"):
        export_measurements("store", tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "to", "error", "said"),
    [
        ("store", "x.xlsx", InputError, r"must end in \.parquet or \.csv, got 'x\.xlsx'"),
        ("store", "x", InputError, "must end in"),
        ("store", "nowhere/x.csv", InputError, "folder that exists"),
        ("stor", "x.csv", UnknownNameError, "did you mean 'store'"),
        ("hat", "x.csv", DataError, "not on this machine"),
    ],
)
def test_refused(stored: Path, tmp_path: Path, name: str, to: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        export_measurements(name, tmp_path / to)
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_fails_midway_leaves_the_old_file(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    target = tmp_path / f"x{suffix}"
    target.write_text("old")
    write = export._WRITERS[suffix]

    def fail(table: object, path: Path) -> None:
        write(table, path)
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(export._WRITERS, suffix, fail)
    with pytest.raises(DataError, match=f"cannot write .*x{suffix}: .*No space left"):
        export_measurements("store", target)
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", target.name]
    monkeypatch.undo()
    monkeypatch.setenv("ARCHCAST_HOME", str(stored))
    export_measurements("store", target)
    assert target.stat().st_size > 100
