"""One architecture on many devices."""

from typing import Any

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.serving.entry import BASES, through_networks
from archcast.serving.kernel_costs import shape_text
from archcast.serving.overview import MemberCosts, breakdown, counted_costs, overview

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
PHONE = "pixel4-tflite2.10-1large"
SPACE = SPACES["nasbench201"]
CODES = SPACE.parse([CELL])


def on_phone(metric: str = "latency") -> MemberCosts:
    own: Any = archcast.load(PHONE, metric, "network")
    return MemberCosts(own, through_networks(own.entry, SPACE), SPACE)


def test_rows_are_what_predict_says() -> None:
    raspi, energy = (
        archcast.load("raspi4", space="nasbench201"),
        archcast.load("eyeriss-like", "energy", "nasbench201"),
    )
    rows = overview([raspi, energy, on_phone()], CODES, coverage=0.8)
    asked = (("raspi4", "latency"), ("eyeriss-like", "energy"), (PHONE, "latency"))
    for row, (device, metric) in zip(rows, asked, strict=True):
        expected = archcast.predict([CELL], device, metric, space="nasbench201")[0]
        assert row.value == pytest.approx(expected, rel=1e-6)
        low, high = archcast.predict_interval([CELL], device, metric, 0.8, space="nasbench201")
        assert (row.low, row.high) == (pytest.approx(low[0], rel=1e-5), pytest.approx(high[0], rel=1e-5))
        assert row.entry.device == device


def test_throughput_follows_from_latency_with_its_interval_turned() -> None:
    (row,) = overview([on_phone("throughput")], CODES)
    assert row.value == pytest.approx(1000 / overview([on_phone()], CODES)[0].value, rel=1e-5)
    assert row.low is not None
    assert row.high is not None
    assert row.low < row.value < row.high


def test_what_was_not_seen_is_told() -> None:
    light = SPACE.parse(["|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"])
    assert "outside the values it learned from" in overview([on_phone()], light)[0].note
    accuracy = archcast.load(None, "accuracy", "nasbench201")
    assert overview([accuracy], CODES)[0].note == ""
    worst = SPACE.parse(["|none~0|+|none~0|nor_conv_1x1~1|+|none~0|nor_conv_3x3~1|none~2|"])
    assert overview([accuracy], worst)[0].note == (
        "no path from input to output; outside the values it learned from, 10 to 94.37 %"
    )


def test_a_coverage_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"coverage must be 0\.5 to 0\.99"):
        overview([archcast.load("raspi4", space="nasbench201")], CODES, coverage=1.5)


def test_kernels_add_up_to_the_cost() -> None:
    found = breakdown(on_phone(), CODES)
    assert (found.unit, found.is_cost) == ("ms", True)
    assert sum(cost.value for cost in found.costs) == pytest.approx(
        overview([on_phone()], CODES)[0].value, rel=1e-5
    )
    shapes = [cost.shape for cost in found.costs if cost.kind == "conv_kxk"]
    assert "3 to 16 channels, window of 9, 1024 places" in shapes


def test_a_predictor_of_decisions_tells_multiply_adds() -> None:
    found = breakdown(archcast.load("raspi4", space="nasbench201"), CODES)
    assert (found.unit, found.is_cost) == ("multiply-adds", False)
    network = SPACE.network(CODES[0])
    assert sum(cost.value for cost in found.costs) == network.summary().macs
    assert sum(cost.share for cost in counted_costs(network)) == pytest.approx(1)


def test_what_follows_from_latency_has_no_kernels() -> None:
    with pytest.raises(InputError, match=r"throughput on pixel4.* follows from latency"):
        breakdown(on_phone("throughput"), CODES)


def test_shapes_as_text() -> None:
    named = {"inputs": 1, "outputs": 1, "window": 9, "stride": 2, "groups": 32, "places": 49}
    assert shape_text(**named) == "32 to 32 channels, window of 9, stride 2, 32 groups, 49 places"
    assert shape_text(**{**named, "inputs": 0}) == ""


@pytest.mark.parametrize(
    ("space", "device", "basis"),
    [
        ("nasbench201", "raspi4", "measurements"),
        ("fbnet", "raspi4", "look-up sums"),
        ("fbnet", "eyeriss-like", "estimates"),
        ("nasbench201", "eyeriss", "estimates"),
        ("network", PHONE, "measurements"),
    ],
)
def test_what_a_number_was_learned_from(space, device, basis) -> None:
    assert archcast.load(device, space=space).entry.basis == basis


def test_an_adapted_one_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    archs = SPACE.format(SPACE.sample(5, seed=0))
    adapted = archcast.adapt(
        archs, np.arange(5) + 1.0, device="my-board", space="nasbench201", sources=["raspi4"]
    )
    adapted.save()
    assert adapted.entry.basis == archcast.load("my-board", space="nasbench201").entry.basis == "adapted"
    assert "adapted" in BASES
