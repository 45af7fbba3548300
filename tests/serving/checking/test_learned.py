"""What moved since a predictor was learned."""

import numpy as np
import pytest
from checking_cases import compared
from made_up_networks import plain_network
from scipy.stats import ttest_ind

from archcast.collect.networks import as_stored
from archcast.predictors.artifact.measured import Measured
from archcast.serving.checking.learned import since_learned

ARCHS = ("a", "b", "c", "d", "e")
OLD = np.array([5.0, 9.0, 14.0, 20.0, 33.0])
WITHOUT = OLD * np.exp([0.1, -0.05, 0.02, -0.1, 0.04])
KEPT = Measured(ARCHS, tuple(OLD), tuple(WITHOUT))


def test_architectures_measured_again_tell_the_move():
    new = 1.2 * OLD[:3]
    found = since_learned(KEPT, ARCHS[:3], new, compared(new, new))
    assert (found.samples, found.again, found.by_pairs) == (5, 3, True)
    assert found.drift.value == pytest.approx(20.0)
    assert found.error == pytest.approx(100 * np.abs(WITHOUT / OLD - 1).mean())


def test_others_tell_it_by_errors_then_and_now():
    errors = np.array([0.25, 0.35, 0.3, 0.28])
    predicted = np.array([8.0, 12.0, 30.0, 40.0])
    new = predicted * np.exp(errors)
    found = since_learned(KEPT, ["f", "g", "h", "a"], new, compared(new, predicted, width=0.5))
    assert (found.again, found.by_pairs) == (1, False)
    was = np.log(OLD / WITHOUT)
    known = ttest_ind(errors, was, equal_var=False).confidence_interval(0.95)
    assert found.drift.value == pytest.approx(100 * np.expm1(errors.mean() - was.mean()))
    assert found.drift.low == pytest.approx(100 * np.expm1(known.low))
    assert found.sure.low < found.drift.low


def test_nothing_is_told_without_errors_of_then():
    assert since_learned(Measured(ARCHS, tuple(OLD)), ["a"], OLD[:1], compared(OLD, OLD)) is None


def test_networks_are_the_same_by_what_is_kept_of_them():
    networks = [plain_network(8, width) for width in (8, 16, 32)]
    kept = Measured(tuple(map(as_stored, networks)), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0))
    new = np.array([1.1, 2.2, 3.3])
    found = since_learned(kept, networks, new, compared(new, new))
    assert found.by_pairs
    assert found.drift.value == pytest.approx(10.0)
