from dataclasses import FrozenInstanceError

import pytest

from archcast.core.errors import UnknownNameError
from archcast.core.metric import METRICS


def test_units():
    assert {name: METRICS[name].unit for name in METRICS} == {
        "latency": "ms",
        "energy": "mJ",
        "accuracy": "%",
        "throughput": "1/s",
        "memory": "MiB",
    }
    assert all(METRICS[name].name == name for name in METRICS)


def test_which_way_a_search_goes():
    assert [name for name in METRICS if not METRICS[name].lower_is_better] == ["accuracy", "throughput"]
    assert [name for name in METRICS if not METRICS[name].of_device] == ["accuracy"]
    assert all(METRICS[name].positive for name in METRICS)


def test_metrics_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        METRICS["latency"].unit = "s"


def test_unknown_metric_is_guessed():
    with pytest.raises(UnknownNameError, match="did you mean 'latency'"):
        METRICS["latencies"]
