"""Which sign of a column is the decimal one."""

import pytest

from archcast.core.errors import InputError
from archcast.core.reading import read_bytes
from archcast.core.reading.decimals import read_values


def values(cells, separator=";", **given):
    text = "\n".join([f"arch{separator}value", *(f'a{separator}"{cell}"' for cell in cells)])
    table = read_bytes(text.encode(), "x", header=True)
    return read_values(table, "value", range(len(table)), **given)


@pytest.mark.parametrize(
    ("cells", "separator", "numbers"),
    [
        (["0.5", "12.3456"], ";", [0.5, 12.3456]),
        (["1.234", "0.567"], ";", [1.234, 0.567]),
        (["1.234", "12.5", "950"], ";", [1.234, 12.5, 950.0]),
        (["1.234", "1234.567"], "\t", [1.234, 1234.567]),
        (["1.234", "56.789"], ",", [1.234, 56.789]),
        (["1.234e3"], ";", [1234.0]),
        (["1,234", "0,567"], ",", [1.234, 0.567]),
        (["1,5E+03", "2"], ";", [1500.0, 2.0]),
    ],
)
def test_a_cell_settles_the_column(cells, separator, numbers):
    assert values(cells, separator) == numbers


@pytest.mark.parametrize(
    ("cells", "separator", "said"),
    [
        (
            ["950", "1.234"],
            ";",
            r"point of '1.234' may be .* separated by ';': write 1.2340 or 1234 .x line 3.",
        ),
        (["12.345"], "\t", r"separated by tabs: write 12.3450 or 12345 .x line 2."),
        (["1,234"], ",", r"the comma of '1,234' may be .* thousands: write 1.2340 or 1234 .x line 2."),
        (["1.234,5"], ";", r"got '1.234,5' .x line 2.: write it without signs between thousands"),
        (["1.234.567"], ";", "without signs between thousands"),
        (["1\u202f234.5"], ",", "without signs between thousands"),
        (["1'234.5"], ",", "without signs between thousands"),
        (["1,23,456.7"], ",", "without signs between thousands"),
        (["5", "n/a"], ",", r"got 'n/a' .x line 3.: leave cells blank that were not measured"),
        (["0.90.0"], ",", r"got '0.90.0' .x line 2.$"),
        (["5 ms"], ",", r"value must be a number, got '5 ms' .x line 2."),
    ],
)
def test_what_a_person_would_stop_at_is_refused(cells, separator, said):
    with pytest.raises(InputError, match=said):
        values(cells, separator)


def test_what_cannot_be_so_large_has_no_thousands():
    assert values(["93.912", "70.001"], most=100.0) == [93.912, 70.001]
    assert values(["93,912"], most=100.0) == [93.912]
    with pytest.raises(InputError, match="thousands"):
        values(["93.912"], most=1e6)
