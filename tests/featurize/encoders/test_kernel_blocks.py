import numpy as np
import pytest

from archcast.featurize.encoders.kernel_blocks import kernel_blocks
from archcast.featurize.spaces import SPACES


@pytest.mark.parametrize(
    ("name", "blocks"),
    [("nasbench201", {"paths", "edges", "summary"}), ("macro", {"decisions", "levels", "features"})],
)
def test_blocks_have_their_names_and_rows_stand_alone(name, blocks):
    space = SPACES[name]
    codes = space.sample(30, seed=0)
    made = kernel_blocks(space, codes, space.datasets[0])
    assert set(made) == blocks
    for block, columns in made.items():
        assert np.isfinite(columns).all()
        each = [kernel_blocks(space, codes[i : i + 1], space.datasets[0])[block] for i in range(4)]
        np.testing.assert_allclose(columns[:4], np.concatenate(each))


def test_equal_networks_have_equal_blocks():
    space = SPACES["macro"]
    rng = np.random.default_rng(0)
    codes = np.stack([rng.integers(0, c, 200) for c in space.cardinalities], axis=1).astype(np.int8)
    canonical = space.canonical(codes)
    assert (canonical != codes).any()
    dataset = space.datasets[0]
    for one, other in zip(
        kernel_blocks(space, codes, dataset).values(),
        kernel_blocks(space, canonical, dataset).values(),
        strict=True,
    ):
        np.testing.assert_allclose(one, other)
