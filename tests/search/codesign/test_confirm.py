import numpy as np
import pytest
from search.codesign_cases import problem

from archcast.search.codesign import find as search
from archcast.search.codesign.confirm import confirmed
from archcast.search.codesign.find import find


def answers_of(asked, latency):
    """Estimates whose latency is the models' times a factor."""

    def estimates(codes):
        values = asked.pairs(codes)
        return values[:, 1] * latency, values[:, 2], values[:, 3]

    return estimates


def test_pairs_that_break_a_limit_by_the_estimator_are_replaced():
    asked = problem("latency<=2", "area<=300")
    found = find(asked)
    made = confirmed(found, answers_of(asked, 1.2), top=5)
    assert made.dropped > 0
    assert len(made.result.codes) >= 5
    np.testing.assert_allclose(made.result.values[:, 1], 1.2 * asked.pairs(made.result.codes)[:, 1])
    assert made.result.values[:, 1].max() <= 2
    np.testing.assert_array_equal(np.sort(made.result.values[:, 0])[::-1], made.result.values[:, 0])
    tighter = find(problem("latency<=1.6667", "area<=300"))
    assert made.result.values[0, 0] == pytest.approx(tighter.values[0, 0], abs=0.5)


def test_what_keeps_the_limits_is_estimated_once():
    asked, seen = problem("latency<=2"), []  # two pairs

    def estimates(codes):
        seen.append(len(codes))
        return answers_of(asked, 0.9)(codes)

    made = confirmed(find(asked), estimates, top=4)
    assert (seen, made.dropped, len(made.result.codes)) == ([2], 0, 2)


def test_limits_that_the_estimator_finds_broken_everywhere_leave_what_was_estimated():
    asked = problem("latency<=2")
    made = confirmed(find(asked), answers_of(asked, 1e6), top=3)
    assert not made.result.feasible
    assert made.dropped == len(made.result.codes) >= 2
    assert "kept by no pair" in made.result.infeasible_text()


def test_nothing_is_estimated_where_the_models_find_nothing():
    asked = problem("latency<=1e-9")
    found = find(asked)
    assert confirmed(found, pytest.fail, top=3).result is found


def test_a_front_is_confirmed_evenly_and_stays_a_front(monkeypatch):
    monkeypatch.setattr(search, "FRONT_EVALUATIONS", 2_000)
    asked = problem("area<=300", objectives=("accuracy", "edp"))
    found = find(asked)
    assert len(found.codes) > 12
    made = confirmed(found, answers_of(asked, 1.1), top=12).result
    assert 3 < len(made.codes) <= 12
    accuracy, edp = made.values[:, 0], made.values[:, 5]
    assert np.all(np.diff(accuracy) < 0)
    assert np.all(np.diff(edp) < 0)
    ends = found.values[:, 0].min(), found.values[:, 0].max()
    assert (accuracy.min(), accuracy.max()) == pytest.approx(ends)
