"""A journal gives back whole appends, and says when it is damaged."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcast.collect.journal import HEADER, Journal, is_idle, new_number, read_journal
from archcast.core.errors import DataError

GROUPS = st.lists(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text() | st.floats(allow_nan=False, allow_infinity=False)),
        max_size=3,
    ),
    min_size=1,
    max_size=6,
)


def written(path: Path, groups: list[list[dict[str, object]]]) -> list[int]:
    """Sizes of the file after the header and after each append."""
    journal = Journal(path)
    sizes = [path.stat().st_size]
    for group in groups:
        journal.append(group)
        sizes.append(path.stat().st_size)
    journal.close()
    return sizes


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written(path, [[{"a": 0.1}, {"a": "line\nbreak \u2028 é"}], [], [{"a": None}]])
    assert read_journal(path) == [{"a": 0.1}, {"a": "line\nbreak \u2028 é"}, {"a": None}]


@settings(max_examples=30, deadline=None)
@given(groups=GROUPS, data=st.data())
def test_a_cut_anywhere_leaves_the_whole_appends_before_it(
    groups: list[list[dict[str, object]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        sizes = written(path, groups)
        cut = data.draw(st.integers(0, sizes[-1]))
        path.write_bytes(path.read_bytes()[:cut])
        whole = sum(size <= cut for size in sizes[1:])
        assert read_journal(path) == [row for group in groups[:whole] for row in group]


@settings(max_examples=30, deadline=None)
@given(groups=GROUPS, data=st.data())
def test_a_changed_byte_before_the_last_line_is_told(
    groups: list[list[dict[str, object]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        sizes = written(path, [*groups, [{"a": 1}], [{"b": 2}]])
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, sizes[-3] - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        with pytest.raises(DataError, match=str(path)):
            read_journal(path)


def test_zeros_after_a_power_cut_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written(path, [[{"a": 1}]])
    with path.open("ab") as file:
        file.write(bytes(4096))
    assert read_journal(path) == [{"a": 1}]


def test_what_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for start in range(len(HEADER)):
        path.write_bytes(HEADER[:start])
        assert read_journal(path) == []
    path.write_bytes(b"archcast journal 2\n")
    with pytest.raises(DataError, match="is not a journal"):
        read_journal(path)


def test_idle_when_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    assert not is_idle(journal.path)
    journal.close()
    assert is_idle(journal.path)
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "j")


def test_an_append_that_fails_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.append([{"a": 1}])
    before = journal.path.read_bytes()
    real = os.fsync

    def failing(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output"):
        journal.append([{"a": 2}])
    monkeypatch.setattr(os, "fsync", real)
    assert journal.path.read_bytes() == before
    journal.append([{"a": 3}])
    journal.close()
    assert journal.rows == 2
    assert read_journal(journal.path) == [{"a": 1}, {"a": 3}]


def test_numbers_sort_by_time() -> None:
    made = [new_number() for _ in range(50)]
    assert len({len(n) for n in made}) == 1
    assert [n[:16] for n in made] == sorted(n[:16] for n in made)
    assert len(set(made)) == 50


def test_a_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(DataError, match="needs file locks"):
        Journal(tmp_path / "j")
