import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.predictors.scale import LOGARITHMIC, TargetScale


def test_only_accuracy_is_not_logarithmic():
    assert set(METRICS) - {"accuracy"} == LOGARITHMIC
    values = np.array([[1.0], [2.0]])
    assert [m for m in METRICS if not TargetScale.fit(values, m).logarithmic] == ["accuracy"]


def test_by_hand():
    scale = TargetScale.fit(np.array([[1.0, 5.0], [np.e**2, np.nan], [np.e**4, 5.0]]), "latency")
    np.testing.assert_allclose(scale.mean, [2.0, np.log(5)])
    np.testing.assert_allclose(scale.deviation, [np.sqrt(8 / 3), 1.0])
    np.testing.assert_allclose(scale.forward(np.array([[np.e**2, 5.0]])), [[0.0, 0.0]], atol=1e-15)
    plain = TargetScale.fit(np.array([[10.0], [20.0], [30.0]]), "accuracy")
    np.testing.assert_allclose(plain.forward(np.array([[40.0]])), [[20 / np.sqrt(200 / 3)]])


@pytest.mark.parametrize("metric", list(METRICS))
def test_there_and_back(metric):
    values = np.random.default_rng(0).lognormal(2, 3, size=(50, 4))
    values[::7, 2] = np.nan
    before = values.copy()
    scale = TargetScale.fit(values, metric)
    z = scale.forward(values)
    np.testing.assert_allclose(np.nanmean(z, axis=0), np.zeros(4), atol=1e-12)
    np.testing.assert_allclose(np.nanstd(z, axis=0), np.ones(4))
    np.testing.assert_allclose(scale.inverse(z), values, rtol=1e-9)
    np.testing.assert_array_equal(values, before)


def test_a_target_that_never_varies_stays_itself():
    scale = TargetScale.fit(np.full((5, 1), 7.0), "latency")
    assert scale.deviation == [1.0]
    np.testing.assert_allclose(scale.inverse(np.zeros((1, 1))), [[7.0]])


def test_a_target_without_any_value_is_named():
    values = np.ones((3, 3))
    values[:, 1] = np.nan
    with pytest.raises(InputError, match="target 1 has no value to learn from"):
        TargetScale.fit(values, "latency")
