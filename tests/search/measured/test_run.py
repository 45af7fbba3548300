"""A search that measures what it proposes."""

import numpy as np
import pytest
from made_up import UNIT_MS

import archcast
from archcast.core.errors import InputError
from archcast.search.measured.run import search_measured

SPACE = archcast.spaces("nasbench201")
CANDIDATES = SPACE.format(SPACE.sample(150, seed=3))


def measure(archs):
    codes = SPACE.parse(archs)
    rough = 0.3 * np.sin(codes @ np.arange(1, 7))
    return 4.0 + 2 * UNIT_MS[codes].sum(axis=1) + rough


def goal(archs):
    return archcast.predict(archs, metric="accuracy")


def inside(archs, value):
    return [a for a in archs if measure([a])[0] <= value]


@pytest.mark.parametrize("candidates", [None, CANDIDATES])
def test_answers_keep_their_limits_when_measured(candidates):
    given = []

    def counted(archs):
        given.extend(archs)
        return measure(archs)

    values = (18, 20, 23)
    found = search_measured(
        "nasbench201",
        counted,
        [f"latency@board<={value}" for value in values],
        measurements=10,
        candidates=candidates,
    )
    assert len(given) <= 10
    assert given == found.archs
    assert found.values == pytest.approx(measure(given))
    reached = []
    for answer, value in zip(found.answers, values, strict=True):
        assert answer.limit.value == value
        assert answer.arch is not None
        took = measure([answer.arch])[0]
        assert took <= value
        if answer.measured is not None:
            assert answer.measured == pytest.approx(took)
        reached.append(goal([answer.arch])[0])
        if candidates is not None:
            assert answer.arch in candidates
            assert reached[-1] > np.quantile(goal(inside(candidates, value)), 0.8)
    assert reached == sorted(reached)


def test_a_large_space_is_searched_by_evolution():
    space = archcast.spaces("fbnet")

    def milliseconds(archs):
        return 1.3 * archcast.predict(archs, "raspi4") + 2.0

    def score(archs):
        return space.parse(archs).sum(axis=1)

    found = search_measured(
        "fbnet", milliseconds, "latency@board<=50", predictor=score, measurements=7, evaluations=300
    )
    assert found.answers[0].arch is not None
    assert milliseconds([found.answers[0].arch])[0] <= 50
    drawn = space.format(space.sample(300, seed=1))
    kept = [a for a, took in zip(drawn, milliseconds(drawn), strict=True) if took <= 50]
    assert score([found.answers[0].arch])[0] > np.quantile(score(kept), 0.95)


def test_what_fails_is_no_answer_and_teaches_nothing():
    taught = []

    def failing(archs):
        values = measure(archs)
        if len(archs) == 1:  # a proposal
            values[:] = np.nan
        return values

    def learn(archs, values):
        taught.append(list(values))
        return archcast.adapt(archs, values, "board", space="nasbench201", sources=[])

    found = search_measured(
        "nasbench201",
        failing,
        "latency@board<=20",
        measurements=6,
        references=5,
        candidates=CANDIDATES,
        learn=learn,
    )
    assert [len(values) for values in taught] == [5] * len(taught)
    failed = [a for a, value in zip(found.archs, found.values, strict=True) if np.isnan(value)]
    assert failed
    assert found.answers[0].arch not in failed


def test_answers_are_measured_where_nothing_gains():
    """Limits that everything keeps: the best of all is held at once, and then measured."""
    found = search_measured(
        "nasbench201", measure, "latency@board<=1000", measurements=9, candidates=CANDIDATES
    )
    assert len(found.archs) == 5
    assert found.answers[0].measured == found.values[-1]
    assert goal([found.answers[0].arch])[0] == goal(CANDIDATES).max()


def test_a_limit_from_below():
    def rate(archs):
        return 1000.0 / measure(archs)

    found = search_measured("nasbench201", rate, "throughput@board>=50", candidates=CANDIDATES)
    assert found.answers[0].arch is not None
    assert rate([found.answers[0].arch])[0] >= 50


@pytest.mark.parametrize(
    ("limits", "words", "message"),
    [
        ("latency<=20", {}, "limit must name its device"),
        ([], {}, "limits must be at least one"),
        (["latency@a<=2", "latency@b<=3"], {}, r"limits must all be of latency@a, got latency@b \(item 1\)"),
        ("latency@board<=0", {}, "must be above 0"),
        ("latency@board<=20", {"references": 2}, "references must be a whole number of at least 3"),
        (
            "latency@board<=20",
            {"references": 6, "measurements": 5},
            "measurements must be a whole number of at least 6",
        ),
        ("latency@board<=20", {"hold": 0.6}, "hold must be a probability of 0.75 to 0.995, got 0.6"),
    ],
)
def test_mistakes(limits, words, message):
    with pytest.raises(InputError, match=message):
        search_measured("nasbench201", measure, limits, **words)


def test_every_answer_keeps_the_limits_of_sizes():
    def params(archs):
        table = archcast.features(archs, "nasbench201")
        return table.values[:, table.names.index("params")]

    for candidates in (None, CANDIDATES):
        found = search_measured(
            "nasbench201",
            measure,
            ["latency@board<=20", "params<=3e5"],
            measurements=8,
            candidates=candidates,
        )
        (answer,) = found.answers
        assert answer.limit.text == "latency@board<=20"
        assert params([answer.arch])[0] <= 3e5
    free = search_measured("nasbench201", measure, "latency@board<=20", measurements=8, candidates=CANDIDATES)
    assert params([free.answers[0].arch])[0] > 3e5, "without the limit it is not kept"
    with pytest.raises(InputError, match=r"at least one of a device, got params<=300000"):
        search_measured("nasbench201", measure, "params<=3e5")
    with pytest.raises(InputError, match="kept by none of"):
        search_measured("nasbench201", measure, ["latency@board<=20", "params<=3"], measurements=8)
