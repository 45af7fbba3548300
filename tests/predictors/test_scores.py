import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from archcast.predictors.scores import NormalScores

VALUES = st.lists(st.integers(0, 40), min_size=2, max_size=30).map(lambda x: np.array(x, dtype=float))


def test_scores_are_quantiles_of_the_ranks():
    made = NormalScores.fit(np.array([3.0, 1.0, 2.0, 9.0]))
    np.testing.assert_allclose(made.values, [1, 2, 3, 9])
    np.testing.assert_allclose(made.scores, norm.ppf((np.arange(4) + 0.5) / 4))


def test_ties_share_their_mean():
    made = NormalScores.fit(np.array([1.0, 1.0, 5.0]))
    np.testing.assert_allclose(made.scores, [norm.ppf([1 / 6, 1 / 2]).mean(), norm.ppf(5 / 6)])


def test_beyond_the_values_the_average_slope_is_the_steepest():
    made = NormalScores.fit(np.array([0.0, 50.0, 50.1, 50.2, 50.3, 50.4]))
    average = 50.4 / (made.scores[-1] - made.scores[0])
    low, high = made.inverse(np.array([made.scores[0] - 1, made.scores[-1] + 1]))
    assert low == pytest.approx(-average)
    assert high == pytest.approx(50.4 + 0.1 / (made.scores[-1] - made.scores[-2]))


@given(VALUES)
def test_they_rise_and_come_back(y):
    made = NormalScores.fit(y)
    u = made.forward(y)
    order = np.argsort(y, kind="stable")
    assert (np.diff(u[order]) >= 0).all()
    np.testing.assert_allclose(made.inverse(u), y, atol=1e-9)
    np.testing.assert_allclose(u.sum(), 0.0, atol=1e-9)


def test_equal_values_have_score_nought():
    made = NormalScores.fit(np.full(5, 7.0))
    np.testing.assert_allclose(made.forward(np.array([7.0, 8.0])), [0.0, 1.0], atol=1e-12)
