"""Sums over groups of decisions as tables."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcast.featurize.spaces import SPACES
from archcast.predictors.lowered.tables import Keys, Sum, choices, grouped, rows_of, tables

TOPS = (3, 2, 4, 2, 5)
GROUPS = (((0,), (1, 2), (3,), (4,)), ((0, 2), (1, 2), (3,), (4, 2)), ((0, 1, 3), (1, 2, 3), (4,)))


def random_codes(n, seed=0):
    return np.random.default_rng(seed).integers(0, TOPS, size=(n, len(TOPS))).astype(np.int8)


def made_up(groups, d, seed):
    """A function that is a sum of random functions of the groups."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(*(TOPS[c] for c in group), d)) for group in groups]

    def function(codes):
        wide = codes.astype(int)
        return sum(part[tuple(wide[:, c] for c in group)] for part, group in zip(parts, groups, strict=True))

    return function


@pytest.mark.parametrize("groups", GROUPS)
@given(d=st.integers(1, 3), seed=st.integers(0, 1000))
def test_tables_give_the_function_back(groups, d, seed):
    function, codes = made_up(groups, d, seed), random_codes(200, seed)
    summed = grouped(*tables(function, groups, TOPS), TOPS, np.float64)
    found = summed.at(codes)
    assert found.shape == (200, d)
    np.testing.assert_allclose(found, function(codes), atol=1e-9)


@pytest.mark.parametrize("most", [1, 6, 100, 10_000])
def test_merging_changes_no_sum(monkeypatch, most):
    monkeypatch.setattr("archcast.predictors.lowered.tables._MOST_ROWS", most)
    function, codes = made_up(GROUPS[1], 2, 5), random_codes(300)
    summed = grouped(*tables(function, GROUPS[1], TOPS), TOPS, np.float64)
    np.testing.assert_allclose(summed.at(codes), function(codes), atol=1e-9)
    assert most > 1 or len(summed.groups) == len(GROUPS[1]) + 1
    assert most < 10_000 or len(summed.groups) == 1


def test_one_column_is_added_like_several():
    function, codes = made_up(GROUPS[0], 3, 1), random_codes(50)
    groups, parts = tables(function, GROUPS[0], TOPS)
    whole = grouped(groups, parts, TOPS, np.float32)
    alone = grouped(groups, [part[:, 1:2] for part in parts], TOPS, np.float32)
    assert alone.groups == whole.groups
    np.testing.assert_array_equal(alone.at(codes)[:, 0], whole.at(codes)[:, 1])


def test_a_sum_gives_the_function_and_some_of_its_values():
    function, codes = made_up(GROUPS[1], 3, 1), random_codes(50)
    summed = Sum.of(function, GROUPS[1], SimpleNamespace(cardinalities=TOPS))
    np.testing.assert_allclose(summed.at(codes), function(codes), atol=1e-9)
    np.testing.assert_allclose(summed.select((2, 0)).at(codes), function(codes)[:, [2, 0]], atol=1e-9)
    packed = summed.packed(np.float64)
    np.testing.assert_allclose(packed.at(codes), function(codes), atol=1e-9)
    assert not summed.is_whole


def test_keys_number_every_member_of_a_small_space():
    space = SPACES["nasbench201"]
    keys = Keys.of([tuple(range(6))], space.cardinalities)
    codes = space.members(np.arange(space.size))
    np.testing.assert_array_equal(keys.rows(codes)[0], np.arange(space.size))


def test_choices_are_all_and_each_once():
    codes = choices((2, 0), TOPS)
    assert len(codes) == rows_of((2, 0), TOPS) == 12
    assert len(np.unique(codes, axis=0)) == 12
    assert not codes[:, [1, 3, 4]].any()


@pytest.mark.parametrize("name", [n for n in SPACES if SPACES[n].term_groups])
def test_terms_are_sums_over_the_groups_that_a_space_names(name):
    space = SPACES[name]

    def terms(codes):
        return space.terms(codes)[1]

    summed = grouped(*tables(terms, space.term_groups, space.cardinalities), space.cardinalities, np.float64)
    codes = space.sample(2000, seed=3)
    np.testing.assert_allclose(summed.at(codes), terms(codes), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in SPACES if SPACES[n].cost_groups])
def test_costs_are_sums_over_the_groups_that_a_space_names(name):
    space = SPACES[name]

    def costs(codes):
        return space.costs(codes).reshape(len(codes), -1)

    codes = space.sample(500, seed=3)
    filled = costs(codes).any(axis=0)
    parts = tables(lambda c: costs(c)[:, filled], space.cost_groups, space.cardinalities)
    summed = grouped(*parts, space.cardinalities, np.float64)
    np.testing.assert_allclose(summed.at(codes), costs(codes)[:, filled], rtol=1e-9)
