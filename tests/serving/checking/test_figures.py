"""Figures of predictions beside new measurements."""

import numpy as np
import pytest
from checking_cases import compared
from scipy.stats import binomtest, ttest_1samp

from archcast.serving.checking.figures import Comparison, by_architecture, mean_of

DRAWN = np.random.default_rng(0).normal(0.1, 0.05, 12)


def test_bias_is_the_mean_with_students_interval():
    predicted = np.linspace(5.0, 40.0, 12)
    found = compared(predicted * np.exp(-DRAWN), predicted, width=0.3)
    bias = found.bias()
    known = ttest_1samp(DRAWN, 0.0).confidence_interval(0.95)
    assert bias.value == pytest.approx(100 * np.expm1(DRAWN.mean()))
    assert bias.low == pytest.approx(100 * np.expm1(known.low))
    assert bias.high == pytest.approx(100 * np.expm1(known.high))


def test_coverage_has_the_exact_interval():
    found = compared([10, 10, 10, 20, 10.5], [10, 10.5, 9.5, 10, 10])
    known = binomtest(4, 5).proportion_ci(0.95, "exact")
    told = found.coverage()
    assert told.value == 0.8
    assert (told.low, told.high) == pytest.approx((known.low, known.high))
    every = compared([10, 10, 10], [10, 10, 10]).coverage()
    assert (every.high, every.low) == (1.0, pytest.approx(0.025 ** (1 / 3)))
    none = compared([10, 10, 10], [20, 20, 20]).coverage()
    assert (none.value, none.low) == (0.0, 0.0)


def test_error_is_a_share_of_the_measurement_or_in_points():
    assert compared([10, 20], [11, 18]).error == pytest.approx(10.0)
    assert compared([90, 80], [91, 78], in_points=True).error == pytest.approx(1.5)
    assert compared([90, 80], [91, 78], in_points=True).bias().value == pytest.approx(-0.5)


def test_what_is_far_from_its_prediction_and_from_the_others_does_not_fit():
    predicted = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    measured = predicted.copy()
    measured[2] *= 10
    found = compared(measured, predicted)
    assert found.misfits().tolist() == [False, False, True, False, False]
    assert found.bias().value == pytest.approx(0.0)
    assert not compared(2 * predicted, predicted).misfits().any(), "the device is slower throughout"
    unknown = Comparison(measured, predicted, np.full(5, np.nan), np.full(5, np.nan), False)
    assert unknown.misfits().tolist() == [False, False, True, False, False]
    assert not unknown.has_intervals


def test_nothing_is_ranked_where_a_side_is_constant():
    assert compared([1, 2, 3], [2, 4, 6]).spearman == pytest.approx(1.0)
    assert compared([1, 2, 3], [2, 2, 2]).spearman is None
    assert compared([1, 2], [2, 4]).spearman is None


def test_repeats_count_by_their_mean():
    values, groups = np.array([1.0, 4.0, 5.0]), np.array([0, 0, 1])
    np.testing.assert_allclose(by_architecture(values, groups, in_points=False), [2.0, 5.0])
    np.testing.assert_allclose(by_architecture(values, groups, in_points=True), [2.5, 5.0])


def test_one_error_tells_no_interval():
    told = mean_of(np.array([0.0]), 0.95, in_points=True)
    assert (told.value, told.low, told.high) == (0.0, -np.inf, np.inf)
