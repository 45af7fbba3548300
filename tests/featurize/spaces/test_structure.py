import numpy as np
import pytest

from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked

SPACE = SPACES["nasbench201"]
# 3x3 into node 1, then 1x1 into node 2 and out by a pool; an edge into node 2 from nowhere is dead weight.
CHAIN = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|avg_pool_3x3~2|"
DEAD_END = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|none~1|none~2|"
NOTHING = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|"
FULL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"


def groups_of(text):
    return {name: columns[0] for name, columns in SPACE.structure(SPACE.parse([text])).items()}


CELL_GROUPS = ("all", "live", "edge", "live_edge", "adds", "depth", "pair", "used", "kept", "shared")
GROUPS = {
    "nasbench201": CELL_GROUPS,
    "fbnet": ("cost", "place", "forms"),
    "hat": ("terms",),
    "macro": ("cost", "terms"),
    "mnasnet": ("cost", "terms"),
    "ofa_mbv3": ("cost", "terms"),
    "skipnet": ("cost", "terms"),
}


@pytest.mark.parametrize("name", GROUPS)
def test_groups_have_their_names_and_rows_stand_alone(name):
    space = SPACES[name]
    codes = space.sample(40, seed=0)
    made = space.structure(codes)
    assert tuple(made) == GROUPS[name]
    for group, columns in made.items():
        assert columns.shape[0] == 40
        assert np.isfinite(columns).all()
        each = np.concatenate([space.structure(codes[i : i + 1])[group] for i in range(5)])
        np.testing.assert_array_equal(columns[:5], each)
    whole = stacked(made, made)
    assert whole.shape == (40, sum(columns.shape[1] for columns in made.values()))


def test_a_chain_by_hand():
    made = groups_of(CHAIN)
    np.testing.assert_array_equal(made["all"], [0, 1, 1, 1])  # skip, 1x1, 3x3, pool
    np.testing.assert_array_equal(made["live"], made["all"])
    np.testing.assert_array_equal(made["adds"], [0, 3, 0, 0, 0])
    np.testing.assert_allclose(made["depth"], [3, 3, 2, 1, 1, 1.4])
    pairs = made["pair"].reshape(4, 4)
    assert pairs[2, 1] == 1  # 3x3 followed by 1x1
    assert pairs[1, 3] == 1  # 1x1 followed by the pool
    assert pairs.sum() == 2


def test_dead_operations_count_only_among_all():
    made = groups_of(DEAD_END)
    np.testing.assert_array_equal(made["all"], [1, 1, 1, 0])
    np.testing.assert_array_equal(made["live"], [1, 0, 0, 0])
    assert made["edge"].sum() == 3
    assert made["live_edge"].sum() == 1
    assert made["pair"].sum() == 0
    np.testing.assert_array_equal(made["used"], [1, 0, 0, 0])


def test_parts_of_all_operations_are_nested():
    made = SPACE.structure(SPACE.members(np.arange(SPACE.size)))
    for less, more in (("live", "used"), ("used", "kept"), ("kept", "all"), ("live_edge", "edge")):
        assert (made[less] <= made[more]).all()
        assert (made[less] < made[more]).any()


@pytest.mark.parametrize(
    ("text", "used", "kept"),
    [
        # zeros of node 1 pass a 3x3 that the output asks for
        ("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|avg_pool_3x3~2|", [0, 0, 1, 1], [0, 0, 1, 1]),
        # nothing asks for node 2, which sums two operations: both are dropped
        (
            "|skip_connect~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|none~0|avg_pool_3x3~1|none~2|",
            [1, 0, 0, 1],
            [1, 0, 0, 1],
        ),
        # or has one operation, into which the zero of its way out is folded
        (
            "|skip_connect~0|+|nor_conv_1x1~0|none~1|+|none~0|avg_pool_3x3~1|none~2|",
            [1, 0, 0, 1],
            [1, 1, 0, 1],
        ),
        # node 1 has one operation at most
        ("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|", [0, 1, 0, 0], [0, 1, 1, 0]),
    ],
)
def test_what_a_pruning_runtime_executes(text, used, kept):
    made = groups_of(text)
    np.testing.assert_array_equal(made["used"], used)
    np.testing.assert_array_equal(made["kept"], kept)


def test_shared_operations_are_those_of_the_measured_cell():
    codes = SPACE.sample(300, seed=3)
    groups = SPACE.structure(codes)
    measured = SPACE.structure(SPACE.measured_as(codes))
    np.testing.assert_array_equal(groups["shared"], measured["all"])
    assert (groups["shared"] != groups["all"]).any(axis=1).mean() > 0.2


def test_a_cell_that_connects_nothing():
    made = groups_of(NOTHING)
    for name in ("live", "live_edge", "pair", "depth"):
        assert not made[name].any()
    np.testing.assert_array_equal(made["adds"], [0, 0, 1, 0, 1])


def test_a_full_cell_by_hand():
    made = groups_of(FULL)
    np.testing.assert_array_equal(made["all"], [0, 0, 6, 0])
    np.testing.assert_array_equal(made["adds"], [3, 3, 0, 3, 0])
    np.testing.assert_allclose(made["depth"], [3, 3, 3, 3, 0, 3])
    assert made["pair"].sum() == 4


def test_costs_are_a_third_of_their_spread_apart():
    space = SPACES["mnasnet"]
    costs = space.structure(space.sample(800, seed=1))["cost"]
    np.testing.assert_allclose(costs.std(axis=0), 1 / 3, rtol=0.3)
