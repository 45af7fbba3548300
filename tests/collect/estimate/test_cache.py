"""Estimates on disk: kept whole, by two processes at once, and never trusted when damaged."""

import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from archcast.collect.estimate.base import LayerCost
from archcast.collect.estimate.cache import EstimateCache
from archcast.core.errors import ArchcastWarning, DataError

COST = LayerCost(1.5, 0.25, {"compute": 1.0, "load": 0.5}, {"multipliers": 0.25}, "a note")
WRITER = """
import sys
from archcast.collect.estimate.base import LayerCost
from archcast.collect.estimate.cache import EstimateCache
cache = EstimateCache("shared", "v1")
for i in range(100):
    cache.put(f"both {i}", LayerCost(float(i)))
    cache.put(f"{sys.argv[1]} {i}", LayerCost(float(i)))
"""


@pytest.fixture
def cache(home: Path) -> EstimateCache:
    return EstimateCache("a target", "v1")


def test_what_is_put_is_got_and_nothing_else(cache: EstimateCache, home: Path) -> None:
    assert cache.get(["a"]) == {}
    assert not cache.path.exists()
    cache.put("a", COST)
    cache.put("b", LayerCost(2.0))
    assert EstimateCache("a target", "v1").get(["a", "b", "c"]) == {"a": COST, "b": LayerCost(2.0)}
    assert EstimateCache("a target", "v2").get(["a"]) == {}
    assert cache.path.parent == home / "estimates"


def test_many_keys_are_got_at_once(cache: EstimateCache) -> None:
    for i in range(3):
        cache.put(str(i), LayerCost(float(i)))
    assert set(cache.get(map(str, range(1200)))) == {"0", "1", "2"}


@pytest.mark.parametrize("change", ["value = replace(value, '1.5', '1.6')", "hash = ''", "value = NULL"])
def test_a_damaged_entry_is_left_out_with_a_warning(cache: EstimateCache, change: str) -> None:
    cache.put("a", COST)
    cache.put("b", COST)
    with sqlite3.connect(cache.path) as db:
        db.execute(f"UPDATE costs SET {change} WHERE key = 'a'")
    db.close()
    with pytest.warns(ArchcastWarning, match="estimate a in .* is damaged and is estimated anew"):
        assert cache.get(["a", "b"]) == {"b": COST}


def test_a_file_that_is_no_cache_is_refused_by_name(cache: EstimateCache) -> None:
    cache.path.parent.mkdir(parents=True)
    cache.path.write_bytes(b"not a database, but long enough to be looked at" * 40)
    for act in (lambda: cache.get(["a"]), lambda: cache.put("a", COST)):
        with pytest.raises(DataError, match=str(cache.path)):
            act()


def test_a_place_where_nothing_can_be_kept_is_told_once(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "file"))
    cache = EstimateCache("a target", "v1")
    with pytest.warns(ArchcastWarning, match=r"estimates are not kept, as .* cannot be used"):
        cache.put("a", COST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.put("b", COST)
        assert cache.get(["a"]) == {}


def test_two_processes_write_at_once(home: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in ("one", "two")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    keys = [f"{name} {i}" for name in ("one", "two", "both") for i in range(100)]
    found = EstimateCache("shared", "v1").get(keys)
    assert {key: cost.latency_ms for key, cost in found.items()} == {k: float(k.split()[1]) for k in keys}
