"""The protocols of few measurements."""

import numpy as np
import pytest

from archcast.core.errors import InputError
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
    (found,) = ranked(prior, labels, Trial(column, rows, np.arange(600, 900)))
    assert found["rows"] == 300
    assert found["spearman"] > 0.95
    assert 0.5 < found["coverage_90"] <= 1
    whole, rest = ranked(prior, labels, Trial(column, rows, np.arange(600), left_out=True))
    assert (whole["rows"], rest["rows"]) == (600, 590)


def test_a_draw_a_seed_and_a_record_without_what_was_measured(small):
    """NASFLAT's way: the sources' rows are drawn anew with each seed, and all rows are ranked."""
    protocol = changed(
        "nasflat-F4",
        sources=load_protocol("nasflat-ND").sources,
        devices=("pixel3", "gold_6240", "titanx_1"),
        target_devices=("raspi4", "fpga"),
        measured=(60,),
        pool=load_protocol("nasflat-ND").pool.model_copy(update={"random": 200}),
        figures=("spearman",),
        beside=(),
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


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"target_devices": ("raspi44",)}, "target device must be one of .*did you mean 'raspi4'"),
        ({"devices": ("pixel3", "raspi4")}, "must not hold the target device raspi4"),
        ({"measured": (5000,)}, "measured must be at most the .* rows to draw from on raspi4, got 5000"),
    ],
)
def test_what_cannot_be_asked_is_told(small, keys, told):
    wanted = {"target_devices": ("raspi4",), "devices": ("pixel3", "titanx_1"), "test": "all"} | keys
    with pytest.raises(InputError, match=told):
        run_protocol(changed("help-nasbench201", **wanted), ["random"], seeds=1)


def test_every_device_in_turn_is_learned_from_the_others(small):
    said = []
    protocol = changed(
        "leave-one-device-out", target_devices=("raspi4", "fpga"), pool=load_protocol("help-fbnet").pool
    )
    protocol = protocol.model_copy(
        update={
            "pool": protocol.pool.model_copy(update={"count": 200}),
            "measured": (6,),
            "figures": ("spearman", "coverage_90"),
            "beside": (),
        }
    )
    record, covered = run_protocol(protocol, ["suggested"], progress=said.append).records
    assert said == ["leave-one-device-out: learning the prior of 26 source devices, seed 0"] * 2
    assert {"raspi4", "fpga", "mean", "worst"} <= set(record)
    assert record["worst"] == min(record["raspi4"], record["fpga"])
    assert (covered["figure"], covered["measured"]) == ("coverage_90", 6)
    assert 0.5 < covered["mean"] <= 1


def test_error_in_per_cent_beside_rivals_and_the_noise_floor(small):
    protocol = changed(
        "help-nasbench201",
        measured=(20,),
        target_devices=("raspi4", "fpga"),
        pool=load_protocol("help-nasbench201").pool.model_copy(update={"count": 400}),
        test="rest",
        figures=("mape", "within_10", "coverage_90"),
    )
    records = run_protocol(protocol, ["random"], seeds=2).records
    found = {(r["predictor"], r["figure"]): r for r in records}
    rivals = ("lightgbm, random", "lookup, random")
    percent = [(name, figure) for name in ("adapted, random", *rivals) for figure in ("mape", "within_10")]
    assert list(found)[:7] == [*percent[:2], ("adapted, random", "coverage_90"), *percent[2:]]
    assert {r["seeds"] for r in records[:7]} == {2}
    for rival in rivals:
        assert found["adapted, random", "mape"]["mean"] < found[rival, "mape"]["mean"]
    assert found["lookup, random", "mape"]["worst"] == max(
        found["lookup, random", "mape"][device] for device in ("raspi4", "fpga")
    )


def test_devices_of_the_same_hardware_do_not_teach(small):
    said = []
    protocol = changed(
        "leave-one-device-out",
        devices="other hardware",
        target_devices=("titanx_1",),
        measured=(6,),
        beside=(),
    )
    run_protocol(
        protocol.model_copy(
            update={"pool": load_protocol("help-fbnet").pool.model_copy(update={"count": 200})}
        ),
        ["suggested"],
        progress=said.append,
    )
    assert said == ["leave-one-device-out: learning the prior of 24 source devices, seed 0"]


def test_help_from_few_measurements(whole):
    protocol = changed("help-nasbench201", measured=(5, 10), figures=("spearman",), beside=(), repeats=False)
    result = run_protocol(protocol, ("suggested",), seeds=2)
    few, more = result.records
    assert (few["measured"], more["measured"], more["seeds"]) == (5, 10, 1)
    assert more["mean"] > 0.94
    assert "HELP" in {r["predictor"] for r in result.published}


def test_percent_of_unseen_networks_of_a_device_left_out(whole):
    protocol = changed("leave-one-device-out-hat", measured=(20,), beside=("lookup",))
    records = run_protocol(protocol, ["random"], seeds=2).records
    found = {(r["predictor"], r["figure"]): r["mean"] for r in records}
    assert found["adapted, random", "within_10"] > 0.75
    assert found["lookup, random", "within_10"] < 0.5


def test_energy_is_adapted_from_latency(whole):
    protocol = changed("energy-nasbench201", measured=(20,), figures=("spearman",), beside=(), repeats=False)
    (record,) = run_protocol(protocol, ("suggested",), seeds=1).records
    assert record["mean"] > 0.6
