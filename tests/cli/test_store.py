"""`archcast data show store`, `data export` and what `doctor` says of measuring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from store_writer import row

from archcast.cli.app import USER_MISTAKE
from archcast.collect.store import MeasurementStore


@pytest.fixture
def stored(run, tmp_path: Path) -> Path:
    with MeasurementStore(tmp_path / "home" / "store") as store:
        store.append([row("a", value=2.0), row("b", value=None, status="failed")])
        return store.folder


def test_show_store(run, stored: Path) -> None:
    (column,) = json.loads(run("data", "show", "store", "--json").out)
    assert (column["device"], column["ok"], column["failed"], column["median"]) == ("board", 1, 1, 2.0)
    told = run("data", "show", "store", "--metric", "latency").out
    assert str(stored) in told
    assert "board" in told


def test_show_of_an_empty_store(run) -> None:
    assert json.loads(run("data", "show", "store", "--json").out) == []
    assert run("data", "show", "store").out.split()[-2:] == ["measurements", "0"]


def test_export(run, stored: Path, tmp_path: Path) -> None:
    done = run("data", "export", "store", "--to", str(tmp_path / "x.csv"), "--space", "fbnet", "--json")
    assert json.loads(done.out) == {"table": "store", "rows": 2, "file": str(tmp_path / "x.csv")}
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data", "export", "store", "--to", "x.doc"), ".parquet or .csv"),
        (("data", "export", "stores", "--to", "x.csv"), "did you mean 'store'"),
        (("data", "show", "store", "--device", "bored"), "did you mean 'board'"),
        (("data", "export", "store", "--to", "x.csv", "--metric", "speed"), "latency"),
    ],
)
def test_a_mistake_is_one_sentence(run, stored: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert (done.code, done.out) == (USER_MISTAKE, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_doctor_says_what_can_be_measured(run, stored: Path) -> None:
    record = json.loads(run("doctor", "--json").out)
    assert record["measure with ort"].startswith("ONNX Runtime ")
    assert record["measure in int8"] == "yes"
    assert record["store"] == str(stored)
    assert record["stored measurements"] == 2
    sensors = [said for key, said in record.items() if key.startswith("energy by ")]
    assert len(sensors) >= 3
    assert all(said.startswith(("yes: ", "no: ")) for said in sensors)


def test_doctor_goes_on_when_the_store_is_damaged(run, stored: Path) -> None:
    (stored / "measurements.sqlite").write_text("hello")
    done = run("doctor", "--json")
    assert done.code == 0
    assert "measurements.sqlite: file is not a database" in json.loads(done.out)["stored measurements"]
