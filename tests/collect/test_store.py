"""Nothing that was acknowledged is lost or doubled, whoever dies, writes or reads."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_writer import DIED, Forker, forker, group, row

from archcast.collect import store as module
from archcast.collect.store import MeasurementStore
from archcast.core.errors import ArchcastWarning, DataError, InputError
from archcast.core.measurements import check, schema, write_table


@pytest.fixture(scope="module")
def writers() -> Iterator[Forker]:
    with forker() as process:
        yield process


def archs(folder: Path) -> list[str]:
    return sorted(MeasurementStore(folder).table()["arch"].to_pylist())


def names(folder: Path) -> list[str]:
    return sorted(p.name.partition("-")[0] for p in folder.iterdir() if not p.name.startswith("."))


def left_behind(folder: Path, texts: list[str]) -> None:
    """A journal as a writer leaves it that is killed."""
    store = MeasurementStore(folder)
    store.append([row(t) for t in texts])
    assert store._journal is not None
    store._journal.close()


def test_what_is_appended_is_read_before_and_after_folding(tmp_path: Path) -> None:
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
        before = store.table()
        assert names(store.folder) == ["journal"]
    after = store.table()
    assert names(store.folder) == ["part"]
    assert before.to_pylist() == after.to_pylist()
    assert after.schema.equals(schema(), check_metadata=True)
    check(after)
    first, second, third = after.to_pylist()
    assert (first["value"], first["spread"], first["repeats"], first["time"]) == (0.1, 0.02, 5, when)
    assert (second["value"], second["status"], second["note"]) == (None, "failed", "timed out")
    assert (third["value"], third["repeats"], third["time"]) == (1 / 3, 2, None)


def test_an_empty_store_makes_no_folder(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path / "store")
    assert store.table().num_rows == store.rows() == 0
    assert store.have("fbnet", "board", "latency", "imagenet") == set()
    store.compact()
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder_is_in_the_home(home: Path) -> None:
    assert MeasurementStore().folder == home / "store"


def test_chosen_rows_and_what_is_had(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    store.append([row("a"), row("b", value=None, status="failed"), row("c", device="other")])
    store.compact()
    store.append([row("a", metric="energy"), row("d", dataset="cifar10"), row("e", space="macro")])
    column = ("fbnet", "board", "latency", "imagenet")
    assert store.have(*column) == {"a"}
    assert store.have(*column, statuses=("ok", "failed")) == {"a", "b"}
    assert store.table(device="other")["arch"].to_pylist() == ["c"]
    assert store.table(metric="energy", space="fbnet")["arch"].to_pylist() == ["a"]
    assert store.table(device="nobody").num_rows == 0
    store.close()


def test_query(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a", value=2.0), row("b", value=4.0)])
        store.compact()
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


def test_a_thousand_appends_leave_one_file(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path, journal_rows=300) as store:
        for i in range(1000):
            store.append([row(str(i))])
        assert names(tmp_path) == ["journal", "part"]
    assert names(tmp_path) == ["part"]
    assert archs(tmp_path) == sorted(map(str, range(1000)))


def test_large_parts_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_ROWS", 10)
    for start, count in ((0, 12), (20, 4), (30, 3), (40, 20)):
        with MeasurementStore(tmp_path) as store:
            store.append([row(str(i)) for i in range(start, start + count)])
    assert names(tmp_path) == ["part", "part"]
    assert len(set(archs(tmp_path))) == 12 + 4 + 3 + 20


def test_a_bad_row_keeps_the_whole_append_out(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        with pytest.raises(InputError, match=r"\(item 1\)"):
            store.append([row("a"), row("b", metric="speed")])
        assert store.rows() == 0
        store.append([row("a")])
    assert archs(tmp_path) == ["a"]


def test_writers_killed_at_any_moment(writers: Forker, tmp_path: Path) -> None:
    folder, chance = tmp_path / "store", random.Random(1)
    for run in range(40):
        process = writers.start("write", str(folder), str(run), 7, 10_000)
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
    for _ in range(2):
        found = archs(folder)
        assert len(found) == len(set(found))
        for run, appends in acknowledged.items():
            mine = {arch for arch in found if arch.startswith(f"{run}/")}
            said = {arch for i in range(appends) for arch in group(str(run), i)}
            assert mine in (said, said | set(group(str(run), appends)))
        MeasurementStore(folder).compact()
        assert names(folder) == ["part"]


def test_a_fold_killed_at_every_step(writers: Forker, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    for name in ("a", "b"):
        other = tmp_path / name
        with MeasurementStore(other) as store:
            store.append([row(f"{name}{i}") for i in range(5)])
        shutil.copytree(other, origin, dirs_exist_ok=True)
    left_behind(origin, ["c0", "c1"])
    left_behind(origin, ["d0"])
    assert names(origin) == ["journal", "journal", "part", "part"]
    wanted = archs(origin)
    assert len(wanted) == 13
    seen = set()
    for steps in range(100):
        folder = tmp_path / f"killed-{steps}"
        shutil.copytree(origin, folder)
        writers.start("compact", str(folder), steps)
        code = writers.wait()
        seen.add(tuple(names(folder)))
        assert archs(folder) == wanted
        store = MeasurementStore(folder)
        store.append([row("e")])
        store.close()
        assert archs(folder) == sorted([*wanted, "e"])
        assert names(folder) == ["part"]
        assert not list(folder.glob("*.partial")) + list(folder.glob(".*.partial"))
        if code == 0:
            break
        assert code == DIED
    assert code == 0
    assert steps >= 7
    assert ("journal", "journal", "part", "part", "part") in seen


def test_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    folder, appends = tmp_path / "store", 150
    with ExitStack() as stack:
        forkers = [stack.enter_context(forker()) for _ in range(3)]
        for number, process in enumerate(forkers):
            process.start("write", str(folder), str(number), 10 + number, appends)
        ends: list[int] = []
        waiting = threading.Thread(target=lambda: ends.extend(p.wait() for p in forkers))
        waiting.start()
        before: set[str] = set()
        reads = 0
        while waiting.is_alive():
            found = MeasurementStore(folder).table()["arch"].to_pylist()
            assert len(found) == len(set(found))
            assert before <= set(found)
            before = set(found)
            reads += 1
        waiting.join()
    assert ends == [0, 0, 0]
    assert reads > 3
    assert archs(folder) == sorted(a for n in range(3) for i in range(appends) for a in group(str(n), i))


def test_a_listing_that_a_fold_overtakes_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(tmp_path, ["a", "b"])
    real = MeasurementStore._names
    listings = []

    def names_then_fold(store: MeasurementStore) -> list[str]:
        listings.append(real(store))
        if len(listings) == 1:
            monkeypatch.setattr(MeasurementStore, "_names", real)
            MeasurementStore(tmp_path).compact()
            monkeypatch.setattr(MeasurementStore, "_names", names_then_fold)
        # Names of a folder that changes may miss the file that goes and the one that comes.
        return [] if len(listings) == 1 else listings[-1]

    monkeypatch.setattr(MeasurementStore, "_names", names_then_fold)
    assert archs(tmp_path) == ["a", "b"]
    assert len(listings) == 4


def test_threads_share_a_store(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path, journal_rows=9) as store:

        def work(name: str) -> None:
            for i in range(40):
                store.append([row(f"{name}{i}")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert archs(tmp_path) == sorted(f"{name}{i}" for name in "abc" for i in range(40))


def test_a_journal_in_use_is_not_folded(tmp_path: Path) -> None:
    busy = MeasurementStore(tmp_path)
    busy.append([row("a")])
    left_behind(tmp_path, ["b"])
    MeasurementStore(tmp_path).compact()
    assert names(tmp_path) == ["journal", "part"]
    busy.append([row("c")])
    busy.close()
    assert archs(tmp_path) == ["a", "b", "c"]


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    left_behind(tmp_path, ["a", "b"])
    (journal,) = tmp_path.glob("journal-*")
    with journal.open("ab") as file:
        file.write(b'0123abcd [{"space":"fb')
    assert archs(tmp_path) == ["a", "b"]
    MeasurementStore(tmp_path).compact()
    assert archs(tmp_path) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"hello"),
        ("journal-1.jsonl", b""),
        (f"journal-{'a' * 32}.jsonl", b"hello\n"),
        (f"journal-{'a' * 32}.jsonl", b'archcast journal 1\n00000000 []\n4c7bf268 [{"space":"x"}]\n'),
        (f"part-{'a' * 32}-12345678.parquet", b"PAR1 hello PAR1"),
    ],
)
def test_a_foreign_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    left_behind(tmp_path, ["a"])
    (tmp_path / name).write_bytes(content)
    for call in (MeasurementStore(tmp_path).table, MeasurementStore(tmp_path).compact):
        with pytest.raises(DataError, match=name):
            call()
    assert (tmp_path / name).read_bytes() == content
    (tmp_path / name).unlink()
    assert archs(tmp_path) == ["a"]


def test_a_measurement_table_of_another_program_is_no_part(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path / "store") as store:
        store.append([row("a")])
    made = tmp_path / "made"
    write_table(store.table(), made)
    name = f"part-{'b' * 32}-{zlib.crc32(made.read_bytes()):08x}.parquet"
    made.rename(tmp_path / "store" / name)
    with pytest.raises(DataError, match=name):
        store.table()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row(str(i), value=float(i)) for i in range(500)])
    (part,) = tmp_path.glob("part-*")
    whole = part.read_bytes()
    for place in range(0, len(whole), 97):
        part.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(DataError, match=part.name):
            store.table()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=part.name):
        store.table()


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / f"journal-{'c' * 32}.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match="link to nothing"):
        MeasurementStore(tmp_path).table()


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    with pytest.raises(DataError, match="cannot write measurements to"):
        MeasurementStore(tmp_path / "store").append([row("a")])


def test_a_full_disk_keeps_an_append_out_and_the_next_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MeasurementStore(tmp_path)
    store.append([row("a")])
    real = os.write

    def half(file: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", full)
        return real(file, data[:20])

    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(DataError, match="No space left"):
        store.append([row("b")])
    monkeypatch.setattr(os, "write", real)
    assert archs(tmp_path) == ["a"]
    store.append([row("b")])
    store.close()
    assert archs(tmp_path) == ["a", "b"]


def test_a_fold_that_fails_does_not_fail_the_append(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path, journal_rows=2)
    store.append([row("a")])
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.warns(ArchcastWarning, match=r"stay in journals: .*notes\.txt"):
        store.append([row("b")])
    (tmp_path / "notes.txt").unlink()
    assert archs(tmp_path) == ["a", "b"]


STEPS = st.lists(
    st.one_of(st.integers(0, 4), st.sampled_from(["fold", "close", "die", "new"])), min_size=1, max_size=25
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, journal_rows=st.integers(1, 6))
def test_any_order_of_work_keeps_every_row_once(steps: list[int | str], journal_rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, wanted = Path(name), 0
        stores = [MeasurementStore(folder, journal_rows=journal_rows)]
        for step in steps:
            store = stores[-1]
            if isinstance(step, int):
                store.append([row(str(i)) for i in range(wanted, wanted + step)])
                wanted += step
            elif step == "fold":
                store.compact()
            elif step == "close":
                store.close()
            elif step == "die" and store._journal is not None:
                store._journal.close()
                stores[-1] = MeasurementStore(folder, journal_rows=journal_rows)
            elif step == "new":
                stores.append(MeasurementStore(folder, journal_rows=journal_rows))
            assert archs(folder) == sorted(map(str, range(wanted)))
        for store in stores:
            store.close()
        MeasurementStore(folder).compact()
        assert archs(folder) == sorted(map(str, range(wanted)))
        assert names(folder) == ["part"] * bool(wanted)


def test_the_table_has_whole_dictionaries(tmp_path: Path) -> None:
    with MeasurementStore(tmp_path) as store:
        store.append([row("a", device="x")])
        store.compact()
        store.append([row("b", device="y")])
        column = store.table()["device"].combine_chunks()
    assert isinstance(column, pa.DictionaryArray)
    assert column.dictionary.to_pylist() == ["x", "y"]
