"""What is believed of architectures, and where answers are looked for."""

import numpy as np
import pytest

import archcast
from archcast.search.loop.goals import parse_limit
from archcast.search.measured.domain import Belief, Listed

SPACE = archcast.spaces("nasbench201")


class Goal:
    """A source that counts how often it is asked."""

    name, asked = "goal", 0

    def mean(self, codes):
        self.asked += 1
        return codes.sum(axis=1).astype(np.float64)


def test_what_is_just_held_is_kept_with_that_probability():
    handle, codes = archcast.load("raspi4", space="nasbench201"), SPACE.sample(6, seed=0)
    belief = Belief.of(np.zeros(6), codes, handle, 0.9)
    low, high = handle.predict_interval(codes, 0.8)
    np.testing.assert_allclose(belief.high, high)
    for i in range(6):
        above, below = parse_limit(f"latency@a<={high[i]}"), parse_limit(f"latency@a>={low[i]}")
        assert belief.probability(above)[i] == pytest.approx(0.9, abs=1e-3)
        assert belief.probability(below)[i] == pytest.approx(0.9, abs=1e-3)
        assert belief.kept(parse_limit(f"latency@a<={high[i] * 1.001}"))[i]
        assert not belief.kept(parse_limit(f"latency@a<={high[i] * 0.999}"))[i]


def test_a_goal_is_asked_once_for_listed_candidates():
    goal, codes = Goal(), SPACE.sample(40, seed=1)
    listed = Listed(goal, codes)
    for device in ("raspi4", "eyeriss"):
        listed.learn(archcast.load(device, space="nasbench201"), 0.9)
        limit = parse_limit(f"latency@{device}<=1000")
        best = listed.held(limit, set())
        assert best.sum() == codes.sum(axis=1).max()
        second = listed.held(limit, {bytes(best[0])})
        assert second.tolist() != best.tolist()
        assert listed.held(parse_limit(f"latency@{device}<=0.001"), set()) is None
        assert listed.greatest(lambda belief: belief.y - 1000.0, set(), None) is None
        assert listed.greatest(lambda belief: belief.y, set(), None).tolist() == best.tolist()
    assert goal.asked == 1
    np.testing.assert_array_equal(listed.allows(np.vstack([codes[:2], 4 - codes[:1]])), [True, True, False])
