import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.training.metrics import quality


def test_hand_case():
    found = quality(np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.04, 2.16, 8.0, 4.0]))
    # one of six pairs is in the wrong order
    assert found["kendall"] == pytest.approx(4 / 6)
    assert found["spearman"] == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert found["mape"] == pytest.approx((0.04 + 0.08 + 1.0 + 0.5) / 4)
    assert found["within_5"] == 0.25
    assert found["within_10"] == 0.5
    assert found["within_20"] == 0.5
    assert found["rows"] == 4
    assert set(found) == {"spearman", "kendall", "mape", "within_5", "within_10", "within_20", "rows"}


def test_error_on_the_limit_is_within():
    found = quality(np.array([100.0, 100.0]), np.array([105.0, 110.0]))
    assert (found["within_5"], found["within_10"]) == (0.5, 1.0)


def test_ties_count_by_tau_b():
    # pairs: (1,2) tied in truth only, (1,3) and (2,3) in order
    found = quality(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert found["kendall"] == pytest.approx(2 / np.sqrt(2 * 3))
    assert found["spearman"] == pytest.approx(np.sqrt(3) / 2)


@pytest.mark.parametrize(("truth", "predicted"), [([3.0, 3.0], [1.0, 2.0]), ([1.0, 2.0], [3.0, 3.0])])
def test_constant_side_has_no_rank_correlation(truth, predicted):
    found = quality(np.array(truth), np.array(predicted))
    assert found["spearman"] == found["kendall"] == 0.0


def test_missing_truth_is_left_out_with_its_prediction():
    truth, predicted = np.array([1.0, np.nan, 2.0, 3.0]), np.array([1.0, np.inf, 2.0, 3.0])
    assert quality(truth, predicted) == quality(truth[[0, 2, 3]], predicted[[0, 2, 3]])
    assert np.isnan(truth[1])


def test_accepts_single_precision():
    found = quality(np.array([1.0, 2.0]), np.array([2.0, 4.0], dtype=np.float32))
    assert found["mape"] == pytest.approx(1.0)
    assert found["spearman"] == pytest.approx(1.0)


def test_refuses_too_few_rows():
    with pytest.raises(InputError, match="at least 2 rows, got 1"):
        quality(np.array([1.0, np.nan]), np.array([1.0, 2.0]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_a_prediction_that_is_not_finite(bad):
    with pytest.raises(InputError, match=r"finite \(item 1\)"):
        quality(np.array([1.0, 2.0]), np.array([1.0, bad]))
