"""Nothing that was acknowledged is lost or doubled, whoever dies, writes or reads."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_writer import Forker, forker, group, row

from archcast.collect import store as module
from archcast.collect.store import FILE, MeasurementStore
from archcast.core.errors import DataError, InputError
from archcast.core.measurements import check, schema


@pytest.fixture(scope="module")
def writers() -> Iterator[Forker]:
    with forker() as process:
        yield process


def archs(folder: Path) -> list[str]:
    return sorted(MeasurementStore(folder).to_table()["arch"].to_pylist())


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    given = [
        row("a", value=0.1, spread=0.02, repeats=5, time=when),
        row("b", value=None, status="failed", note="timed out"),
        row("c", value=np.float64(1 / 3), repeats=np.int32(2)),
    ]
    with MeasurementStore(tmp_path / "new" / "store") as store:
        store.append(given[:1])
        store.append(iter(given[1:]))
        store.append([])
        before = store.to_table()
    after = store.to_table()
    assert before.to_pylist() == after.to_pylist()
    assert after.schema.equals(schema(), check_metadata=True)
    check(after)
    first, second, third = after.to_pylist()
    assert (first["value"], first["spread"], first["repeats"], first["time"]) == (0.1, 0.02, 5, when)
    assert (second["value"], second["status"], second["note"]) == (None, "failed", "timed out")
    assert (third["value"], third["repeats"], third["time"]) == (1 / 3, 2, None)


def test_a_closed_store_is_one_file(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        for i in range(20):
            store.append([row(str(i))])
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == [FILE]


def test_an_empty_store_makes_no_folder(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path / "store")
    assert store.to_table().num_rows == store.count() == 0
    assert store.to_table().schema.equals(schema())
    assert store.measured("fbnet", "board", "latency", "imagenet") == set()
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder_is_in_the_home(home: Path) -> None:
    assert MeasurementStore().folder == home / "store"


def test_chosen_rows_and_what_is_measured(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a"), row("b", value=None, status="failed"), row("c", device="other")])
        store.append([row("a", metric="energy"), row("d", dataset="cifar10"), row("e", space="macro")])
        column = ("fbnet", "board", "latency", "imagenet")
        assert store.measured(*column) == {"a"}
        assert store.measured(*column, statuses=("ok", "failed")) == {"a", "b"}
        assert store.to_table(device="other")["arch"].to_pylist() == ["c"]
        assert store.to_table(metric="energy", space="fbnet")["arch"].to_pylist() == ["a"]
        assert store.to_table(device="nobody").num_rows == 0


def test_query(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a", value=2.0), row("b", value=4.0)])
        store.append([row("c", value=None, status="failed"), row("d", device="other")])
        found = store.query(
            "select device, count(value) as n, avg(value) as mean from measurements "
            "where device like '%a%' or status = 'failed' group by device"
        )
        assert found.to_pylist() == [{"device": "board", "n": 2, "mean": 3.0}]
        assert store.query("select * from measurements").num_rows == 4
        for sql in ("select nothing from measurements", "make me a table", "", "create table t (i int)"):
            with pytest.raises(InputError, match="query must") as caught:
                store.query(sql)
            assert "\n" not in str(caught.value)


def test_a_bad_row_keeps_the_whole_append_out(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        with pytest.raises(InputError, match=r"\(item 1\)"):
            store.append([row("a"), row("b", metric="speed")])
        assert store.count() == 0
        store.append([row("a")])
    assert archs(tmp_path) == ["a"]


def test_writers_killed_at_any_moment(writers: Forker, tmp_path: Path) -> None:
    folder, chance = tmp_path / "store", random.Random(1)
    for run in range(40):
        process = writers.start("write", str(folder), str(run), 10_000)
        said, least = tmp_path / f"store-{run}", chance.randrange(9)
        while least and not (said.exists() and said.stat().st_size >= least):
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.01))
        os.kill(process, signal.SIGKILL)
        assert writers.wait() == -signal.SIGKILL
    acknowledged = {
        run: len(said.read_bytes()) for run in range(40) if (said := tmp_path / f"store-{run}").exists()
    }
    assert sum(acknowledged.values()) >= 40
    found = archs(folder)
    assert len(found) == len(set(found))
    for run, appends in acknowledged.items():
        mine = {arch for arch in found if arch.startswith(f"{run}/")}
        said = {arch for i in range(appends) for arch in group(str(run), i)}
        assert mine in (said, said | set(group(str(run), appends)))


def test_an_append_is_on_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connect = sqlite3.connect

    def traced(*words: Any, **named: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*words, **named)
        db.set_trace_callback(asked.append)
        return db

    monkeypatch.setattr(sqlite3, "connect", traced)
    with MeasurementStore(tmp_path) as store:
        with store.writing(durable=False) as db:
            db.execute("DELETE FROM readings")
        store.append([row("a")])
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    levels = [text for text in asked if "synchronous" in text]
    assert levels == ["PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"]
    inserted = next(i for i, text in enumerate(asked) if text.startswith("INSERT INTO measurements"))
    assert asked.index(levels[1]) < inserted < len(asked) - 1 - asked[::-1].index("COMMIT")


def test_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    folder, appends = tmp_path / "store", 40
    with ExitStack() as stack:
        forkers = [stack.enter_context(forker()) for _ in range(2)]
        for number, process in enumerate(forkers):
            process.start("write", str(folder), str(number), appends)
        ends: list[int] = []
        waiting = threading.Thread(target=lambda: ends.extend(p.wait() for p in forkers))
        waiting.start()
        before: set[str] = set()
        reads = 0
        while waiting.is_alive():
            found = MeasurementStore(folder).to_table()["arch"].to_pylist()
            assert len(found) == len(set(found))
            assert before <= set(found)
            before = set(found)
            reads += 1
        waiting.join()
    assert ends == [0, 0]
    assert reads > 3
    assert archs(folder) == sorted(a for n in range(2) for i in range(appends) for a in group(str(n), i))


def test_threads_share_a_store(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:

        def work(name: str) -> None:
            for i in range(40):
                store.append([row(f"{name}{i}")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert archs(tmp_path) == sorted(f"{name}{i}" for name in "abc" for i in range(40))


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a")])
        with store.writing() as db:
            db.execute("DELETE FROM measurements")
            assert archs(tmp_path) == ["a"]


def test_a_store_that_another_keeps_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    store = MeasurementStore(tmp_path)
    store.append([row("a")])
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match=rf"cannot write .*{FILE}: database is locked: another process"):
            store.append([row("b")])
        other.rollback()
    store.append([row("b")])
    store.close()
    assert archs(tmp_path) == ["a", "b"]


def test_a_full_disk_keeps_an_append_out_and_the_next_one_in(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    store.append([row("a")])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, limits[1]))
    try:
        with pytest.raises(DataError, match=rf"cannot write measurements to .*{FILE}: ") as caught:
            store.append([row(f"b{i}") for i in range(5000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value)
    assert store.to_table()["arch"].to_pylist() == ["a"]
    store.append([row("b")])
    store.close()
    assert archs(tmp_path) == ["a", "b"]


def test_a_read_only_folder_is_read_and_not_written(writers: Forker) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        with MeasurementStore(folder) as store:
            store.append([row("a")])
        Path(name).chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        try:
            writers.start("try_read_only", str(folder))
            assert writers.wait() == 0
        finally:
            folder.chmod(0o755)


@pytest.mark.parametrize("content", [b"hello, this is no database" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_a_foreign_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    store = MeasurementStore(tmp_path)
    for call in (store.to_table, store.count, lambda: store.append([row("a")])):
        with pytest.raises(DataError, match=rf"{FILE}: .*damaged or foreign, move it elsewhere") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == content


def test_damage_anywhere_in_a_row_is_seen(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row(str(i), value=float(i)) for i in range(500)])
        wanted = store.to_table()
    path = tmp_path / FILE
    whole = path.read_bytes()
    told: list[str] = []
    for place in range(0, len(whole), 997):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            found = store.to_table()
        except DataError as error:
            told.append(str(error))
        else:  # in the index, or where nothing is
            assert found.equals(wanted)
    assert len(told) > 30
    assert all(FILE in text for text in told)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=FILE):
        store.to_table()


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    with pytest.raises(DataError, match="cannot write measurements to"):
        MeasurementStore(tmp_path / "store").append([row("a")])


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50, deadline=None)
@given(
    arch=TEXT,
    note=TEXT,
    value=st.floats(allow_nan=False, allow_infinity=False),
    repeats=st.none() | st.integers(-(2**31), 2**31 - 1),
    when=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_any_row_comes_back(
    arch: str, note: str, value: float, repeats: int | None, when: datetime | None
) -> None:
    with tempfile.TemporaryDirectory() as name, MeasurementStore(Path(name)) as store:
        store.append([row(arch, note=note, value=value, repeats=repeats, time=when)])
        (found,) = store.to_table().to_pylist()
    assert (found["arch"], found["note"], found["value"]) == (arch, note, value)
    assert (found["repeats"], found["time"]) == (repeats, when)


STEPS = st.lists(st.one_of(st.integers(0, 4), st.sampled_from(["close", "new"])), min_size=1, max_size=25)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_any_order_of_work_keeps_every_row_once(steps: list[int | str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, wanted = Path(name), 0
        stores = [MeasurementStore(folder)]
        for step in steps:
            if isinstance(step, int):
                stores[-1].append([row(str(i)) for i in range(wanted, wanted + step)])
                wanted += step
            elif step == "close":
                stores[-1].close()
            else:
                stores.append(MeasurementStore(folder))
            assert archs(folder) == sorted(map(str, range(wanted)))
        for store in stores:
            store.close()
        assert archs(folder) == sorted(map(str, range(wanted)))


def test_the_table_has_whole_dictionaries(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a", device="x")])
        store.append([row("b", device="y")])
        column = store.to_table()["device"].combine_chunks()
    assert isinstance(column, pa.DictionaryArray)
    assert column.dictionary.to_pylist() == ["x", "y"]
