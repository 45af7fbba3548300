import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archcast.predictors.served.head import Head, rounded

NOTHING = np.array([False])


@given(arrays(np.float64, (6, 2), elements=st.floats(1e-12, 1e12)))
def test_rounding_keeps_six_digits(values):
    expected = [[float(f"{v:.5e}") for v in row] for row in values]
    np.testing.assert_allclose(rounded(values), expected, rtol=2e-6)
    np.testing.assert_allclose(rounded(rounded(values)), rounded(values), rtol=1e-12)


def test_rounding_of_signs_and_zero():
    np.testing.assert_allclose(rounded(np.array([[-1.23456789, 0.0]])), [[-1.23457, 0.0]])


def test_a_floor_holds_values_above_it():
    head = Head(True, np.array([2.0]), NOTHING)
    np.testing.assert_allclose(head(np.array([[1.0], [3.0]])), [[2.0], [3.0]])
    inverted = Head(True, np.array([2.0]), NOTHING, inverted=True)
    np.testing.assert_allclose(inverted(np.array([[1.0], [4.0]])), [[0.5], [0.25]])


def test_a_tail_goes_on_smoothly_below_the_floor():
    head = Head(True, np.array([2.0]), NOTHING, tail=True)
    q = np.array([[2.1], [2.0], [1.999], [0.0], [-6.0]])
    found = head(q.copy())[:, 0]
    assert (np.diff(found) < 0).all()
    assert found[-1] == pytest.approx(2 * np.exp(-4), rel=1e-6)
    assert found[2] == pytest.approx(1.999, rel=1e-6)
