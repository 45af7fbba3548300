"""Estimates as measurement rows, in files and in the store."""

import json
from pathlib import Path

import pyarrow.csv
import pytest

from archcast.collect.estimate import estimate_networks, estimate_rows, load_target, make_estimator
from archcast.collect.estimate.stored import add_to_store
from archcast.collect.export import write_rows
from archcast.collect.store import MeasurementStore
from archcast.core.errors import InputError
from archcast.core.measurements import check, read_table
from archcast.featurize.spaces import SPACES

ROOFLINE = "roofline:peak_gmacs=50,bandwidth_gbs=5"


def table(spec: str = ROOFLINE, space: str = "macro", archs: tuple[str, ...] = ("02012100", "00000000")):
    estimator = make_estimator(load_target(spec))
    return estimate_rows(estimator, estimate_networks(estimator, SPACES[space], list(archs)))


def test_rows_have_the_schema_and_say_what_made_them() -> None:
    rows = table(ROOFLINE + ",pj_per_mac=1,pj_per_byte=2")
    check(rows)
    assert rows["metric"].to_pylist() == ["latency", "latency", "energy", "energy"]
    first = rows.to_pylist()[0]
    assert first["device"] == "roofline:bandwidth_gbs=5,peak_gmacs=50,pj_per_byte=2,pj_per_mac=1"
    assert (first["source"], first["status"], first["arch"]) == ("estimate", "ok", "02012100")
    made_by = json.loads(first["environment"])
    assert made_by["target"] == "roofline"
    assert made_by["conventions"]["pool"] == "window"
    assert made_by["settings"]["peak_gmacs"] == "50"
    assert made_by["dead_layers"] == "charged"
    assert len(made_by["fingerprint"]) == 16


def test_the_mapping_is_written_into_the_label(home) -> None:
    tiny = '{"depth": [3, 3, 3], "width": [4, 8, 16], "skips": [0, 0, 0]}'
    made_by = json.loads(table("eyeriss-like", "skipnet", (tiny,))["environment"][0].as_py())
    assert made_by["mapping"] == "row-stationary-1"
    assert made_by["estimator"].startswith("zigzag-dse ")


def test_a_failure_is_kept_as_one(home) -> None:
    dead, skip = (f"|none~0|+|none~0|none~1|+|{op}~0|none~1|none~2|" for op in ("none", "skip_connect"))
    failed, fine = table("ethos-u55-256", "nasbench201", (dead, skip)).to_pylist()
    assert (failed["status"], failed["value"]) == ("failed", None)
    assert "path from its input" in failed["note"]
    assert (fine["status"], fine["note"]) == ("ok", "")


def test_rows_are_written_whole(tmp_path: Path) -> None:
    rows = table()
    write_rows(rows, tmp_path / "rows.parquet")
    write_rows(rows, tmp_path / "rows.csv")
    assert read_table(tmp_path / "rows.parquet").equals(rows)
    read = pyarrow.csv.read_csv(tmp_path / "rows.csv")
    assert read["value"].to_pylist() == rows["value"].to_pylist()
    assert {path.name for path in tmp_path.iterdir()} == {"rows.parquet", "rows.csv"}
    with pytest.raises(InputError, match=r"must end in .parquet or .csv, got 'rows.txt'"):
        write_rows(rows, tmp_path / "rows.txt")
    with pytest.raises(InputError, match="must be in a folder that exists"):
        write_rows(rows, tmp_path / "none" / "rows.csv")


def test_the_store_has_each_estimate_once(home) -> None:
    rows = table()
    assert add_to_store(rows) == 2
    assert add_to_store(table()) == 0
    assert add_to_store(table(ROOFLINE + ",overhead_us=1")) == 2
    assert MeasurementStore().count() == 4
