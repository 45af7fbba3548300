import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.predictors.adapt import posterior as module
from archcast.predictors.adapt.config import AdaptConfig
from archcast.predictors.adapt.intervals import half_width, left_out, widening
from archcast.predictors.adapt.prior import Component

CONFIG = AdaptConfig()


def fitted(n=9, outlier=None):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    cost = 9.0 + x @ np.array([1.0, 0.4, -1.0, 0.2]) + 0.1 * rng.normal(size=n)
    if outlier is not None:
        cost[outlier] *= 10.0
    component = Component(("g",), np.array([1.0, 0.0, -1.0, 0.0]), np.diag([1.0, 0.5, 0.2, 0.4]), 0.0, 1.0)
    return module._Fit(component, x, cost, True, CONFIG, module._scales(cost, CONFIG)[0])


def test_errors_without_a_measurement_are_those_of_a_fit_without_it():
    fit = fitted()
    error, variance, density = fit.left_out()
    error, variance, density = error / fit.unit, variance / fit.unit**2, density + np.log(fit.unit)
    ones, point = np.ones(8), 13
    c, v = module.grid_of(CONFIG).c[point], module.grid_of(CONFIG).v[point]
    for i in range(9):
        rest = np.delete(np.arange(9), i)
        whole = c**2 * fit.a @ fit.a.T + v * np.diag(fit.tau)
        inverse = np.linalg.inv(whole[np.ix_(rest, rest)])
        across, t = whole[i, rest], fit.t - c * fit.m
        offset = ones @ inverse @ t[rest] / (ones @ inverse @ ones)
        expected = offset + across @ inverse @ (t[rest] - offset)
        spread = whole[i, i] - across @ inverse @ across
        spread += (1.0 - across @ inverse @ ones) ** 2 / (ones @ inverse @ ones)
        assert error[point, i] == pytest.approx(t[i] - expected)
        assert density[point, i] == pytest.approx(-0.5 * (np.log(spread) + error[point, i] ** 2 / spread))
        assert variance[point, i] == pytest.approx(spread - v * (fit.tau[i] - fit.base[i]))


def test_a_measurement_far_off_does_not_excuse_itself():
    fit = fitted(outlier=2)
    error, deviation = left_out([fit.left_out()], module._shares(fit.evidence))
    scores = np.abs(error / deviation)
    assert scores.argmax() == 2
    assert scores[2] > 5.0


def test_the_mixture_without_a_measurement_drops_what_only_that_one_supports():
    error = np.array([[1.0, 0.0], [3.0, 0.0]])
    variance, density = np.full((2, 2), 4.0), np.log([[0.9, 0.5], [0.1, 0.5]])
    parts = [(error[k : k + 1], variance[k : k + 1], density[k : k + 1]) for k in (0, 1)]
    error, deviation = left_out(parts, np.array([0.9, 0.1]))
    np.testing.assert_allclose(error, [2.0, 0.0])
    np.testing.assert_allclose(deviation, [np.sqrt(4.0 + 1.0), 2.0])


def test_intervals_widen_with_errors_up_to_a_bound_and_with_few_measurements():
    right, wrong = np.full(10, 0.9), np.full(10, 2.0)
    assert widening(right, CONFIG) == pytest.approx((0.8 * 8 + 9) / 18 * 1.0081)
    assert widening(-wrong, CONFIG) == pytest.approx((0.8 * 8 + 20) / 18 * 1.0081)
    assert widening(right[:3], CONFIG) == pytest.approx((0.8 * 8 + 2.7) / 11 * 2.0)
    one_off = np.append(right[1:], 1e9)
    assert widening(right, CONFIG) < widening(one_off, CONFIG) < 1.2 * widening(right, CONFIG)


def test_half_width_is_students_quantile():
    assert half_width(0.9, CONFIG) == pytest.approx(2.132, abs=0.005)
    assert half_width(0.5, CONFIG) == pytest.approx(0.741, abs=0.005)
    for wrong in (0.3, 1.0, "0.9"):
        with pytest.raises(InputError, match="coverage"):
            half_width(wrong, CONFIG)
