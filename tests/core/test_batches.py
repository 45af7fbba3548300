"""What a batch comes in."""

import sys

import numpy as np
import pytest

from archcast.core.batches import check_aligned, items_of, library_of
from archcast.core.errors import InputError

ITEMS = ["a", "b", "c"]
ROWS = [[1, 2], [3, 4]]


def test_lists_stay_as_they_are_and_iterators_are_gone_through_once():
    assert items_of(ITEMS) is ITEMS
    assert items_of(tuple(ITEMS)) == tuple(ITEMS)
    assert items_of(item for item in ITEMS) == ITEMS
    assert items_of(dict.fromkeys(ITEMS).keys()) == ITEMS
    assert items_of(map(str.upper, ITEMS)) == ["A", "B", "C"]
    assert items_of([]) == []


def test_numpy():
    assert items_of(np.array(ITEMS)) == ITEMS
    assert items_of(np.array(ITEMS, dtype=object)) == ITEMS
    codes = np.array(ROWS)
    assert items_of(codes) is codes
    assert items_of(np.ma.array(ROWS)).tolist() == ROWS
    with pytest.raises(InputError, match=r"arch_batch must be there, got a masked entry \(item 1\)"):
        items_of(np.ma.array(ROWS, mask=[[0, 0], [0, 1]]))
    with pytest.raises(InputError, match=r"numpy\.char\.decode"):
        items_of(np.array(ITEMS, dtype="S"))
    with pytest.raises(InputError, match="of records"):
        items_of(np.zeros(2, dtype=[("a", int)]))


def test_pandas():
    pd = pytest.importorskip("pandas")
    series = pd.Series(ITEMS, index=[10, 30, 20])
    assert items_of(series) == items_of(series.astype("category")) == items_of(pd.Index(ITEMS)) == ITEMS
    assert items_of(pd.DataFrame({" Arch": ITEMS, "note": 1})) == ITEMS
    rows = items_of(pd.Series([np.array(row) for row in ROWS]))
    assert [row.tolist() for row in rows] == ROWS
    with pytest.raises(InputError, match="column arch, and this DataFrame has not: its columns are 'x', 1"):
        items_of(pd.DataFrame({"x": ITEMS, 1: 1}))
    with pytest.raises(InputError, match="has it twice"):
        items_of(pd.DataFrame([["a", "b"]], columns=["arch", "ARCH"]))
    for missing in (None, np.nan, pd.NA, pd.NaT):
        with pytest.raises(InputError, match=r"got a missing entry \(item 1\)"):
            items_of(pd.Series(["a", missing], dtype=object))
    with pytest.raises(InputError, match="values must be one column, got a DataFrame of the columns 'v'"):
        items_of(pd.DataFrame({"v": [1]}), "values", column=None)


def test_pyarrow():
    pa = pytest.importorskip("pyarrow")
    for batch in (
        pa.array(ITEMS),
        pa.chunked_array([ITEMS[:1], ITEMS[1:]]),
        pa.table({"n": [1, 2, 3], "arch": ITEMS}),
        pa.record_batch({"arch": ITEMS}),
        pa.array(ITEMS).dictionary_encode(),
        [pa.scalar(item) for item in ITEMS],
    ):
        assert items_of(batch) == ITEMS
    assert items_of(pa.array(ROWS)) == ROWS
    with pytest.raises(InputError, match="put it in a list"):
        items_of(pa.scalar("a"))
    with pytest.raises(InputError, match="this Table has not: its columns are 'n'"):
        items_of(pa.table({"n": [1]}))


class _Polars:
    """What polars' own classes offer of what is asked of them."""

    __module__ = "polars.series"


class _Series(_Polars):
    def __init__(self, items):
        self.items = items

    def to_list(self):
        return self.items


class _Frame(_Polars):
    columns = ("n", "arch")

    def to_dicts(self):
        return []

    def __getitem__(self, name):
        return _Series(ITEMS if name == "arch" else [1, 2, 3])


class _Lazy(_Polars):
    def collect_schema(self):
        return {}


@pytest.mark.parametrize("kinds", [(_Series, _Frame, _Lazy)])
def test_polars_is_told_by_what_it_offers(kinds):
    series, frame, lazy = kinds
    assert items_of(series(ITEMS)) == items_of(frame()) == ITEMS
    with pytest.raises(InputError, match="collect it first"):
        items_of(lazy())


def test_polars_itself():
    pl = pytest.importorskip("polars")
    assert items_of(pl.Series(ITEMS)) == items_of(pl.DataFrame({"n": [1, 2, 3], "arch": ITEMS})) == ITEMS
    assert items_of(pl.Series(ROWS)) == ROWS
    with pytest.raises(InputError, match="collect it first"):
        items_of(pl.DataFrame({"arch": ITEMS}).lazy())


def test_torch():
    torch = pytest.importorskip("torch")
    np.testing.assert_array_equal(items_of(torch.tensor(ROWS)), ROWS)
    assert items_of([torch.tensor(row) for row in ROWS]) == ROWS
    needing = torch.tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(items_of(needing, "values", column=None), [1.0, 2.0])
    with pytest.raises(InputError, match="got 3; put it in a list"):
        items_of(torch.tensor(3))
    with pytest.raises(InputError, match=r"got Sequential\(.*\); put it in a list"):
        items_of(torch.nn.Sequential(torch.nn.ReLU()))


@pytest.mark.parametrize("one", ["a", b"a", bytearray(b"a"), memoryview(b"a"), {"arch": 1}, 3, None])
def test_one_item_is_no_batch(one):
    with pytest.raises(InputError, match="arch_batch must be a list"):
        items_of(one)


@pytest.mark.parametrize("unordered", [{"a", "b"}, frozenset("ab")])
def test_a_set_has_no_order(unordered):
    with pytest.raises(InputError, match="must be in an order"):
        items_of(unordered)


def test_rows_of_frames_are_paired_by_their_index():
    pd = pytest.importorskip("pandas")
    archs, values = pd.Series(ITEMS), pd.Series([1.0, 2.0, 3.0])
    check_aligned(archs, values)
    check_aligned(archs, values.sort_values(ascending=False).tolist())
    with pytest.raises(InputError, match="must have the same index"):
        check_aligned(archs, values.sort_values(ascending=False))
    with pytest.raises(InputError, match="must have the same index"):
        check_aligned(pd.DataFrame({"arch": archs}), values.iloc[::-1])


def test_libraries_are_told_without_importing_them():
    assert library_of(np.zeros(1)) == library_of("a") == ""
    assert library_of(_Series([])) == "polars"
    assert "polars" not in sys.modules or library_of(_Frame()) == "polars"
