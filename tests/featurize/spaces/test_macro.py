import json

import numpy as np
import pytest

from archcast.core.errors import ParseError
from archcast.featurize.cost import quantity
from archcast.featurize.spaces.catalog import spaces

MACRO = spaces("macro")
ALL = np.stack(np.unravel_index(np.arange(3**8), (3,) * 8), axis=1).astype(np.int8)


@pytest.fixture(scope="module")
def table(public_tables):
    return published(public_tables)


def published(folder):
    return json.loads((folder / "nas_bench_macro" / "nas-bench-macro_cifar10.json").read_text())


def test_counts_of_published_networks(small_tables):
    check_counts(published(small_tables), 1_313)


def test_counts_of_all_published_networks(table):
    check_counts(table, 6_561)


def check_counts(table, count):
    params, flops = MACRO.published_counts(MACRO.parse(list(table)))
    assert len(table) == count
    np.testing.assert_array_equal(params, [row["params"] for row in table.values()])
    np.testing.assert_array_equal(flops, [row["flops"] for row in table.values()])


def test_aliases_have_one_entry(table):
    codes = MACRO.parse(list(table))
    assert len(codes) == 6_561
    for key, same in zip(table, MACRO.format(MACRO.canonical(codes)), strict=True):
        assert table[key] == table[same]


def test_worked_example_part_by_part():
    parts = MACRO.part_costs(MACRO.parse(["02012100"]))[0][None]
    params = [int(quantity(parts[:, p], "params")[0]) for p in range(10)]
    macs = [int(quantity(parts[:, p], "macs")[0]) for p in range(10)]
    assert params == [928, 2_176, 60_416, 8_448, 103_552, 219_136, 152_960, 0, 0, 330_240 + 12_810]
    assert macs[:8] == [884_736, 524_288, 15_040_512, 524_288, 6_512_640, 13_811_712, 4_773_888, 0]
    assert macs[8:] == [0, 5_242_880 + 12_800]


def test_classes():
    assert len(np.unique(MACRO.canonical(ALL), axis=0)) == 3_969
    assert len(np.unique(MACRO.function_groups(ALL))) == 3_969
    assert MACRO.format(MACRO.canonical(MACRO.parse(["00201002"]))) == ["00210020"]


def test_neighbours_are_those_at_distance_one():
    code = MACRO.parse(["02012100"])
    near, owner = MACRO.neighbours(code)
    expected = ALL[(code != ALL).sum(axis=1) == 1]
    np.testing.assert_array_equal(np.unique(near, axis=0), np.unique(expected, axis=0))
    assert len(near) == 16
    assert not owner.any()


def test_sampling_is_uniform():
    codes = MACRO.sample(30_000, seed=0)
    share = np.stack([(codes == digit).mean(axis=0) for digit in range(3)])
    assert np.abs(share - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 30_000)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0201210", 7),
        ("020121000", 8),
        ("02012103", 7),
        ("0x012100", 1),
        ("\u06602012100", 0),
        ("0201 100", 4),
        ("-2012100", 0),
    ],
)
def test_mistakes_are_located(text, position):
    with pytest.raises(ParseError) as caught:
        MACRO.parse(["02012100", text])
    assert (caught.value.item, caught.value.position) == (1, position)


def test_lengths_that_add_up_do_not_pass():
    with pytest.raises(ParseError, match="item 0"):
        MACRO.parse(["0000000", "000000000"])


def test_cells_by_hand():
    cells = MACRO.cells(MACRO.parse(["02012100", "11000222"]))
    np.testing.assert_array_equal(cells.width, [[64, 128, 256]] * 2)
    np.testing.assert_array_equal(cells.depth, [[4, 7, 3], [6, 1, 9]])
    np.testing.assert_array_equal(cells.skip, [[64, 256, 0], [64, 0, 512]])
