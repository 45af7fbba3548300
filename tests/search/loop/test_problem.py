"""Costs, excess, fronts."""

import numpy as np
import pytest

from archcast.featurize.spaces import SPACES
from archcast.search.loop.goals import Goal, Quantity, parse_limit
from archcast.search.loop.problem import Problem, Scores, front_rows, ranked


def beaten(scores):
    """By definition, pair by pair."""
    kept = [i for i in range(len(scores.costs)) if scores.violation[i] == 0]
    out = np.zeros(len(scores.costs), dtype=bool)
    for i in kept:
        c = scores.costs[i]
        out[i] = not any((scores.costs[j] <= c).all() and (scores.costs[j] < c).any() for j in kept)
    return out


@pytest.mark.parametrize("goals", [1, 2, 3])
def test_the_front_is_what_nothing_beats(goals):
    rng = np.random.default_rng(goals)
    costs = rng.integers(0, 6, size=(80, goals)).astype(float)
    scores = Scores(costs, rng.uniform(-1, 0.5, size=(80, 2)))
    found = front_rows(scores)
    assert found.any()
    np.testing.assert_array_equal(found, beaten(scores))


def test_no_front_where_all_limits_are_broken():
    assert not front_rows(Scores(np.ones((4, 2)), np.ones((4, 1)))).any()


def test_rank_puts_kept_limits_first():
    scores = Scores(np.array([[5.0], [1.0], [2.0], [0.0]]), np.array([[-1.0], [0.3], [0.0], [0.1]]))
    np.testing.assert_array_equal(ranked(scores), [1, 3, 0, 2])


class Fixed:
    """A source of fixed values and ends."""

    name = "fixed"

    def mean(self, codes):
        return np.array([10.0, 20.0])

    def end(self, codes, share, *, upper):
        return self.mean(codes) + (1.0 if upper else -1.0) * 10 * share


@pytest.mark.parametrize(("hold", "most", "least"), [(None, 10.0, 10.0), (0.9, 19.0, 1.0)])
def test_limits_are_held_by_the_far_end(hold, most, least):
    limits = (parse_limit("latency@a<=16"), parse_limit("throughput@a>=5"))
    goal = Goal(Quantity("accuracy", "cifar10"), maximize=True)
    problem = Problem(SPACES["macro"], (goal,), (Fixed(),), limits, (Fixed(), Fixed()), hold)
    values = problem.values(SPACES["macro"].sample(2, seed=0))
    np.testing.assert_allclose(values[0], [10.0, most, least])
    scores = problem.scores(values)
    np.testing.assert_allclose(scores.costs[:, 0], [-10.0, -20.0])
    np.testing.assert_allclose(scores.excess[0], [(most - 16) / 16, (5 - least) / 5])
