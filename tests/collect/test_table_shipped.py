"""Tables inside the package: a Parquet file with its card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archcast.collect.tables.shipped import SHIPPED, shipped_recipes, write_card
from archcast.core.errors import DataError
from archcast.core.measurements import measurement_table, read_table, write_table

CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"


def made(folder: Path) -> Path:
    table = measurement_table(
        {
            "space": "nasbench201",
            "arch": [CELL, CELL, CELL],
            "device": ["a", "b", "c"],
            "metric": "latency",
            "dataset": "cifar10",
            "value": [1.5, 2.5, None],
            "status": ["ok", "ok", "failed"],
            "source": "test",
            "note": ["", "", "out of memory"],
        }
    )
    path = folder / "mine.parquet"
    write_table(table, path)
    write_card(path, title="Mine", command="archcast collect host", about="a test", made="2026-01-31")
    return path


def test_a_card_makes_a_recipe_that_reads_the_table(tmp_path: Path) -> None:
    path = made(tmp_path)
    (recipe,) = shipped_recipes(tmp_path)
    assert (recipe.name, recipe.title, recipe.redistributable) == ("mine", "Mine", True)
    assert recipe.devices == ("a", "b")
    assert "archcast collect host" in recipe.citation
    assert recipe.to_table(tmp_path).equals(read_table(path))


def test_an_altered_table_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    (recipe,) = shipped_recipes(tmp_path)
    table = read_table(path)
    write_table(table.slice(1), path)
    with pytest.raises(DataError, match="hash differs"):
        recipe.to_table(tmp_path)


def test_an_odd_card_is_refused_by_its_entry(tmp_path: Path) -> None:
    card = made(tmp_path).with_suffix(".json")
    record = json.loads(card.read_text())
    card.write_text(json.dumps(record | {"extra": 1}))
    with pytest.raises(DataError, match=r"mine\.json .* extra is amiss"):
        list(shipped_recipes(tmp_path))


def test_what_is_in_the_package_reads_and_is_small() -> None:
    for recipe in shipped_recipes():
        for space in recipe.spaces:
            assert recipe.to_table(SHIPPED, spaces=[space]).num_rows
    assert sum(f.stat().st_size for f in SHIPPED.iterdir()) < 3_000_000
