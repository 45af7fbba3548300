"""Finding the best by training few."""

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError
from archcast.search.active import STRATEGIES, find_best

SPACE = archcast.spaces("nasbench201")
CANDIDATES = SPACE.sample(600, seed=2)


def label(archs):
    """Grows with 3x3 convolutions, most with the last."""
    codes = SPACE.parse(archs)
    return 60.0 + (codes == 3) @ np.array([1.0, 2.0, 1.0, 3.0, 2.0, 4.0]) - 2.0 * (codes == 0).sum(axis=1)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("batch", [1, 4])
def test_far_fewer_than_random_draws_are_trained(strategy, batch):
    top = label(SPACE.format(CANDIDATES)).max()
    given = []

    def counted(archs):
        given.append(len(archs))
        return label(archs)

    found = find_best(
        "nasbench201",
        counted,
        budget=60,
        batch=batch,
        seed=0,
        candidates=CANDIDATES,
        strategy=strategy,
        enough=top,
    )
    assert found.accuracies.max() == top
    assert label([found.best])[0] == top
    assert len(set(found.archs)) == len(found.archs) == sum(given) < 60
    assert max(given[1:]) <= batch


def test_the_same_seed_trains_the_same():
    ways = [
        find_best("nasbench201", label, budget=12, seed=s, candidates=CANDIDATES).archs for s in (1, 1, 2)
    ]
    assert ways[0] == ways[1] != ways[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"budget": 0}, "budget must be a whole number"),
        ({"batch": 0}, "batch must be a whole number"),
        ({"strategy": "greedy"}, "strategy must be one of ucb"),
        ({"candidates": CANDIDATES[:20], "budget": 40}, "budget must be at most the 20 candidates"),
        ({"label": lambda archs: [1.0]}, "one number an architecture"),
    ],
)
def test_mistakes(words, message):
    with pytest.raises(InputError, match=message):
        find_best(**({"space": "nasbench201", "label": label} | words))
