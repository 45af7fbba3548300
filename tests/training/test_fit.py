from dataclasses import replace

import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.labels import Target, target_key
from archcast.core.version import VERSION
from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, Tabulated
from archcast.training.fit import evaluate, fit, title
from archcast.training.metrics import quality
from archcast.training.splits import group_split

LABELS = additive_labels()
SPLIT = group_split(LABELS, rows=100, seed=0)


@pytest.fixture(scope="module")
def fitted():
    return fit(LookupTable(), LABELS, SPLIT, seed=0)


def test_a_table_learns_sums(fitted):
    assert all(q["mape"] < 0.01 for q in fitted.card.quality.values())
    assert fitted.mean_quality["spearman"] > 0.99


def test_only_training_rows_are_seen():
    hidden = LABELS.values.copy()
    hidden[np.setdiff1d(np.arange(len(LABELS)), SPLIT.train)] = 77.0
    one, other = (
        fit(BayesianLinear(), labels, SPLIT).predictor.predict(LABELS.codes)
        for labels in (LABELS, replace(LABELS, values=hidden))
    )
    np.testing.assert_array_equal(one, other)


def test_quality_is_of_the_held_out_rows(fitted):
    np.testing.assert_array_equal(fitted.truth, LABELS.values[SPLIT.test])
    np.testing.assert_array_equal(fitted.predicted, fitted.predictor.predict(LABELS.codes[SPLIT.test]))
    for i, target in enumerate(LABELS.targets):
        assert fitted.card.quality[target_key(target)] == quality(fitted.truth[:, i], fitted.predicted[:, i])


def test_mean_quality_is_the_mean_over_targets():
    fitted = fit(FlopsBaseline(), LABELS, SPLIT)
    tables = list(fitted.card.quality.values())
    assert fitted.mean_quality["mape"] == pytest.approx((tables[0]["mape"] + tables[1]["mape"]) / 2)


def test_the_card_says_what_was_done(fitted):
    card = fitted.card
    assert (card.rows, card.held_out_rows) == (100, len(SPLIT.test))
    assert card.split == SPLIT.rule
    assert (card.sources, card.licences) == (("made up",), ("none",))
    assert card.version == VERSION
    assert card.title == "latency of nasbench201 on board_a, board_b (lookup)"
    low, high = card.ranges["board_a/cifar10"]
    assert (low, high) == (LABELS.values[SPLIT.train, 0].min(), LABELS.values[SPLIT.train, 0].max())


def test_intervals_cover_the_held_out_rows():
    fitted = fit(FlopsBaseline(), LABELS, SPLIT)
    low, high = fitted.intervals.around(fitted.predicted[:, 0].astype(float), 0, 0.9)
    inside = (low <= fitted.truth[:, 0]) & (fitted.truth[:, 0] <= high)
    assert 0.9 <= inside.mean() <= 0.97


def test_missing_values_are_no_numbers():
    values = LABELS.values.copy()
    values[::3, 1] = np.nan
    fitted = fit(LookupTable(), replace(LABELS, values=values), SPLIT)
    kept = np.isfinite(values[SPLIT.test, 1]).sum()
    assert fitted.card.quality["board_b/cifar10"]["rows"] == kept < len(SPLIT.test)
    assert fitted.intervals.rows.tolist() == [len(SPLIT.test), kept]


def test_an_export_names_its_teacher(fitted):
    export = evaluate(Tabulated.of(fitted.predictor), LABELS, SPLIT, teacher="lookup")
    assert export.card.teacher == "lookup"
    assert export.card.title == fitted.card.title
    np.testing.assert_allclose(export.predicted, fitted.predicted, rtol=1e-5)


def test_target_names():
    assert target_key(Target("raspi4", "cifar10")) == "raspi4/cifar10"
    assert target_key(Target("cifar10", "cifar10")) == "cifar10"
    two = replace(LABELS, targets=(Target("raspi4", "cifar10"), Target("raspi4", "cifar100")))
    assert title(two, "linear") == "latency of nasbench201 on raspi4 (linear)"
