import numpy as np

from archcast.featurize.features import feature_values
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.tables import CellSum


def test_a_sum_over_cells_is_looked_up_exactly():
    space = SPACES["skipnet"]
    codes = space.sample(500, seed=3)
    made = CellSum.of(lambda c: feature_values(space, c, "digits"))
    assert sum(map(len, made.tables)) == 100_020
    np.testing.assert_allclose(made(codes), feature_values(space, codes, "digits"))


def test_a_function_of_two_cells_far_apart_is_not():
    def both(codes):
        return (codes[:, 3].astype(np.float64) * codes[:, 5])[:, None]

    codes = SPACES["skipnet"].sample(500, seed=3)
    assert not np.allclose(CellSum.of(both)(codes), both(codes))
