"""Bulk scoring in one process: every row once, whatever was there before."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import archcast
from archcast.serving.scale import Drawn, Every, ParquetColumn, score

FBNET = {"space": "fbnet", "device": "raspi4"}


def table_of(folder):
    return parquet.read_table(sorted(folder.glob("part-*.parquet")))


def test_draws_are_scored_as_predict_does(tmp_path):
    told = []
    done = score(
        Drawn("fbnet", 2500, seed=3),
        tmp_path / "o",
        part_rows=1000,
        progress=lambda *t: told.append(t),
        **FBNET,
    )
    assert (done.rows, done.parts, done.made, done.unit) == (2500, 3, 3, "ms")
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    table = table_of(tmp_path / "o")
    assert table["row"].to_pylist() == list(range(2500))
    codes = np.array(table["codes"].to_pylist(), dtype=np.int8)
    assert len(np.unique(codes, axis=0)) == 2500
    np.testing.assert_allclose(table["value"], archcast.predict(codes, "raspi4", space="fbnet"), rtol=1e-6)


def test_a_whole_space(tmp_path):
    done = score(Every("nasbench201"), tmp_path, space="nasbench201", device=None, metric="accuracy")
    assert done.rows == 15_625
    codes = np.array(table_of(tmp_path)["codes"].to_pylist())
    assert len(np.unique(codes, axis=0)) == 15_625
    with pytest.raises(archcast.InputError, match="too many members"):
        Every("fbnet")


@pytest.mark.parametrize("form", ["text", "codes", "fixed", "dictionary"])
def test_parquet_columns_across_row_groups(tmp_path, form):
    space = archcast.spaces("fbnet")
    codes = space.sample(700, seed=1)
    column = {
        "text": lambda: pa.array(space.to_text(codes)),
        "codes": lambda: pa.array(codes.tolist()),
        "fixed": lambda: pa.FixedSizeListArray.from_arrays(pa.array(codes.reshape(-1)), 22),
        "dictionary": lambda: pa.array(space.to_text(codes)).dictionary_encode(),
    }[form]()
    file = tmp_path / "in.parquet"
    parquet.write_table(pa.table({"a": column}), file, row_group_size=150)
    score(ParquetColumn.of(file, "a"), tmp_path / "o", part_rows=220, **FBNET)
    table = table_of(tmp_path / "o")
    assert table["arch"].to_pylist() == column.to_pylist()
    np.testing.assert_allclose(table["value"], archcast.predict(codes, "raspi4", space="fbnet"), rtol=1e-6)


def test_structs_are_dicts(tmp_path):
    space = archcast.spaces("ofa_mbv3")
    archs = space.format(space.sample(40, seed=0))
    parquet.write_table(pa.table({"arch": pa.array(archs)}), tmp_path / "in.parquet")
    score(
        ParquetColumn.of(tmp_path / "in.parquet", "arch"), tmp_path / "o", space="ofa_mbv3", device="v100_64"
    )
    np.testing.assert_allclose(
        table_of(tmp_path / "o")["value"], archcast.predict(archs, "v100_64"), rtol=1e-6
    )


def test_only_missing_and_damaged_parts_are_made(tmp_path):
    source = Drawn("fbnet", 500)
    score(source, tmp_path, part_rows=100, **FBNET)
    before = table_of(tmp_path)
    kept = (tmp_path / "part-000000.parquet").stat().st_mtime_ns
    (tmp_path / "part-000001.parquet").unlink()
    (tmp_path / "part-000003.parquet").write_bytes(b"PAR1 cut off")
    short = tmp_path / "part-000004.parquet"
    parquet.write_table(parquet.read_table(short).slice(0, 50), short)
    (tmp_path / ".part-000001.dead.partial").write_bytes(b"half")
    assert score(source, tmp_path, part_rows=100, **FBNET).made == 3
    assert table_of(tmp_path).equals(before)
    assert (tmp_path / "part-000000.parquet").stat().st_mtime_ns == kept
    assert not list(tmp_path.glob(".*"))


def test_a_killed_run_goes_on(tmp_path):
    words = ["score", "--space", "ofa_mbv3", "-d", "v100_64", "--n", "600000", "--part-rows", "20000"]
    command = [sys.executable, "-m", "archcast.cli", *words, "--to", str(tmp_path / "o")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "o").glob("part-*")):
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    there = len(list((tmp_path / "o").glob("part-*.parquet")))
    assert 0 < there < 30
    done = score(
        Drawn("ofa_mbv3", 600_000), tmp_path / "o", space="ofa_mbv3", device="v100_64", part_rows=20_000
    )
    assert (done.rows, done.made) == (600_000, 30 - there)
    assert np.array_equal(table_of(tmp_path / "o")["row"], np.arange(600_000))
    assert not list((tmp_path / "o").glob(".*"))


def test_a_folder_keeps_to_its_job(tmp_path):
    score(Drawn("fbnet", 20), tmp_path / "o", **FBNET)
    for source, given, told in (
        (Drawn("fbnet", 20, seed=1), {}, "seed must be 0 there, got 1"),
        (Drawn("fbnet", 20), {"device": "eyeriss"}, "device must be 'raspi4' there"),
        (Drawn("fbnet", 20), {"part_rows": 7}, "part_rows must be 100000 there"),
    ):
        with pytest.raises(archcast.InputError, match=told):
            score(source, tmp_path / "o", **(FBNET | given))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    with pytest.raises(archcast.InputError, match="holds something else"):
        score(Drawn("fbnet", 20), tmp_path / "full", **FBNET)


def test_mistakes_name_the_row(tmp_path):
    space = archcast.spaces("fbnet")
    texts = space.to_text(space.sample(30, seed=0))
    texts[17] = "[9]"
    for name, column, told in (
        ("text", pa.array(texts), r"\(item 17\)"),
        ("empty", pa.array([*texts[:12], None]), r"no empty rows \(item 12\)"),
        ("uneven", pa.array([[0] * 22] * 14 + [[0] * 21]), r"got 21 \(item 14\)"),
    ):
        file = tmp_path / f"{name}.parquet"
        parquet.write_table(pa.table({"a": column}), file)
        with pytest.raises(archcast.InputError, match=told):
            score(ParquetColumn.of(file, "a"), tmp_path / name, part_rows=10, **FBNET)
        assert len(list((tmp_path / name).glob("part-*"))) == 1
    with pytest.raises(archcast.UnknownNameError, match="must be one of a"):
        ParquetColumn.of(file, "b")
    with pytest.raises(archcast.InputError, match="cannot be read as Parquet"):
        ParquetColumn.of(tmp_path / "none.parquet", "a")
    parquet.write_table(pa.table({"a": [0.5]}), file)
    with pytest.raises(archcast.InputError, match="got double"):
        ParquetColumn.of(file, "a")


def test_the_plan_is_written_down(tmp_path):
    score(Drawn("fbnet", 20), tmp_path, **FBNET)
    plan = json.loads((tmp_path / "score.json").read_text())
    assert (plan["unit"], plan["rows"], len(plan["sha256"])) == ("ms", 20, 64)
    metadata = parquet.read_metadata(tmp_path / "part-000000.parquet").metadata
    assert metadata[b"archcast.sha256"].decode() == plan["sha256"]
