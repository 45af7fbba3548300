import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.predictors import Intervals
from archcast.predictors.intervals import LEVELS, student_quantile


def from_sizes(errors):
    """Intervals of one target from absolute errors."""
    truth = np.array(errors, dtype=np.float64)[:, None]
    return Intervals.from_errors(truth, np.zeros_like(truth), logarithmic=False)


def test_levels_are_the_hundredths():
    assert LEVELS.tolist() == [i / 100 for i in range(50, 100)]


@pytest.mark.parametrize("n", [9, 19, 49, 99, 100, 199, 1000, 1299])
def test_the_width_is_that_of_the_exact_rank(n):
    made = from_sizes(np.random.default_rng(n).permutation(np.arange(1, n + 1)))
    widths = made.widths[:, 0] * made.sizes[-1, 0]
    ranks = [-(-(n + 1) * hundredths // 100) for hundredths in range(50, 100)]
    assert widths == pytest.approx([rank if rank <= n else np.inf for rank in ranks])


def test_intervals_are_as_wide_as_errors_of_that_size():
    rng = np.random.default_rng(1)
    predicted = rng.uniform(0, 10, size=(4000, 1))
    spread = np.where(predicted < 5, 0.1, 2.0)
    truth = predicted + spread * rng.normal(size=predicted.shape)
    made = Intervals.from_errors(truth[:2000], predicted[:2000], logarithmic=False)
    low, high = made.around(predicted[2000:, 0], 0, 0.9)
    inside = (low <= truth[2000:, 0]) & (truth[2000:, 0] <= high)
    small = predicted[2000:, 0] < 3.5
    assert 0.86 < inside[small].mean() < 0.94
    assert 0.86 < inside[~small].mean() < 0.95
    assert (high - low)[small].max() < (high - low)[predicted[2000:, 0] > 6].min() / 5


def test_nine_errors_by_hand():
    made = from_sizes([-3, 1, -9, 7, 5, 2, 8, -4, 6])
    assert [h.tolist() for h in made.around(np.array([10.0, 20.0]), 0, 0.5)] == [[5, 15], [15, 25]]
    assert [h.tolist() for h in made.around(np.array([10.0]), 0, 0.9)] == [[1], [19]]
    low, high = made.around(np.array([0.0]), 0, 0.505)
    assert (low, high) == (pytest.approx(-5.5), pytest.approx(5.5)), "levels between are interpolated"
    with pytest.raises(InputError, match=r"coverage 0\.91 needs more than 9 held-out measurements"):
        made.around(np.array([10.0]), 0, 0.91)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_exchangeable_data_are_covered_as_often_as_promised(logarithmic):
    n, trials = 199, 500
    rng = np.random.default_rng(0)
    draw = lambda rows: rng.standard_t(3, size=(rows, trials)) / 3  # noqa: E731
    predicted = np.full((n, trials), 2.0)
    truth = predicted * np.exp(draw(n)) if logarithmic else predicted + draw(n)
    made = Intervals.from_errors(truth, predicted, logarithmic=logarithmic)
    new = 2.0 * np.exp(draw(200)) if logarithmic else 2.0 + draw(200)
    for coverage in (0.5, 0.8, 0.9, 0.95, 0.99):
        ends = [made.around(np.array([2.0]), column, coverage) for column in range(trials)]
        low, high = np.array(ends)[:, :, 0].T
        covered = ((low <= new) & (new <= high)).mean()
        assert covered == pytest.approx(np.ceil(200 * coverage - 1e-9) / 200, abs=0.006)


def test_logarithmic_intervals_are_ratios():
    truth = np.exp(np.arange(1.0, 100.0) / 100)[:, None]
    made = Intervals.from_errors(truth, np.ones_like(truth), logarithmic=True)
    low, high = made.around(np.array([1.0, 10.0]), 0, 0.9)
    np.testing.assert_allclose(low, np.array([1.0, 10.0]) * np.exp(-0.9))
    np.testing.assert_allclose(high, np.array([1.0, 10.0]) * np.exp(0.9))


def test_each_target_has_its_own_rows():
    truth = np.stack([np.arange(1.0, 31.0), np.arange(1.0, 31.0) * 10], axis=1)
    truth[9:, 0] = np.nan
    made = Intervals.from_errors(truth, np.zeros_like(truth), logarithmic=False)
    assert made.rows.tolist() == [9, 30]
    assert made.around(np.zeros(1), 1, 0.96)[1] == 300
    with pytest.raises(InputError, match="more than 9"):
        made.around(np.zeros(1), 0, 0.96)


def test_nothing_held_out_supports_no_coverage():
    truth = np.array([[np.nan], [np.nan]])
    made = Intervals.from_errors(truth, np.ones_like(truth), logarithmic=True)
    with pytest.raises(InputError, match=r"coverage 0\.5 needs more than 0 held-out"):
        made.around(np.ones(1), 0, 0.5)


@pytest.mark.parametrize("coverage", [0.49, 0.991, 1.0, 0, -1, 90, float("nan"), "0.9", None, True])
def test_coverages_outside_are_refused(coverage):
    with pytest.raises(InputError, match=r"coverage must be 0\.5 to 0\.99, got"):
        from_sizes(range(1, 200)).around(np.zeros(1), 0, coverage)


def test_widths_grow_with_the_coverage():
    widths = from_sizes(np.random.default_rng(0).normal(size=500)).widths[:, 0]
    assert (np.diff(widths) >= 0).all()
    assert np.isfinite(widths).all()


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 2.1318), (4, 2.1318), (10, 1.8125), (30, 1.6973), (1000, 1.6464)]
)
def test_student_quantile_agrees_with_the_tables(freedom, expected):
    assert student_quantile(0.95, freedom) == pytest.approx(expected, abs=1e-4)
    assert student_quantile(0.05, freedom) == pytest.approx(-expected, abs=1e-4)
