"""A store of journals and Parquet parts is taken over once, and nothing of it is lost."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from store_writer import DIED, Forker, forker, row

from archcast.collect.former_store import ASIDE, former_files
from archcast.collect.rows import checked_rows
from archcast.collect.store import FILE, MeasurementStore
from archcast.core.errors import DataError
from archcast.core.measurements import write_table

KEPT = Path(__file__).parent / "former_store"
"""Written by the store's former program: a part, a journal that it replaces, one with a cut last line."""
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ARCHS = ["a", "b", "c", "d", "e", "é\n|x"]


@pytest.fixture(scope="module")
def writers() -> Iterator[Forker]:
    with forker() as process:
        yield process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copied = tmp_path / "store"
    shutil.copytree(KEPT, copied)
    return copied


def archs(folder: Path) -> list[str]:
    return sorted(MeasurementStore(folder).to_table()["arch"].to_pylist())


def journal(folder: Path, letter: str, *lines: list[str], end: bytes = b"") -> Path:
    """A journal with an append a line."""
    path = folder / f"journal-{letter * 32}.jsonl"
    content = b"archcast journal 1\n"
    for archs in lines:
        body = json.dumps(checked_rows([row(arch) for arch in archs])).encode()
        content += b"%08x %s\n" % (zlib.crc32(body), body)
    path.write_bytes(content + end)
    return path


def test_every_row_is_taken_over_as_it_was(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in former_files(folder)}
    assert len(before) == 3
    rows = {found["arch"]: found for found in MeasurementStore(folder).to_table().to_pylist()}
    assert sorted(rows) == ARCHS
    assert (rows["a"]["value"], rows["a"]["spread"], rows["a"]["repeats"]) == (0.1, 0.02, 5)
    assert (rows["a"]["time"], rows["d"]["time"], rows["c"]["time"]) == (WHEN, WHEN, None)
    assert (rows["b"]["value"], rows["b"]["status"], rows["b"]["note"]) == (None, "failed", "timed out")
    assert rows["c"]["value"] == 1 / 3
    assert (rows["é\n|x"]["metric"], rows["é\n|x"]["device"]) == ("energy", "other")
    assert rows["e"]["space"] == "macro"
    assert json.loads(rows["e"]["environment"]) == {"threads": 1}
    assert {path.name: path.read_bytes() for path in (folder / ASIDE).iterdir()} == before
    assert former_files(folder) == []


def test_it_is_taken_over_once_and_gone_on_with(folder: Path) -> None:
    with MeasurementStore(folder) as store:
        store.append([row("f")])
    assert archs(folder) == [*ARCHS[:5], "f", ARCHS[5]]
    journal(folder, "f", ["g"])  # by an older program that is still installed
    assert archs(folder) == [*ARCHS[:5], "f", "g", ARCHS[5]]
    assert MeasurementStore(folder).count() == 8


def test_a_process_killed_at_every_step(writers: Forker, folder: Path, tmp_path: Path) -> None:
    codes: list[int] = []
    for steps in range(20):
        copied = tmp_path / f"killed-{steps}"
        shutil.copytree(folder, copied)
        writers.start("take_over", str(copied), steps)
        codes.append(writers.wait())
        assert archs(copied) == ARCHS
        assert former_files(copied) == []
        if not codes[-1]:
            break
    assert codes == [*[DIED] * 7, 0]


def test_files_of_two_people_at_once(folder: Path) -> None:
    with forker() as first, forker() as second:
        for process in (first, second):
            process.start("take_over", str(folder), 99)
        assert (first.wait(), second.wait()) == (0, 0)
    assert archs(folder) == ARCHS


def test_a_journal_that_an_older_program_is_writing_is_named(folder: Path) -> None:
    path = journal(folder, "f", ["g"])
    handle = os.open(path, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(DataError, match=f"{path.name} is being written by an older archcast"):
        archs(folder)
    os.close(handle)
    assert archs(folder) == [*ARCHS[:5], "g", ARCHS[5]]


def test_a_line_that_was_cut_or_never_whole_is_passed_over(tmp_path: Path) -> None:
    journal(tmp_path, "a", ["a", "b"], end=b'0123abcd [{"space":"fb')
    journal(tmp_path, "b", ["c"], end=b"00000000 []\n")
    (tmp_path / f"journal-{'c' * 32}.jsonl").write_bytes(b"archcast jou")
    assert archs(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"journal-{'a' * 32}.jsonl", b"hello\n"),
        (f"journal-{'a' * 32}.jsonl", b'archcast journal 1\n00000000 []\n4c7bf268 [{"space":"x"}]\n'),
        (f"part-{'a' * 32}-12345678.parquet", b"PAR1 hello PAR1"),
        (f"part-{'a' * 32}-{zlib.crc32(b'PAR1 hello PAR1'):08x}.parquet", b"PAR1 hello PAR1"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_taken(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    store = MeasurementStore(folder)
    for call in (store.to_table, lambda: store.append([row("g")])):
        with pytest.raises(DataError, match=name):
            call()
    assert (folder / name).read_bytes() == content
    (folder / name).unlink()
    assert archs(folder) == ARCHS


def test_a_measurement_table_of_another_program_is_no_part(folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    write_table(MeasurementStore(folder).to_table(), made)
    name = f"part-{'b' * 32}-{zlib.crc32(made.read_bytes()):08x}.parquet"
    made.rename(folder / name)
    with pytest.raises(DataError, match=name):
        archs(folder)


def test_other_files_are_left_alone(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    assert archs(folder) == ARCHS
    assert {p.name for p in folder.iterdir() if not p.name.startswith(".")} == {FILE, ASIDE, "notes.txt"}
