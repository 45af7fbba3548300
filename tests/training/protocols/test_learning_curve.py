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
