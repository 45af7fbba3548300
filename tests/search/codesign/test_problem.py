import numpy as np
import pytest
from search.codesign_cases import GRID, JOINT, accuracy, costs, problem

from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.problem import QUANTITIES, PairValues, pair_limit
from archcast.search.loop.budget import Budget
from archcast.search.loop.run import solve


def test_limits_are_read():
    limit = pair_limit(" accuracy >= 75 ")
    assert (limit.quantity.metric, limit.sign, limit.value) == ("accuracy", ">=", 75)
    assert pair_limit("area<=300").said == "at most 300 area units"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency=3", "must be written like"),
        ("latency>=3", "others with <="),
        ("accuracy<=3", "accuracy must be written with >="),
        ("latency<=fast", "must be a number"),
        ("latency<=nan", "must be a number"),
        ("speed<=1", "speed"),
    ],
)
def test_bad_limits_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        pair_limit(text)


def test_an_unknown_objective_is_named():
    with pytest.raises(UnknownNameError, match="speed"):
        problem(objectives=("accuracy", "speed"))


@pytest.mark.parametrize("names", [(), ("edp", "edp")])
def test_objectives_are_given_once_each(names):
    with pytest.raises(InputError, match="each once"):
        problem(objectives=names)


def test_costs_are_what_the_feature_models_predict():
    codes = SPACES["skipnet"].sample(GRID.size, seed=2)
    position = np.array(list(np.ndindex(*GRID.shape)))
    values = PairValues(JOINT, accuracy, costs())(JOINT.join(codes, position))
    for name in ("latency", "energy", "area"):
        model = getattr(costs(), name)
        expected = model.predict("skipnet", codes, dataset="digits", accelerators=GRID.accelerators())
        np.testing.assert_allclose(values[:, QUANTITIES.index(name)], expected)
    np.testing.assert_allclose(values[:, 4], values[:, 2] / values[:, 1])
    np.testing.assert_allclose(values[:, 5], values[:, 1] * values[:, 2])
    np.testing.assert_allclose(values[:, 6], values[:, 0] / values[:, 1:4].prod(axis=1))
    np.testing.assert_allclose(values[:, 0], accuracy(codes))


def test_a_problem_gives_its_goal_and_its_limits():
    asked = problem("latency<=2", "accuracy>=60", objectives=("efficiency",))
    codes = JOINT.sample(300, seed=1)
    everything = asked.pairs(codes)
    values = asked.values(codes)
    np.testing.assert_allclose(values, everything[:, [6, 1, 0]])
    kept = (everything[:, 1] <= 2) & (everything[:, 0] >= 60)
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(asked.scores(values).violation == 0, kept)


def test_a_network_on_several_accelerators_is_asked_for_once():
    asked = []

    def told(codes):
        asked.append(codes)
        return accuracy(codes)

    codes = SPACES["skipnet"].sample(50, seed=4)
    chips = np.random.default_rng(1).integers(0, GRID.shape, (300, 3))
    pairs = JOINT.join(codes.repeat(6, axis=0), chips)
    made = problem("latency<=2", of=told).values(pairs)
    np.testing.assert_allclose(made, problem("latency<=2").values(pairs))
    np.testing.assert_array_equal(np.concatenate(asked), codes)


@pytest.mark.parametrize("method", ["evolution", "nsga2", "lattice"])
def test_every_method_of_the_loop_searches_pairs(method):
    found = solve(problem("latency<=2", "area<=300"), Budget(1500), method=method, seed=1)
    assert found.feasible
    (best, *_) = found.front
    assert best["latency (ms)"] <= 2
    drawn = problem("latency<=2", "area<=300").values(JOINT.sample(1500, seed=1))
    kept = drawn[(drawn[:, 1] <= 2) & (drawn[:, 2] <= 300)]
    assert found.values[found.front_rows[0], 0] > kept[:, 0].max()
