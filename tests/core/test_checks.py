from types import SimpleNamespace

import numpy as np
import pytest

from archcast.core.checks import check_above_zero, check_at_least, check_share
from archcast.core.errors import InputError


def of(value):
    return SimpleNamespace(field=value)


@pytest.mark.parametrize("value", [2, 3, np.int64(2)])
def test_counts_that_are_enough(value):
    check_at_least(of(value), field=2)


@pytest.mark.parametrize("value", [1, -1, True, 2.0, "2", None, float("nan")])
def test_counts_that_are_none(value):
    with pytest.raises(InputError, match="field must be a whole number of at least 2, got"):
        check_at_least(of(value), field=2)


@pytest.mark.parametrize("value", [1e-9, 1, np.float32(3)])
def test_numbers_above_zero(value):
    check_above_zero(of(value), "field")


@pytest.mark.parametrize("value", [0, -1.0, True, "1", None, float("nan"), float("inf")])
def test_numbers_that_are_not_above_zero(value):
    with pytest.raises(InputError, match="field must be a number above 0, got"):
        check_above_zero(of(value), "field")


@pytest.mark.parametrize("value", [0, 0.5, 0.999])
def test_shares(value):
    check_share(of(value), "field")


@pytest.mark.parametrize("value", [1, -0.1, True, None, float("nan")])
def test_what_is_no_share(value):
    with pytest.raises(InputError, match="field must be at least 0 and below 1, got"):
        check_share(of(value), "field")
