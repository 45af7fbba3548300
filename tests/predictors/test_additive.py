from dataclasses import replace

import numpy as np
import pytest
from made_up import UNIT_MS, additive_labels

from archcast.core.errors import UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.encoding import encode
from archcast.featurize.spaces import SPACES
from archcast.predictors import Additive, AdditiveConfig

SPACE = SPACES["nasbench201"]
LABELS = additive_labels()
EVERY = SPACE.members(np.arange(SPACE.size))
TRUTH = 2.0 + UNIT_MS[EVERY].sum(axis=1)


def relative_error(predicted, truth):
    return np.abs(predicted / truth - 1)


def test_an_exact_sum_is_recovered_and_its_ties_kept():
    fitted = Additive().fit(LABELS)
    found = fitted.predict(EVERY)
    assert fitted.exact_.tolist() == [True, True]
    np.testing.assert_allclose(found, np.stack([TRUTH, 2 * TRUTH], axis=1), rtol=1e-5)
    sums = np.round(TRUTH, 9)
    distinct = len(np.unique(sums))
    assert distinct < 100, "the sums must tie for this test to mean anything"
    for column in (0, 1):
        assert len(np.unique(found[:, column])) == distinct
        assert len(np.unique(np.stack([sums, found[:, column]], axis=1), axis=0)) == distinct
    fitted.exact_[:] = False
    assert len(np.unique(fitted._predict(EVERY)[:, 0])) > distinct, "unrounded sums must not tie"


def test_only_sums_by_construction_are_rounded():
    values = LABELS.values.copy()
    values[:, 1] *= np.exp(np.random.default_rng(0).normal(0, 0.02, len(values)))
    assert Additive().fit(replace(LABELS, values=values)).exact_.tolist() == [True, False]


def test_outliers_move_it_far_less_than_least_squares():
    rng = np.random.default_rng(0)
    noisy = LABELS.values * np.exp(rng.normal(0, 0.01, LABELS.values.shape))
    disturbed = rng.random(len(noisy)) < 0.1
    noisy[disturbed] *= 10
    robust = Additive().fit(replace(LABELS, values=noisy)).predict(EVERY)[:, 0]
    x, terms = (np.pad(encode(SPACE, c, ("terms",)), ((0, 0), (0, 1)), constant_values=1.0)
                for c in (LABELS.codes, EVERY))
    plain = terms @ np.linalg.lstsq(x, noisy[:, 0], rcond=1e-6)[0]
    ours, theirs = (relative_error(p, TRUTH).mean() for p in (robust, plain))
    assert ours < 0.03
    assert theirs > 10 * ours


def test_throughput_adds_up_as_time_per_image():
    labels = replace(LABELS, metric="throughput", values=1000 / LABELS.values)
    fitted = Additive().fit(labels)
    np.testing.assert_allclose(fitted.predict(EVERY)[:, 0], 1000 / TRUTH, rtol=1e-5)
    as_latency = Additive().fit(replace(labels, metric="latency")).predict(EVERY)[:, 0]
    assert relative_error(as_latency, 1000 / TRUTH).mean() > 0.01


def test_accuracy_is_a_plain_sum_that_may_be_negative():
    labels = replace(LABELS, metric="accuracy", values=LABELS.values)
    fitted = Additive().fit(labels)
    assert not fitted.scale_.logarithmic
    assert np.isneginf(fitted.floor_).all()
    np.testing.assert_allclose(fitted.predict(EVERY)[:, 0], TRUTH, rtol=1e-4)


def test_costs_below_what_was_seen_stop_at_the_floor():
    empty = (SPACE.sample(2000, seed=3) == 0).sum(axis=1)
    codes = SPACE.sample(2000, seed=3)[empty <= 3]
    cost = 7 - 1.3 * (codes == 0).sum(axis=1)
    labels = Labels("nasbench201", "latency", "cifar10", (Target("d", "cifar10"),), codes, cost[:, None])
    found = Additive().fit(labels).predict(EVERY)[:, 0]
    nothing = (EVERY == 0).all(axis=1)
    assert found[nothing] == pytest.approx(0.3 * np.quantile(cost, 0.01), rel=1e-4)
    assert (found > 0).all()


def test_missing_values_are_left_out():
    values = LABELS.values.copy() * np.exp(np.random.default_rng(1).normal(0, 0.05, LABELS.values.shape))
    values[::3, 1] = np.nan
    both = Additive().fit(replace(LABELS, values=values)).predict(EVERY[::50])
    known = np.isfinite(values[:, 1])
    alone = replace(LABELS, values=values).only(("board_b",)).rows(known)
    np.testing.assert_array_equal(Additive().fit(alone).predict(EVERY[::50])[:, 0], both[:, 1])


def test_few_rows_give_a_cautious_sum():
    few = LABELS.rows(np.arange(6))
    fitted = Additive().fit(few)
    assert not fitted.exact_.any()
    found = fitted.predict(EVERY)[:, 0]
    assert 0.3 * few.values[:, 0].min() <= found.min() < found.max() <= 2 * few.values[:, 0].max()


def test_pieces_are_those_of_the_configuration():
    decisions = Additive(AdditiveConfig(pieces=("decisions",))).fit(LABELS)
    assert decisions.weights_.shape == (30 + 1, 2)
    with pytest.raises(UnknownNameError, match="encoding piece"):
        Additive(AdditiveConfig(pieces=("nonsense",))).fit(LABELS)
