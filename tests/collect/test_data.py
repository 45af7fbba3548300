"""List, fetch, import and show."""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from archcast.collect import data
from archcast.collect.tables import RECIPES
from archcast.collect.tables.base import RemoteFile
from archcast.collect.tables.shipped import SHIPPED
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.measurements import read_table


def test_list_without_any_table(home: Path) -> None:
    records = {r.name: r for r in data.list_tables()}
    assert list(records) == list(RECIPES.names())
    records = {name: r for name, r in records.items() if r.place != "own"}
    assert {r.place for r in records.values()} == {"absent"}
    assert {r.rows for r in records.values()} == {None}
    assert {r.name for r in records.values() if not r.fetchable and r.spaces != ("network",)} == {
        "accel_nasbench",
        "hw_nas_bench_360",
        "hw_nas_bench",
    }
    assert {r.name for r in records.values() if not r.redistributable} == {"hw_nas_bench_360"}
    assert len(records["help"].devices) == 27 + 5 + 6
    assert sum(r.spaces == ("network",) for r in records.values()) == 9


def test_archcasts_own_tables_are_in_the_package(home: Path) -> None:
    own = [r for r in data.list_tables() if r.place == "own"]
    assert [r.name for r in own] == [path.stem for path in sorted(SHIPPED.glob("*.json"))]
    for record in own:
        assert not record.fetchable
        with pytest.raises(DataError, match="part of archcast"):
            data.fetch_table(record.name)


def test_list_with_the_tables(tables: Path) -> None:
    records = {r.name: r for r in data.list_tables()}
    assert records["help"].place == "ARCHCAST_DATA"
    assert records["help"].folder == tables / "help"
    assert records["hw_nas_bench"].place == "absent"
    data.import_table("nas_bench_macro")
    assert {r.name: r.rows for r in data.list_tables() if r.rows} == {"nas_bench_macro": 1_313}


def test_import_counts_and_is_then_read(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = data.load_measurements("mnasnet", "throughput")
    summary = data.import_table("accel_nasbench")
    assert summary.rows == read_table(summary.path).num_rows == 9 * 206
    found = {(c.metric, c.device): (c.ok, c.missing) for c in summary.columns}
    assert found["throughput", "tpuv3"] == (205, 1)
    assert found["accuracy", ""] == (206, 0)
    monkeypatch.delenv("ARCHCAST_DATA")
    after = data.load_measurements("mnasnet", "throughput")
    np.testing.assert_array_equal(before.values, after.values)
    np.testing.assert_array_equal(before.codes, after.codes)


def test_import_tells_altered_files(home: Path, small_tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "tables/nas_bench_macro"
    shutil.copytree(small_tables / "nas_bench_macro", folder)
    (file,) = folder.iterdir()
    (remote,) = RECIPES["nas_bench_macro"].files
    published = replace(
        remote, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), size=file.stat().st_size
    )
    monkeypatch.setitem(
        RECIPES._entries, "nas_bench_macro", replace(RECIPES["nas_bench_macro"], files=(published,))
    )
    assert data.import_table("nas_bench_macro").altered == ()
    file.write_text(file.read_text() + "\n")
    assert data.import_table("nas_bench_macro").altered == (file.name,)


def test_import_of_an_absent_table(home: Path) -> None:
    with pytest.raises(DataError, match="run archcast data fetch help"):
        data.import_table("help")
    with pytest.raises(UnknownNameError, match="did you mean 'help'"):
        data.import_table("halp")


def test_a_damaged_import_is_a_data_error(tables: Path) -> None:
    path = data.import_table("nas_bench_macro").path
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="is not a measurement table"):
        data.list_tables()
    with pytest.raises(DataError, match="is not a measurement table"):
        data.load_measurements("macro", "accuracy")


def test_show(tables: Path) -> None:
    shown = data.show_table("hat", device="xeon")
    assert {c.dataset for c in shown.columns} == {
        f"{d}{part}" for d in ("wmt14ende", "wmt14enfr") for part in ("", "/encoder", "/decoder")
    }
    one = next(c for c in shown.columns if c.dataset == "wmt14ende/encoder")
    assert (one.rows, one.ok, one.unit) == (60, 60, "ms")
    assert (one.minimum, one.maximum) == (8.12588632106781, 12.037932872772217)
    assert shown.record.name == "hat"
    assert [c.metric for c in data.show_table("hw_nas_bench_360", metric="energy").columns] == ["energy"]
    for wrong in ({"space": "fbnet"}, {"metric": "energy"}, {"device": "raspi4"}):
        with pytest.raises(UnknownNameError, match="of the table hat must be one of"):
            data.show_table("hat", **wrong)


def test_show_of_an_absent_table(home: Path) -> None:
    with pytest.raises(DataError, match="not on this machine"):
        data.show_table("hat")


def test_a_file_fetched_by_hand_may_lie_beside_the_folders(
    home: Path, small_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    shutil.copy(small_tables / "hw_nas_bench_360/dataset.parquet", root)
    monkeypatch.setenv("ARCHCAST_DATA", str(root))
    assert data.load_measurements("nasbench201", "energy").devices == ("pi5_onnx",)


@pytest.mark.parametrize("name", ["accel_nasbench", "hw_nas_bench_360", "hw_nas_bench"])
def test_tables_to_fetch_by_hand_say_how(home: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"download .* from github\.com/.* and put it at") as caught:
        data.fetch_table(name)
    assert str(home / "tables" / name) in str(caught.value)


def served(remote: RemoteFile, address: str, folder: Path) -> RemoteFile:
    """The file of an excerpt, at an address of this machine."""
    content = (folder / remote.path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return replace(remote, url=f"{address}/{remote.path}", sha256=digest, size=len(content))


def test_fetch(home: Path, small_tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["hat"]

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(small_tables / "hat"))

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        here = f"http://127.0.0.1:{server.server_address[1]}"
        local = replace(recipe, files=tuple(served(f, here, small_tables / "hat") for f in recipe.files))
        monkeypatch.setitem(RECIPES._entries, "hat", local)
        first = data.fetch_table("hat", show_progress=False)
        again = data.fetch_table("hat", show_progress=False)
        server.shutdown()
        thread.join()
    assert (first.downloaded, first.present, again.downloaded, again.present) == (8, 0, 0, 8)
    kept = {path.name: path.read_bytes() for path in (home / "tables/hat").glob("*.csv")}
    assert kept == {path.name: path.read_bytes() for path in (small_tables / "hat").iterdir()}
    assert data.load_measurements("hat", "latency").values.shape[1] == 3
