"""Units and names of columns."""

import pytest

from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.core.units import factor_of, metric_of


@pytest.mark.parametrize("metric", METRICS)
def test_a_metrics_own_unit_is_one(metric):
    assert factor_of(METRICS[metric].unit, metric) == 1.0


@pytest.mark.parametrize(
    ("unit", "metric", "factor"),
    [
        ("us", "latency", 1e-3),
        ("\u00b5s", "latency", 1e-3),
        (" S ", "latency", 1e3),
        ("J", "energy", 1e3),
        ("MB", "memory", 1e6 / 2**20),
        ("fps", "throughput", 1.0),
        ("percent", "accuracy", 1.0),
    ],
)
def test_factors(unit, metric, factor):
    assert factor_of(unit, metric) == factor


def test_other_units_are_refused():
    with pytest.raises(InputError, match=r"unit of latency must be one of ns, .* got 'mJ'"):
        factor_of("mJ", "latency")


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("value", ("value", "")),
        ("Latency", ("latency", "")),
        ("latency_ms", ("latency", "ms")),
        ("latency us", ("latency", "us")),
        ("Value (ms)", ("value", "ms")),
        ("latency [\u00b5s]", ("latency", "\u03bcs")),
        ("energy_mj", ("energy", "mj")),
        ("arch", None),
        ("p95_latency", None),
        ("latency_ms_p95", None),
    ],
)
def test_what_the_name_of_a_column_tells(column, told):
    assert metric_of(column) == told
