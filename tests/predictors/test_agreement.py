import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from archcast.predictors.agreement import agreement


@given(arrays(np.float32, (2, 40), elements=st.integers(1, 12).map(float)))
def test_rank_correlation_is_scipys(values):
    a, b = values
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert agreement(a, b).spearman == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)


def test_differences_are_relative():
    teacher = np.linspace(1, 1000, 1001, dtype=np.float32)
    found = agreement(teacher * np.float32(1.01), teacher)
    assert found.median_difference == pytest.approx(0.01, rel=1e-3)
    assert found.most_difference == pytest.approx(0.01, rel=1e-3)
    assert found.spearman == pytest.approx(1.0)
    assert not found.holds
    assert found.rows == 1001
    assert "Spearman 1.00000 and a median difference of 1.000% on 1001 architectures" in str(found)


@pytest.mark.parametrize(("noise", "holds"), [(0.001, True), (0.004, True), (0.05, False)])
def test_holds_at_the_stated_limits(noise, holds):
    rng = np.random.default_rng(0)
    teacher = rng.uniform(1, 2, 5000).astype(np.float32)
    made = teacher * (1 + noise * rng.uniform(-1, 1, 5000)).astype(np.float32)
    assert agreement(made, teacher).holds is holds


def test_constants_agree_only_when_equal():
    one = np.ones(10, dtype=np.float32)
    assert agreement(one, one).holds
    assert not agreement(one * 2, one).holds
