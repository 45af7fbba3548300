"""What a number is."""

import datetime
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcast.core.errors import InputError
from archcast.core.numbers import read_number, read_numbers


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_as_it_was(value):
    assert read_number(repr(value)) == value
    assert read_number(value) == value


@pytest.mark.parametrize("text", ["1", "+1.5", "-.5", "1.", " 1e3 ", "1E-3", "007"])
def test_plain_text_is_read(text):
    assert read_number(text) == float(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nan",
        "inf",
        "1e999",
        "9_731",
        "1,5",
        "1 000",
        "0x1",
        "true",
        "1.2.3",
        "1e",
        "\u0661",
        "\uff11",
        "5 ms",
        True,
        None,
        math.nan,
        math.inf,
        10**400,
        1j,
        Decimal("sNaN"),
        Decimal("Infinity"),
        b"1",
        [1],
        datetime.date(2026, 1, 1),
    ],
)
def test_anything_else_is_refused(value):
    with pytest.raises(InputError, match="value must be a number, got "):
        read_number(value)


def test_numbers_of_databases_are_numbers():
    assert read_number(Decimal("97.31")) == 97.31
    np.testing.assert_array_equal(read_numbers([Decimal("97.31"), 2]), [97.31, 2.0])


def test_arrays_of_numbers():
    for values in (
        [1, 2.5],
        (1, 2.5),
        np.array([1, 2.5], dtype=np.float32),
        np.array([1, 2.5], dtype=object),
    ):
        np.testing.assert_array_equal(read_numbers(values), [1, 2.5])
    assert math.isnan(read_numbers([1.0, math.nan])[1]), "whether a value may lack is another question"
    np.testing.assert_array_equal(read_numbers(np.ma.array([1, 2])), [1, 2])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1.0, True], r"got True \(item 1\)"),
        ([1.0, "2"], r"got '2' \(item 1\)"),
        (np.array([True, False]), "an array of bool"),
        (np.array([1j]), "an array of complex"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "an array of datetime64"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), r"a masked entry \(item 1\)"),
        (np.array([1.0, "x"], dtype=object), r"got 'x' \(item 1\)"),
        ([[1.0], [2.0, 3.0]], "must be numbers"),
    ],
)
def test_other_arrays_are_refused(values, why):
    with pytest.raises(InputError, match=why):
        read_numbers(values)
