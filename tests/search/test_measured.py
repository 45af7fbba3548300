"""A search that measures what it proposes."""

import numpy as np
import pytest
from made_up import UNIT_MS

import archcast
from archcast.core.errors import InputError
from archcast.search.measured import search_measured

SPACE = archcast.spaces("nasbench201")
CANDIDATES = SPACE.format(SPACE.sample(150, seed=3))


def measure(archs):
    codes = SPACE.parse(archs)
    rough = 0.3 * np.sin(codes @ np.arange(1, 7))
    return 4.0 + 2 * UNIT_MS[codes].sum(axis=1) + rough


def goal(archs):
    return archcast.predict(archs, metric="accuracy")


@pytest.mark.parametrize("candidates", [None, CANDIDATES])
def test_the_answer_keeps_the_limit_when_measured(candidates):
    given = []

    def counted(archs):
        given.extend(archs)
        return measure(archs)

    found = search_measured(
        "nasbench201",
        counted,
        "latency@board<=20",
        measurements=9,
        references=5,
        candidates=candidates,
        evaluations=150,
    )
    assert len(given) <= 9
    assert given == found.archs
    assert found.arch is not None
    assert measure([found.arch])[0] <= 20
    if found.measured is not None:
        assert found.measured == pytest.approx(measure([found.arch])[0])
    if candidates is not None:
        assert found.arch in candidates
        inside = [a for a in candidates if measure([a])[0] <= 20]
        assert goal([found.arch])[0] > np.quantile(goal(inside), 0.8)


def test_mistakes():
    with pytest.raises(InputError, match="limit must name its device"):
        search_measured("nasbench201", measure, "latency<=20")
    with pytest.raises(InputError, match="references must be a whole number of at least 3"):
        search_measured("nasbench201", measure, "latency@board<=20", references=2)
    with pytest.raises(InputError, match="measurements must be a whole number of at least 6"):
        search_measured("nasbench201", measure, "latency@board<=20", references=6, measurements=5)
