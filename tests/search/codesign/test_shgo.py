import numpy as np
import pytest
from search.codesign_cases import GRID, accuracy, costs

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.skipnet_notation import CHOICES
from archcast.search.codesign.problem import BROKEN, CodesignProblem, Limit
from archcast.search.codesign.shgo import ShgoConfig, search

SIZES = np.array([*(len(choices) for choices in CHOICES), *GRID.shape])


def problem(**changes) -> CodesignProblem:
    limits = [Limit("latency", 2.0), Limit("energy", 0.2), Limit("area", 300.0)]
    return CodesignProblem(accuracy, costs(), GRID, **{"limits": limits} | changes)


@pytest.mark.parametrize("objective", ["accuracy", "efficiency"])
def test_a_search_beats_many_random_pairs(objective):
    asked = problem(objective=objective)
    chips = np.random.default_rng(0).integers(0, GRID.shape, (40_000, 3))
    drawn = np.hstack([SPACES["skipnet"].sample(40_000, seed=1).astype(np.int64), chips])
    best = asked.scores(drawn).max()
    found = search(asked)
    assert found.scores[0] > best > -BROKEN


def test_refinement_improves_on_the_lattice_and_scores_are_true():
    asked = problem()
    found = search(asked)
    assert found.scores[0] > found.coarse
    assert np.all(np.diff(found.scores) <= 0)
    assert np.all((found.pairs >= 0) & (found.pairs < SIZES))
    np.testing.assert_allclose(asked.scores(found.pairs[:1]), found.scores[:1], atol=1e-3)
    assert asked.keeps(asked.values(found.pairs[:1])).all()


def test_no_single_move_improves_the_best_pair():
    asked = problem()
    best = search(asked)
    assert len(best.pairs) > 0
    for column in range(len(SIZES)):
        for step in (-1, 1):
            moved = best.pairs[:1].copy()
            moved[0, column] = np.clip(moved[0, column] + step, 0, SIZES[column] - 1)
            assert asked.scores(moved)[0] <= best.scores[0] + 1e-9


def test_without_limits_the_widest_network_is_found():
    best = search(problem(limits=[])).pairs[0]
    assert best[3:6].tolist() == (SIZES[3:6] - 1).tolist()


def test_a_search_repeats_itself_and_counts_its_evaluations():
    asked = problem()
    one, two = search(asked), search(asked)
    np.testing.assert_array_equal(one.pairs, two.pairs)
    assert one.evaluations == two.evaluations == asked.evaluations // 2


def test_limits_that_nothing_keeps_give_the_nearest_pair():
    asked = problem(limits=[Limit("latency", 1e-9)])
    found = search(asked)
    assert found.scores[0] < -BROKEN
    least = asked.values(found.pairs[:1])[0, 1]
    assert least == pytest.approx(asked.values(np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 3]]))[0, 1])


@pytest.mark.parametrize("changes", [{"depths": 1}, {"cells": 0}, {"steps": 0}])
def test_bad_settings_are_refused(changes):
    with pytest.raises(InputError, match="must be a whole number of at least"):
        ShgoConfig(**changes)
