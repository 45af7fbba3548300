from dataclasses import replace

import numpy as np
import pytest
from made_up import UNIT_MS, additive_labels

from archcast.core.errors import UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.encoders.encoding import encode
from archcast.featurize.spaces import SPACES
from archcast.predictors import Additive, AdditiveConfig

SPACE = SPACES["nasbench201"]
LABELS = additive_labels()
EVERY = SPACE.members(np.arange(SPACE.size))
TRUTH = 2.0 + UNIT_MS[EVERY].sum(axis=1)


def relative_error(predicted, truth):
    return np.abs(predicted / truth - 1)


def count_of_ties(config):
    """Distinct sums, and the distinct answers given for them."""
    found = Additive(config).fit(LABELS).predict(EVERY)[:, 0]
    sums = np.round(TRUTH, 9)
    return len(np.unique(sums)), len(np.unique(np.stack([sums, found], axis=1), axis=0))


def test_an_exact_sum_is_recovered():
    fitted = Additive().fit(LABELS)
    assert fitted.exact_.tolist() == [True, True]
    np.testing.assert_allclose(fitted.predict(EVERY), np.stack([TRUTH, 2 * TRUTH], axis=1), rtol=1e-5)


def test_equal_sums_are_predicted_equal():
    exact = AdditiveConfig(penalties=(1e-9, 1e-6, 1e-3))
    distinct, answers = count_of_ties(exact)
    assert distinct == answers < 200, "the sums must tie for this test to mean anything"
    unrounded = Additive(exact).fit(LABELS)
    unrounded.exact_[:] = False
    assert len(np.unique(unrounded._predict(EVERY)[:, 0])) > distinct


def test_equal_sums_are_predicted_equal_by_default():
    distinct, answers = count_of_ties(AdditiveConfig())
    assert distinct == answers


def test_only_sums_by_construction_are_rounded():
    values = LABELS.values.copy()
    values[:, 1] *= np.exp(np.random.default_rng(0).normal(0, 0.02, len(values)))
    assert Additive().fit(replace(LABELS, values=values)).exact_.tolist() == [True, False]


def test_outliers_move_it_far_less_than_least_squares():
    rng = np.random.default_rng(0)
    noisy = LABELS.values * np.exp(rng.normal(0, 0.01, LABELS.values.shape))
    disturbed = rng.random(len(noisy)) < 0.1
    noisy[disturbed] *= 10
    labels = replace(LABELS, values=noisy)
    taught, every = (
        np.pad(encode(SPACE, codes, ("terms",)), ((0, 0), (0, 1)), constant_values=1.0)
        for codes in (LABELS.codes, EVERY)
    )
    plain = every @ np.linalg.lstsq(taught, noisy[:, 0], rcond=1e-6)[0]
    robust, settled = (Additive(AdditiveConfig(passes=n)).fit(labels).predict(EVERY)[:, 0] for n in (3, 20))
    assert relative_error(plain, TRUTH).mean() > 5 * relative_error(robust, TRUTH).mean()
    assert relative_error(settled, TRUTH).mean() < 0.02


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
