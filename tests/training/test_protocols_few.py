"""The protocols of few measurements, of accuracy and of intervals."""

import numpy as np
import pytest

from archcast.training.labels import load_labels
from archcast.training.protocols import PROTOCOLS, accuracy, curves, help_few, leave_one_out, nasflat
from archcast.training.protocols.few import Trial, random_rows, ranked, source_prior, suggested_rows
from archcast.training.zoo import ZOO


@pytest.fixture(scope="module")
def labels(small_tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_DATA", str(small_tables))
        return load_labels("nasbench201", "latency", sources=["help"])


@pytest.fixture
def whole(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))


def run(name, seeds, *, methods=None):
    protocol = PROTOCOLS[name]
    return protocol.run(methods or protocol.predictors, range(seeds), lambda text: None)


def test_no_target_is_among_its_sources():
    assert help_few.SOURCES.keys() == help_few.TARGETS.keys() != set()
    for space, sources in help_few.SOURCES.items():
        assert not set(sources) & set(help_few.TARGETS[space])
    for _, sources, targets in nasflat.SETS.values():
        assert not set(sources) & set(targets)


def test_a_target_does_not_reach_the_prior(labels):
    pool = np.arange(200)
    before = source_prior(labels, ("titanx_1", "gold_6240"), pool).to_arrays()
    changed = labels.values.copy()
    changed[:, labels.devices.index("raspi4")] *= 7
    changed[300:] *= 3
    other = source_prior(
        type(labels)(labels.space, labels.metric, labels.dataset, labels.targets, labels.codes, changed),
        ("titanx_1", "gold_6240"),
        pool,
    ).to_arrays()
    assert before.keys() == other.keys() != set()
    for name, array in before.items():
        np.testing.assert_array_equal(array, other[name])


def test_rows_are_of_the_pool_and_were_measured(labels):
    pool, column = np.arange(600), labels.devices.index("raspi4")
    prior = source_prior(labels, ("titanx_1", "gold_6240", "pixel3"), pool)
    for rows in (
        random_rows(labels, column, pool, 10, 0),
        suggested_rows(prior, labels, column, pool, 10),
    ):
        assert len(set(rows.tolist())) == 10
        assert rows.max() < 600
        assert np.isfinite(labels.values[rows, column]).all()


def test_quality_is_of_the_test_rows_alone(labels):
    pool, column = np.arange(600), labels.devices.index("titanx_256")
    prior = source_prior(labels, ("titan_rtx_256", "1080ti_256", "gold_6240"), pool)
    rows = random_rows(labels, column, pool, 10, 0)
    found = ranked(prior, labels, Trial(column, rows, np.arange(600, 900)))
    assert found["rows"] == 300
    assert found["spearman"] > 0.95
    assert 0.5 < found["coverage"] <= 1


def test_help_from_few_measurements(whole):
    result = run("help-nasbench201", 2, methods=("suggested",))
    by_count = {r["measured"]: r for r in result.records}
    assert by_count[10]["mean"] > 0.94
    assert {"predictor", "seeds", "worst", "coverage_90"} <= set(by_count[10])
    assert "HELP" in {r["predictor"] for r in result.published}


def test_accuracy_learns_validation_and_ranks_test(whole, monkeypatch):
    monkeypatch.setitem(accuracy.COUNTS, "nasbench201", (25,))
    result = run("accuracy-nasbench201", 1, methods=("gp", "nn_degree"))
    records = {r["predictor"]: r["tau 25"] for r in result.records}
    assert records["gp, validation to test"] > 0.6
    assert records["gp, validation to test"] > records["nn_degree, validation to test"] + 0.2
    assert records["gp, test to test, without twins"] <= records["gp, test to test"]


def test_intervals_hold_for_small_and_large(whole):
    own = {entry.name for entry in ZOO if entry.own}
    records = run("intervals", 1).records
    assert {record["predictor"] for record in records} > own
    for record in records:
        if record["predictor"] in own:  # of 44 to 155 rows, not of a thousand
            assert 0.8 < record["coverage_90"] <= 1, record
            continue
        assert 0.87 < record["coverage_90"] < 0.93, record
        assert record["smallest fifth"] > 0.82
        assert record["largest fifth"] > 0.82


def test_energy_is_adapted_from_latency(whole, monkeypatch):
    monkeypatch.setattr(leave_one_out, "ENERGY_COUNTS", (20,))
    (record,) = run("energy-nasbench201", 1, methods=("suggested",)).records
    assert record["mean"] > 0.6


def test_costs_are_learned_better_from_more(whole, monkeypatch):
    monkeypatch.setattr(curves, "COUNTS", (25, 400))
    few, many = run("latency-hat", 1, methods=("linear",)).records
    assert (few["measured"], many["measured"]) == (25, 400)
    assert many["spearman"] > few["spearman"] > 0.7
    assert many["mape"] < few["mape"]
