import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archcast.featurize.encoders.onehot import offsets, one_hot


def test_by_hand():
    codes = np.array([[0, 2], [1, 0]], dtype=np.int8)
    found = one_hot(codes, (2, 3))
    np.testing.assert_array_equal(found, [[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(offsets((2, 3, 4)), [0, 2, 5])


def test_no_rows():
    assert one_hot(np.zeros((0, 2), dtype=np.int8), (2, 3)).shape == (0, 5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 127), min_size=1, max_size=12), st.integers(0, 9), st.integers(0, 2**32))
def test_codes_come_back(cardinalities, n, seed):
    codes = (
        np.random.default_rng(seed).integers(0, cardinalities, size=(n, len(cardinalities))).astype(np.int8)
    )
    before = codes.copy()
    found = one_hot(codes, cardinalities)
    assert found.shape == (n, sum(cardinalities))
    np.testing.assert_array_equal(found.sum(axis=1), np.full(n, len(cardinalities)))
    ends = np.cumsum(cardinalities)[:-1]
    for column, block in enumerate(np.split(found, ends, axis=1)):
        np.testing.assert_array_equal(block @ np.arange(block.shape[1]), codes[:, column])
    np.testing.assert_array_equal(codes, before)
