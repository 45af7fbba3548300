"""Published values become rows with a status; nothing unusable keeps a number."""

from __future__ import annotations

import numpy as np
import pytest

from archcast.collect.tables import RECIPES
from archcast.collect.tables.base import GLITCH_SHARE, Series, classify, column, manifest
from archcast.core.errors import DataError, UnknownNameError

LATENCY = Series("nasbench201", "latency", "cifar10", ("board",))


def test_statuses_and_notes() -> None:
    values = [10.0] * 5 + [0.4, None, float("nan"), -1, 0.0, float("inf"), 0.6]
    kept, status, note = classify(values, "latency")
    assert status == ["ok"] * 5 + ["glitch", "missing", "missing", "missing", "glitch", "missing", "ok"]
    assert note == [""] * 5 + ["0.4", "null", "NaN", "-1", "0.0", "Infinity", ""]
    assert np.isnan(kept).tolist() == [s != "ok" for s in status]


def test_the_glitch_share_is_of_the_median_of_what_was_measured() -> None:
    values = np.array([1.0, 1.0, 1.0, GLITCH_SHARE * 1.01, GLITCH_SHARE * 0.99, -1.0, -1.0, -1.0])
    assert classify(values, "latency")[1] == ["ok"] * 4 + ["glitch"] + ["missing"] * 3


def test_a_low_accuracy_is_no_glitch() -> None:
    assert classify([90.0, 90.0, 0.8], "accuracy")[1] == "ok"
    assert classify([90.0, 90.0, 0.0], "accuracy")[1] == ["ok", "ok", "glitch"]


def test_nothing_measured() -> None:
    assert classify([None, -1.0], "latency")[1] == ["missing", "missing"]


def test_column_checks_its_length_and_numbers() -> None:
    with pytest.raises(DataError, match="one latency of board for each of 2"):
        column(LATENCY, "board", ["a", "b"], [1.0], source="x")
    with pytest.raises(DataError, match="latency must be numbers"):
        column(LATENCY, "board", ["a", "b"], [1.0, "fast"], source="x")


def test_column_keeps_spread_repeats_and_environment() -> None:
    table = column(
        LATENCY, "board", ["a"], [2.0], source="x", spread=[0.5], repeats=3, environment={"threads": 1}
    )
    (row,) = table.to_pylist()
    assert (row["value"], row["spread"], row["repeats"], row["status"]) == (2.0, 0.5, 3, "ok")
    assert (row["environment"], row["source"], row["dataset"]) == ('{"threads": 1}', "x", "cifar10")


def test_addresses_name_the_commit() -> None:
    upstream, files = manifest("help")
    repository, commit = upstream.split("@")
    assert len(files) == 74
    for remote in files:
        assert remote.url == f"https://raw.githubusercontent.com/{repository}/{commit}/data/{remote.path}"
        assert len(remote.sha256) == 64


def test_spaces_are_checked(small_tables) -> None:
    with pytest.raises(UnknownNameError, match="space of the table hat must be one of hat"):
        RECIPES["hat"].to_table(small_tables / "hat", spaces=["nasbench201"])
