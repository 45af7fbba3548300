import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archcast.predictors.lowered.rounding import rounded


@given(arrays(np.float64, (6, 2), elements=st.floats(1e-12, 1e12)))
def test_rounding_keeps_six_digits(values):
    expected = [[float(f"{v:.5e}") for v in row] for row in values]
    np.testing.assert_allclose(rounded(values), expected, rtol=2e-6)
    np.testing.assert_allclose(rounded(rounded(values)), rounded(values), rtol=1e-12)


def test_a_batch_of_few_decades_is_rounded_like_one_of_many():
    values = np.exp(np.random.default_rng(0).uniform(-12, 12, (200, 3)))
    far = np.array([[1e-40, 1.0, 1e40]])
    np.testing.assert_array_equal(rounded(np.concatenate([values, far]))[:-1], rounded(values))


def test_rounding_of_signs_zero_and_nothing():
    np.testing.assert_allclose(rounded(np.array([[-1.23456789, 0.0]])), [[-1.23457, 0.0]])
    assert rounded(np.empty((0, 2))).shape == (0, 2)
