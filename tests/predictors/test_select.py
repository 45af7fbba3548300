import re

import numpy as np
import pytest

from archcast.core.errors import ArchcastError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import PREDICTORS
from archcast.predictors import select as module
from archcast.predictors.families.linear import BayesianLinear
from archcast.predictors.families.stack import fold_of_groups
from archcast.predictors.select import FIRST, kendall, select

SPACE = SPACES["nasbench201"]


def labels_of(n, seed=0):
    codes = SPACE.sample(n, seed=seed)
    values = 60 + 5.0 * (codes == 3).sum(axis=1) + np.random.default_rng(seed).normal(size=n)
    return Labels("nasbench201", "accuracy", "cifar10", (Target("c", "c"),), codes, values[:, None])


@pytest.fixture
def few_families(monkeypatch):
    monkeypatch.setattr(module, "FAMILIES", (FIRST, "linear", "nn_degree"))


def test_the_best_on_the_folds_is_chosen(few_families):
    found = select(labels_of(80))
    assert set(found.scores) == {FIRST, "linear", "nn_degree"}
    assert found.predictor.family == max(found.scores, key=found.scores.get)
    assert found.scores["nn_degree"] < 0.5 < found.scores["linear"]


@pytest.mark.parametrize("best", [FIRST, "linear", "nn_degree"])
def test_a_higher_score_decides(few_families, monkeypatch, best):
    labels = labels_of(40)
    truth = labels.values[:, 0]
    monkeypatch.setattr(module, "_out_of_fold", lambda name, *_: truth if name == best else -truth)
    found = select(labels)
    assert found.predictor.family == best
    assert found.scores[best] == 1.0
    assert (found.intervals is None) == (best == FIRST)


def test_of_few_networks_the_first_family_answers(few_families):
    found = select(labels_of(14))
    assert (found.predictor.family, found.scores, found.intervals) == (FIRST, {}, None)


def test_a_family_whose_package_is_missing_is_left_out(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    assert set(select(labels_of(16)).scores) == {FIRST, "linear", "nn_degree"}


def test_conformal_widths_come_from_folds_that_were_not_fitted_to(monkeypatch):
    monkeypatch.setattr(module, "FAMILIES", ("linear",))
    labels, new = labels_of(60), labels_of(500, seed=9)
    found = select(labels)
    low, high = found.intervals.around(found.predictor.predict(new.codes)[:, 0].astype(float), 0, 0.9)
    assert 0.85 < ((low <= new.values[:, 0]) & (new.values[:, 0] <= high)).mean() < 0.97


def test_a_stack_is_judged_by_what_it_had_not_seen():
    labels, new = labels_of(120), labels_of(600, seed=9)
    found = select(labels, families=["nn_degree", "stack"])
    assert found.predictor.family == "stack"
    assert found.scores["stack"] > found.scores["nn_degree"]
    assert found.scores["stack"] < kendall(
        labels.values[:, 0], found.predictor.predict(labels.codes)[:, 0].astype(float)
    )
    low, high = found.intervals.around(found.predictor.predict(new.codes)[:, 0].astype(float), 0, 0.9)
    assert 0.8 < ((low <= new.values[:, 0]) & (new.values[:, 0] <= high)).mean() < 0.98


@pytest.mark.parametrize("n", [10, 20])
def test_a_stack_of_few_networks_is_its_first_member(n):
    found = select(labels_of(n), families=["stack"])
    assert (found.predictor.family, found.scores) == (FIRST, {})


@pytest.mark.parametrize(
    ("families", "words"),
    [
        (["gp", "adapted"], "families must learn from the networks given, got adapted"),
        (["gp", "oracle"], "oracle"),
        ("gp", "families must be a list of names, got 'gp'"),
        ([], "families must be a list of names"),
    ],
)
def test_families_that_cannot_be_candidates_are_refused(families, words):
    with pytest.raises(ArchcastError, match=re.escape(words)):
        select(labels_of(20), families=families)


def test_no_fit_sees_its_fold(few_families, monkeypatch):
    labels, seen = labels_of(30), []

    class Watched(BayesianLinear):
        def fit(self, given, *, seed=0):
            seen.append(set(map(tuple, given.codes.tolist())))
            return super().fit(given, seed=seed)

        def predict(self, codes):
            assert not seen[-1] & set(map(tuple, codes.tolist()))
            return super().predict(codes)

    monkeypatch.setitem(PREDICTORS._entries, "linear", Watched)
    module._out_of_fold("linear", labels, fold_of_groups(SPACE.function_groups(labels.codes), 5, seed=0), 0)
    assert len(seen) == 5


def test_kendall_counts_pairs_and_ties():
    assert kendall(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3])) == pytest.approx(4 / 6)
    assert kendall(np.array([1.0, 1, 2]), np.array([1.0, 2, 3])) == pytest.approx(2 / np.sqrt(2 * 3))
    assert kendall(np.arange(50.0), np.zeros(50)) == 0.0
