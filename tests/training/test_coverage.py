import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

from archcast.predictors import LookupTable
from archcast.predictors.intervals import LEVELS, Intervals
from archcast.training.coverage import (
    PARTS,
    coverage_by_size,
    cross_fitted,
    empirical_coverage,
    interval_coverage,
    level,
)

RNG = np.random.default_rng(3)
TRUTH = np.exp(RNG.normal(0, 1, 400))
PREDICTED = TRUTH * np.exp(RNG.normal(0, 0.1, 400))


def test_each_row_is_judged_by_the_other_half():
    inside = cross_fitted(TRUTH, PREDICTED, logarithmic=True, seed=5)
    order = np.random.default_rng(5).permutation(400)
    first, second = order[:200], order[200:]
    made = Intervals.from_errors(TRUTH[first, None], PREDICTED[first, None], logarithmic=True)
    assert inside.shape == (len(LEVELS), 400)
    for i, coverage in enumerate(LEVELS):
        low, high = made.around(PREDICTED[second], 0, float(coverage))
        np.testing.assert_array_equal(inside[i, second], (low <= TRUTH[second]) & (TRUTH[second] <= high))


def test_coverage_is_about_what_was_promised():
    found = empirical_coverage(TRUTH[:, None], PREDICTED[:, None], logarithmic=True)[:, 0]
    assert np.abs(found - LEVELS).max() < 0.04
    assert np.all(np.diff(found) >= 0)


def test_a_row_of_its_own_does_not_widen_its_interval():
    """One monstrous error: widths learned from all rows would hold it at 99 % of 150 rows."""
    y, p = np.ones(150), np.exp(np.linspace(0.01, 0.02, 150))
    p[7] = 100.0
    held = Intervals.from_errors(y[:, None], p[:, None], logarithmic=True)
    low, high = held.around(p, 0, 0.99)
    assert np.mean((low <= y) & (y <= high)) >= 0.99
    inside = cross_fitted(y, p, logarithmic=True)[level(0.9)]
    assert inside[7] == 0


def test_too_few_rows_for_a_coverage_are_said():
    found = empirical_coverage(TRUTH[:20, None], PREDICTED[:20, None], logarithmic=True)[:, 0]
    assert np.isnan(found[LEVELS > 10 / 11]).all()
    assert np.isfinite(found[LEVELS <= 10 / 11]).all()


def test_missing_measurements_do_not_count():
    truth = np.stack([TRUTH, np.full(400, np.nan)], axis=1)
    truth[::2, 0] = np.nan
    found = empirical_coverage(truth, np.stack([PREDICTED, PREDICTED], axis=1), logarithmic=True)
    alone = empirical_coverage(truth[1::2, :1], PREDICTED[1::2, None], logarithmic=True)
    np.testing.assert_array_equal(found[:, :1], alone)
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("logarithmic", [True, False])
def test_exact_predictions_are_always_inside(logarithmic):
    found = empirical_coverage(TRUTH[:, None], TRUTH[:, None], logarithmic=logarithmic)
    assert (found == 1).all()


def test_of_a_fitted_predictor():
    fitted = fitted_to(noisy_labels(), LookupTable)[0]
    found = interval_coverage(fitted)
    assert found.shape == (len(LEVELS), 2)
    by_size = coverage_by_size(fitted)
    assert by_size.shape == (PARTS, 2)
    known = np.isfinite(fitted.truth[:, 0])
    parts = np.array_split(np.arange(known.sum()), PARTS)
    weights = np.array([len(part) for part in parts]) / known.sum()
    assert weights @ by_size[:, 0] == pytest.approx(found[level(0.9), 0])
