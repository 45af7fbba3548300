import numpy as np
import pytest

from archcast.featurize.topology import Cells, nn_degree, nn_mass


def cells(width, depth, skip, *, concatenated=False):
    as_row = [np.array([row], dtype=np.float64) for row in (width, depth, skip)]
    return Cells(*as_row, concatenated=concatenated)


HAND_MADE = [
    # one cell of 16 channels and 3 layers, 2 added skips: 4 maps, 6 pairs, 2 of them linked
    (cells([16], [3], [32]), 16 + 32 / 48, 48 * 2 / 6),
    # every pair linked: density 1
    (cells([16], [3], [96]), 16 + 96 / 48, 48),
    # 4 layers that concatenate: 3 pairs beyond the predecessor, half of the channels used
    (cells([16], [4], [24], concatenated=True), 16 + 24 / 64, 64 * 24 / 48),
    # two layers that concatenate have no room for a skip
    (cells([16], [2], [0], concatenated=True), 16, 0),
    # no layers: the width alone
    (cells([64], [0], [0]), 64, 0),
    # cells add up
    (cells([16, 32], [3, 1], [32, 32]), 16 + 32 / 48 + 32 + 1, 48 * 2 / 6 + 32),
]


@pytest.mark.parametrize(("given", "degree", "mass"), HAND_MADE)
def test_by_hand(given, degree, mass):
    np.testing.assert_allclose(nn_degree(given), [degree], rtol=1e-14)
    np.testing.assert_allclose(nn_mass(given), [mass], rtol=1e-14)


def test_batch_equals_one_by_one():
    rng = np.random.default_rng(0)
    width = rng.integers(1, 64, size=(50, 4)).astype(np.float64)
    depth = rng.integers(0, 9, size=(50, 4)).astype(np.float64)
    skip = width * rng.integers(0, 3, size=(50, 4)) * (depth > 0)
    for measure in (nn_degree, nn_mass):
        whole = measure(Cells(width, depth, skip))
        rows = [measure(cells(*row))[0] for row in zip(width, depth, skip, strict=True)]
        np.testing.assert_array_equal(whole, rows)
