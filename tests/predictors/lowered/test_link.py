import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archcast.predictors.lowered.link import Head, rounded

NOTHING = np.array([False])


@given(arrays(np.float64, (6, 2), elements=st.floats(1e-12, 1e12)))
def test_rounding_keeps_six_digits(values):
    expected = [[float(f"{v:.5e}") for v in row] for row in values]
    np.testing.assert_allclose(rounded(values), expected, rtol=2e-6)
    np.testing.assert_allclose(rounded(rounded(values)), rounded(values), rtol=1e-12)


def test_rounding_by_a_lowest_value_changes_nothing():
    values = np.exp(np.random.default_rng(0).uniform(-12, 12, (200, 3)))
    np.testing.assert_array_equal(rounded(values), rounded(values, least=1e-7))
    np.testing.assert_array_equal(rounded(values + 3.0), rounded(values + 3.0, least=2.0))


def test_rounding_of_signs_and_zero():
    np.testing.assert_allclose(rounded(np.array([[-1.23456789, 0.0]])), [[-1.23457, 0.0]])


def test_a_floor_holds_values_above_it():
    head = Head(True, np.array([2.0]), NOTHING)
    np.testing.assert_allclose(head(np.array([[1.0], [3.0]])), [[2.0], [3.0]])
    inverted = Head(True, np.array([2.0]), NOTHING, inverted=True)
    np.testing.assert_allclose(inverted(np.array([[1.0], [4.0]])), [[0.5], [0.25]])


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 50])
@pytest.mark.parametrize("targets", [1, 3, 27])
def test_each_target_is_held_by_its_own_floor(n, targets):
    rng = np.random.default_rng(n)
    floor = rng.uniform(1, 2, targets)
    q = rng.uniform(0, 3, (n, targets)).astype(np.float32)
    expected = np.maximum(q, floor.astype(np.float32))
    head = Head(True, floor, np.zeros(targets, dtype=bool))
    np.testing.assert_array_equal(head(q.copy()), expected)
    free = Head(True, np.full(targets, -np.inf), np.zeros(targets, dtype=bool))
    np.testing.assert_array_equal(free(q.copy()), q)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 50])
@pytest.mark.parametrize("low", [1e-3, -np.inf])
def test_exact_targets_are_rounded_beside_others(n, low):
    rng = np.random.default_rng(n)
    sums = np.exp(rng.uniform(-9, 9, (n, 4)))
    exact, floor = np.array([False, True, True, False]), np.array([0.5, low, 2.0, -np.inf])
    found = Head(True, floor, exact)(sums.astype(np.float32), None, sums[:, exact].copy())
    raised = np.maximum(sums, floor)
    told = [[float(f"{value:.5e}") for value in row] for row in raised]
    np.testing.assert_array_equal(found[:, exact], np.array(told)[:, exact].astype(np.float32))
    np.testing.assert_allclose(found, raised, rtol=1e-5)


def test_a_tail_goes_on_smoothly_below_the_floor():
    head = Head(True, np.array([2.0]), NOTHING, tail=True)
    q = np.array([[2.1], [2.0], [1.999], [0.0], [-6.0]])
    found = head(q.copy())[:, 0]
    assert (np.diff(found) < 0).all()
    assert found[-1] == pytest.approx(2 * np.exp(-4), rel=1e-6)
    assert found[2] == pytest.approx(1.999, rel=1e-6)
