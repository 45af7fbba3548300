from functools import lru_cache

import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.structure import stacked
from archcast.predictors.adapt import references as reference
from archcast.predictors.adapt.config import PriorConfig
from archcast.predictors.adapt.prior import Component, DevicePrior
from archcast.predictors.adapt.references import suggest_references

SPACE = SPACES["nasbench201"]
CONFIG = PriorConfig()
POOL = SPACE.members(np.random.default_rng(0).choice(SPACE.size, 200, replace=False))


@lru_cache(maxsize=1)
def prior():
    mean = np.zeros(4)
    wide = Component(("all",), mean, np.diag([0.1, 1.0, 3.0, 0.5]), 0.0, 1.0)
    narrow = Component(("live",), mean, np.eye(4), 0.0, 0.0)
    return DevicePrior("nasbench201", "cifar10", (wide, narrow))


def left_to_guess(rows):
    """Mean variance over the pool after measuring some rows, from the textbook formula."""
    spread = stacked(SPACE.structure(POOL), ("all",)) @ prior().components[0].root
    spread -= spread.mean(axis=0)
    spread /= np.sqrt((spread**2).sum() / len(POOL))
    whole = np.column_stack([spread, np.full(len(POOL), CONFIG.reference_offset)])
    known = whole[rows]
    inverse = np.linalg.inv(known @ known.T + CONFIG.reference_noise**2 * np.eye(len(rows)))
    left = np.eye(5) - known.T @ inverse @ known
    return float(np.einsum("ij,jk,ik->", spread, left[:4, :4], spread)) / len(POOL)


def test_each_step_takes_what_leaves_least_to_guess():
    picked = suggest_references(prior(), POOL, 4).tolist()
    usable = np.flatnonzero(SPACE.connected(POOL))
    for step in range(4):
        before = picked[:step]
        best = min(left_to_guess([*before, int(row)]) for row in usable if row not in before)
        assert left_to_guess(picked[: step + 1]) == pytest.approx(best)


def test_they_beat_random_ones():
    picked = left_to_guess(suggest_references(prior(), POOL, 6).tolist())
    rng = np.random.default_rng(1)
    assert all(picked < left_to_guess(rng.choice(len(POOL), 6, replace=False).tolist()) for _ in range(50))


def test_they_are_distinct_connected_networks():
    picked = suggest_references(prior(), np.concatenate([POOL, POOL]), 100)
    codes = np.concatenate([POOL, POOL])[picked]
    assert len(np.unique(SPACE.canonical(codes), axis=0)) == 100
    assert SPACE.connected(codes).all()


def test_measured_ones_are_built_on_and_left_out():
    whole = suggest_references(prior(), POOL, 8)
    rest = suggest_references(prior(), POOL, 5, measured=POOL[whole[:3]])
    np.testing.assert_array_equal(rest, whole[3:])


def test_too_many_are_refused():
    distinct = len(np.unique(SPACE.canonical(POOL[SPACE.connected(POOL)]), axis=0))
    assert len(suggest_references(prior(), POOL, distinct)) == distinct
    for n in (0, distinct + 1):
        with pytest.raises(InputError, match=f"n must be 1 to {distinct}, .* got {n}"):
            suggest_references(prior(), POOL, n)
    first = suggest_references(prior(), POOL, 1)
    with pytest.raises(InputError, match=f"1 to {distinct - 1}"):
        suggest_references(prior(), POOL, distinct, measured=POOL[first])


def test_of_more_candidates_than_are_looked_at_some_are_drawn(monkeypatch):
    monkeypatch.setattr(reference, "MAX_CANDIDATES", 60)
    one, again = (suggest_references(prior(), POOL, 5, seed=2) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert (suggest_references(prior(), POOL, 5, seed=3) != one).any()
