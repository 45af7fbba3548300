"""The protocols of few measurements."""

import numpy as np
import pytest

from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.protocols import load_protocol, run_protocol
from archcast.training.protocols.adaptation import Trial, random_rows, ranked, source_prior, suggested_rows


@pytest.fixture(scope="module")
def labels(small_tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_DATA", str(small_tables))
        return load_labels("nasbench201", "latency", sources=["help"])


@pytest.fixture
def small(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


@pytest.fixture
def whole(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))


def changed(name, **keys):
    return load_protocol(name).model_copy(update=keys)


def test_a_target_does_not_reach_the_prior(labels):
    pool = np.arange(200)
    before = source_prior(labels, ("titanx_1", "gold_6240"), pool).to_arrays()
    values = labels.values.copy()
    values[:, labels.devices.index("raspi4")] *= 7
    values[300:] *= 3
    other = source_prior(
        Labels(labels.space, labels.metric, labels.dataset, labels.targets, labels.codes, values),
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


def test_a_draw_a_seed_and_a_record_without_what_was_measured(small):
    """NASFLAT's way: the sources' rows are drawn anew with each seed, and all rows are ranked."""
    protocol = changed(
        "nasflat-F4",
        sources=load_protocol("nasflat-ND").sources,
        devices=("pixel3", "gold_6240", "titanx_1"),
        target_devices=("raspi4", "fpga"),
        measured=(60,),
        pool=load_protocol("nasflat-ND").pool.model_copy(update={"random": 200}),
    )
    records = run_protocol(protocol, seeds=2).records
    assert [r["predictor"] for r in records] == [
        "adapted, random",
        "adapted, suggested",
        "adapted, random, measured left out",
        "adapted, suggested, measured left out",
    ]
    assert {r["seeds"] for r in records} == {2}
    assert all(r["mean"] == pytest.approx((r["raspi4"] + r["fpga"]) / 2, abs=1.1e-4) for r in records)
    assert records[0]["mean"] != records[2]["mean"]
    first = run_protocol(protocol, ["random"], seeds=1).records[0]
    assert first["mean"] != records[0]["mean"], "the second seed has its own draw"


def test_every_device_in_turn_is_learned_from_the_others(small):
    said = []
    protocol = changed(
        "leave-one-device-out", target_devices=("raspi4", "fpga"), pool=load_protocol("help-fbnet").pool
    )
    protocol = protocol.model_copy(
        update={"pool": protocol.pool.model_copy(update={"count": 200}), "measured": (6,)}
    )
    (record,) = run_protocol(protocol, ["suggested"], progress=said.append).records
    assert said == ["leave-one-device-out: learning the prior of 26 source devices, seed 0"] * 2
    assert {"raspi4", "fpga", "mean", "worst", "coverage_90"} <= set(record)
    assert record["worst"] == min(record["raspi4"], record["fpga"])


def test_help_from_few_measurements(whole):
    result = run_protocol(changed("help-nasbench201", measured=(5, 10)), ("suggested",), seeds=2)
    few, more = result.records
    assert (few["measured"], more["measured"], more["seeds"]) == (5, 10, 1)
    assert more["mean"] > 0.94
    assert {"predictor", "worst", "coverage_90"} <= set(more)
    assert "HELP" in {r["predictor"] for r in result.published}


def test_energy_is_adapted_from_latency(whole):
    protocol = changed("energy-nasbench201", measured=(20,))
    (record,) = run_protocol(protocol, ("suggested",), seeds=1).records
    assert record["mean"] > 0.6
