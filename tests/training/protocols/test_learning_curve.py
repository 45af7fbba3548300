import pytest

from archcast.core.errors import InputError
from archcast.training.protocols import load_protocol, run_protocol


def test_a_record_a_family_and_count(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    changes = {"counts": (25, 50), "figures": ("kendall", "mape")}
    protocol = load_protocol("latency-hat").model_copy(update=changes)
    records = run_protocol(protocol, ("linear", "flops"), seeds=2).records
    assert [(r["predictor"], r["measured"], r["seeds"]) for r in records] == [
        ("linear", 25, 2),
        ("linear", 50, 2),
        ("flops", 25, 2),
        ("flops", 50, 2),
    ]
    assert list(records[0]) == ["predictor", "measured", "seeds", "kendall", "mape"]
    assert records[1]["kendall"] > 0.5


def test_costs_are_learned_better_from_more(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    protocol = load_protocol("latency-hat").model_copy(update={"counts": (25, 400)})
    few, many = run_protocol(protocol, ("linear",), seeds=1).records
    assert many["spearman"] > few["spearman"] > 0.7
    assert many["mape"] < few["mape"]


def test_more_than_was_measured_is_refused(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    protocol = load_protocol("latency-hat").model_copy(update={"counts": (90_000,)})
    with pytest.raises(InputError, match="must have more than 90000 measurements, it has"):
        run_protocol(protocol, ("flops",), seeds=1)


def test_validation_is_learned_and_test_is_ranked(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    protocol = load_protocol("accuracy-nasbench201").model_copy(update={"counts": (25,)})
    result = run_protocol(protocol, ("gp", "nn_degree"), seeds=1)
    records = {r["predictor"]: r["tau 25"] for r in result.records}
    assert records["gp, validation to test"] > 0.6
    assert records["gp, validation to test"] > records["nn_degree, validation to test"] + 0.2
    assert records["gp, test to test, without twins"] <= records["gp, test to test"]


@pytest.mark.parametrize("twins", [True, False])
def test_a_record_a_side_with_mean_and_deviation_over_seeds(small_tables, monkeypatch, twins):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    changes = {"counts": (25, 100), "without_twins": twins}
    protocol = load_protocol("accuracy-macro").model_copy(update=changes)
    records = run_protocol(protocol, ("linear",), seeds=2).records
    names = ["linear, test to test", "linear, test to test, without twins"]
    assert [r["predictor"] for r in records] == (names if twins else names[:1])
    assert records[0]["tau 100"] > records[0]["tau 25"]
    assert records[0]["sd 25"] > 0
    assert records[0]["seeds"] == 2


def test_those_that_teach_are_ranked_too_where_all_are(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    protocol = load_protocol("accuracy-macro").model_copy(update={"counts": (100,), "without_twins": False})
    taus = [
        run_protocol(protocol.model_copy(update={"test": test}), ("gp",), seeds=1).records[0]["tau 100"]
        for test in ("rest", "all")
    ]
    assert taus[1] > taus[0]
