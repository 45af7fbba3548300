import numpy as np
import pytest

from archcast.featurize.cost import bytes_moved
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.fbnet import SKIP
from archcast.featurize.spaces.fbnet_notation import BLOCKS
from archcast.featurize.spaces.repeats import has_repeats, repeat_groups

SPACE = SPACES["fbnet"]
PLACES = 12  # the first layer of each of seven stages, and the others of the five that have more


@pytest.mark.parametrize(("name", "has"), [("fbnet", True), ("ofa_mbv3", False), ("skipnet", False)])
def test_only_spaces_of_few_repeated_blocks_count_them(name, has):
    assert has_repeats(SPACES[name]) is has


def test_blocks_are_counted_by_place():
    codes = np.full((1, 22), SKIP, dtype=np.int8)
    codes[0, [2, 3, 4]] = [1, 1, 0]  # all but the first layer of the second stage
    forms = repeat_groups(SPACE, codes, "imagenet")["forms"].reshape(PLACES, len(BLOCKS))
    assert forms.sum() == 22
    np.testing.assert_array_equal(forms[2, :2], [1, 2])
    np.testing.assert_array_equal(forms[:, SKIP], [1, 1, 0, 1, 3, 1, 3, 1, 3, 1, 3, 1])


def test_equal_blocks_may_change_places_within_a_stage():
    codes = SPACE.sample(30, seed=0)
    moved = codes.copy()
    moved[:, [2, 3, 4]] = codes[:, [4, 2, 3]]
    one, other = (repeat_groups(SPACE, c, "cifar100") for c in (codes, moved))
    assert one.keys() == other.keys() != set()
    for name, columns in one.items():
        np.testing.assert_array_equal(other[name], columns)


@pytest.mark.parametrize("dataset", SPACE.datasets)
def test_places_add_up_to_the_network(dataset):
    codes = SPACE.sample(200, seed=3)
    columns = repeat_groups(SPACE, codes, dataset)["place"]
    assert columns.shape == (200, 3 * PLACES)
    np.testing.assert_allclose(columns.std(axis=0), 1 / 3, rtol=0.3)
    costs = SPACE.costs(codes, dataset)
    totals = (costs[:, :, 0], costs[:, :, 2], bytes_moved(costs))
    for quantity, total in enumerate(totals):
        own = np.column_stack([columns[:, quantity::3], np.ones(200)])
        whole = total.sum(axis=1)
        weights = np.linalg.lstsq(own, whole, rcond=None)[0]
        np.testing.assert_allclose(own @ weights, whole, rtol=1e-9)
