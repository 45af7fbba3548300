"""What is said of a predictor."""

import numpy as np
import pytest
from checking_cases import compared

from archcast.serving.checking.figures import Estimate
from archcast.serving.checking.verdict import judged

PREDICTED = np.linspace(5.0, 60.0, 12)
NOISE = np.exp(0.02 * np.random.default_rng(1).normal(size=12))


@pytest.mark.parametrize(
    ("factor", "right", "words"),
    [
        (1.0, True, "right, as far as 12 architectures tell: 12 of 12 lie inside the 90% intervals"),
        (1.05, True, "right, as far as"),
        (1.4, False, "not right: predictions are 2[89] % too low .* throughout"),
        (0.7, False, "not right: predictions are 4[23] % too high .* throughout"),
        (1000.0, False, "times the predictions; are they in ms, or in us?"),
        (0.001, False, "times the predictions; are they in ms, or in s?"),
    ],
)
def test_a_level_that_moved_is_told_by_what_explains_it(factor, right, words):
    import re

    told, sentence = judged(
        compared(PREDICTED * NOISE * factor, PREDICTED), "latency", drift=None, coverage=0.9
    )
    assert told is right
    assert re.search(words, sentence)
    assert "\n" not in sentence


def test_intervals_that_hold_too_few_are_told():
    apart = np.exp(0.3 * np.where(np.arange(12) % 2, 1, -1))
    told, sentence = judged(compared(PREDICTED * apart, PREDICTED), "latency", drift=None, coverage=0.9)
    assert not told
    assert sentence.startswith("not right: 0 of 12 lie inside the 90% intervals")


def test_few_outside_are_chance():
    measured = PREDICTED * NOISE
    measured[[2, 7]] *= 1.15
    assert judged(compared(measured, PREDICTED), "latency", drift=None, coverage=0.9)[0]


def test_one_that_does_not_fit_is_told_of_one_that_is_right():
    measured = PREDICTED * NOISE
    measured[4] *= 10
    told, sentence = judged(compared(measured, PREDICTED), "latency", drift=None, coverage=0.9)
    assert told
    assert sentence.endswith("1 does not fit")


@pytest.mark.parametrize(
    ("drift", "right"),
    [
        (Estimate(20.0, 15.0, 25.0), False),
        (Estimate(20.0, -1.0, 45.0), True),
        (Estimate(4.0, 3.0, 5.0), True),
        (Estimate(-30.0, -40.0, -20.0), False),
    ],
)
def test_a_drift_counts_where_it_is_sure_and_matters(drift, right):
    found = compared(PREDICTED * NOISE, PREDICTED)
    assert judged(found, "latency", drift=drift, coverage=0.9)[0] is right


def test_accuracies_are_judged_in_points():
    predicted = np.linspace(60.0, 94.0, 12)
    near = compared(predicted + 1.0, predicted, width=2.0, in_points=True)
    assert judged(near, "accuracy", drift=None, coverage=0.9)[0]
    told, sentence = judged(
        compared(predicted - 5.0, predicted, width=2.0, in_points=True), "accuracy", drift=None, coverage=0.9
    )
    assert not told
    assert "5 points too high" in sentence
