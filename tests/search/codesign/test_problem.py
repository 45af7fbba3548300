import numpy as np
import pytest
from search.codesign_cases import GRID, accuracy, costs

from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.problem import BROKEN, CodesignProblem, Limit, parse_limit


def pairs(n: int = 400) -> np.ndarray:
    chips = np.random.default_rng(0).integers(0, GRID.shape, (n, 3))
    return np.hstack([SPACES["skipnet"].sample(n, seed=1).astype(np.int64), chips])


def test_limits_are_read():
    assert parse_limit("latency<=0.2") == Limit("latency", 0.2)
    assert parse_limit(" accuracy >= 75 ") == Limit("accuracy", 75)
    assert Limit("latency", 0.2).text == "latency<=0.2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency=3", "must be written as"),
        ("latency>=3", "written with <="),
        ("accuracy<=3", "written with >="),
        ("latency<=fast", "must be a number"),
        ("latency<=-1", "above 0"),
        ("latency<=nan", "above 0"),
        ("speed<=1", "speed"),
    ],
)
def test_bad_limits_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_limit(text)


@pytest.mark.parametrize("objective", ["accuracy", "efficiency"])
def test_any_pair_that_keeps_the_limits_beats_any_that_does_not(objective):
    limits = [Limit("latency", 2.0), Limit("accuracy", 60.0), Limit("area", 300.0)]
    problem = CodesignProblem(accuracy, costs(), GRID, limits=limits, objective=objective)
    drawn = pairs()
    values, scores = problem.values(drawn), problem.scores(drawn)
    kept = problem.keeps(values)
    by_hand = (values[:, 1] <= 2) & (values[:, 0] >= 60) & (values[:, 3] <= 300)
    np.testing.assert_array_equal(kept, by_hand)
    assert 0 < kept.sum() < len(kept)
    assert scores[kept].min() > -BROKEN >= scores[~kept].max()


def test_scores_rank_kept_pairs_by_the_objective():
    problem = CodesignProblem(accuracy, costs(), GRID, limits=[Limit("latency", 5.0)])
    drawn = pairs()
    values, scores = problem.values(drawn), problem.scores(drawn)
    kept = problem.keeps(values)
    np.testing.assert_allclose(scores[kept], values[kept, 0], atol=2e-3)


def test_efficiency_is_accuracy_over_the_costs():
    problem = CodesignProblem(accuracy, costs(), GRID, objective="efficiency")
    values = problem.values(pairs(5))
    expected = values[:, 0] / (values[:, 1] * values[:, 2] * values[:, 3])
    np.testing.assert_allclose(problem.objective_of(values), expected)


def test_scores_of_a_product_are_those_of_its_pairs():
    problem = CodesignProblem(accuracy, costs(), GRID, limits=[Limit("energy", 0.3)])
    codes = SPACES["skipnet"].sample(20, seed=3)
    position = np.array(list(np.ndindex(*GRID.shape)))
    table = problem.product_scores(codes)
    for i, code in enumerate(codes):
        one_by_one = problem.scores(np.hstack([np.tile(code, (GRID.size, 1)), position]))
        kept = table[i] > -BROKEN
        np.testing.assert_array_equal(kept, one_by_one > -BROKEN)
        np.testing.assert_allclose(table[i][kept], one_by_one[kept])
    assert problem.evaluations == 2 * 20 * GRID.size


def test_a_network_on_several_accelerators_is_asked_for_once_and_only_where_costs_are_kept():
    asked = []

    def told(codes):
        asked.append(codes)
        return accuracy(codes)

    codes = SPACES["skipnet"].sample(50, seed=4)
    network = np.repeat(np.arange(50), 6)
    chips = np.random.default_rng(1).integers(0, GRID.shape, (300, 3))
    rows = np.hstack([codes[network].astype(np.int64), chips])
    limits = [Limit("latency", 2.0), Limit("accuracy", 60.0)]
    problem = CodesignProblem(told, costs(), GRID, limits=limits)
    made = problem.joint_scores(codes, chips, network)
    plain = CodesignProblem(accuracy, costs(), GRID, limits=limits)
    np.testing.assert_allclose(made, plain.scores(rows))
    kept = plain.values(rows)[:, 1] <= 2.0
    np.testing.assert_array_equal(np.concatenate(asked), codes[np.unique(network[kept])])
    assert problem.evaluations == 300


def test_two_limits_on_one_quantity_are_refused():
    with pytest.raises(InputError, match="one a quantity"):
        CodesignProblem(accuracy, costs(), GRID, limits=[Limit("area", 1), Limit("area", 2)])


def test_an_unknown_objective_is_named():
    with pytest.raises(UnknownNameError, match="speed"):
        CodesignProblem(accuracy, costs(), GRID, objective="speed")
