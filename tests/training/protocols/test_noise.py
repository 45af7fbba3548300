"""The noise floor of tables that hold one network twice."""

import numpy as np
import pytest

from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.training.protocols.noise import noise_floor

CELLS = SPACES["nasbench201"]


def labels(values, codes=None):
    codes = CELLS.from_index(np.arange(CELLS.size)) if codes is None else codes
    return Labels("nasbench201", "latency", "cifar10", (Target("board", "cifar10"),), codes, values[:, None])


def test_equal_networks_of_equal_cost_leave_no_noise():
    codes = CELLS.from_index(np.arange(CELLS.size))
    values = 1.0 + CELLS.network_groups(codes)
    found = noise_floor(labels(values.astype(float)), 0, np.arange(len(codes)))
    assert found["mape"] == 0.0
    assert found["within_5"] == found["within_20"] == 1.0
    assert found["pairs"] == 680


def test_the_floor_is_the_error_of_the_true_cost():
    codes = CELLS.from_index(np.arange(CELLS.size))
    truth = 1.0 + CELLS.network_groups(codes)
    noisy = truth * np.exp(np.random.default_rng(0).normal(0.0, 0.1, len(codes)))
    found = noise_floor(labels(noisy), 0, np.arange(len(codes)))
    error = np.abs(truth - noisy) / noisy
    assert found["mape"] == pytest.approx(error.mean(), rel=0.1)
    assert found["within_10"] == pytest.approx((error <= 0.1).mean(), abs=0.05)


def test_cells_that_change_places_are_one_network():
    one = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|"
    other = "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|avg_pool_3x3~1|skip_connect~2|"
    codes = np.repeat(CELLS.parse([one, other]), 30, axis=0)
    values = np.where(np.arange(60) < 30, 10.0, 10.0)
    found = noise_floor(labels(values, codes), 0, np.arange(60))
    assert (found["pairs"], found["mape"]) == (59, 0.0)


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_nothing_is_told_from_few_repeats(space):
    known = SPACES[space]
    codes = np.unique(known.sample(50, seed=0), axis=0)
    told = Labels(space, "latency", "cifar10", (Target("board", "cifar10"),), codes, np.ones((len(codes), 1)))
    assert noise_floor(told, 0, np.arange(len(codes))) is None
