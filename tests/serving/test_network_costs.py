"""Costs of networks on many devices at once, beside what each device says alone."""

import numpy as np
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny

import archcast
from archcast.core.settings import predictors_dir
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.serving import LoadedNetworks
from archcast.serving.network_costs import network_costs
from archcast.serving.store import store

PHONE, PHONE_INT8, GPU = DEVICES
SHIPPED = ("pixel4-tflite2.10-1large", "rtx3090-torch2.4-b1024-amp", "raspberry-pi-5-run49-ncnn-1t")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    return tmp_path


def entries(names, metric="latency"):
    return [store(fresh=True).find("network", device=name, metric=metric) for name in names]


@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_they_equal_what_each_device_says_alone(home, metric):
    save_tiny(predictors_dir() / "tiny")
    nets = [plain_network(8, 12), plain_network(24, last="Sigmoid")]
    names = (GPU, *SHIPPED, PHONE_INT8)
    found = network_costs(nets, entries(names, metric), store(), coverage=0.8)
    assert found.low is not None
    assert found.high is not None
    for place, name in enumerate((GPU, *SHIPPED, PHONE_INT8)):
        alone = archcast.load(name, metric, "network")
        assert isinstance(alone, LoadedNetworks)
        np.testing.assert_allclose(found.values[:, place], alone.predict_networks(nets), rtol=1e-6)
        low, high = alone.interval_networks(nets, 0.8)
        np.testing.assert_allclose(found.low[:, place], low, rtol=1e-5)
        np.testing.assert_allclose(found.high[:, place], high, rtol=1e-5)
        assert [row[place] for row in found.notes] == alone.notes(nets)


def test_what_cannot_be_told_is_not_a_number_and_says_why(home):
    save_tiny(predictors_dir() / "tiny")
    found = network_costs([plain_network(8, batch=4)], entries((PHONE, GPU)), store(), coverage=0.9)
    assert found.low is not None
    assert np.isfinite([found.values[0, 0], found.low[0, 0]]).all()
    assert np.isnan([found.values[0, 1], found.low[0, 1]]).all()
    assert "must be one item on gpu9" in found.notes[0][1]
    assert network_costs([plain_network(8)], entries((PHONE,)), store()).low is None
    with pytest.raises(archcast.InputError, match="coverage must be"):
        network_costs([plain_network(8)], entries((PHONE,)), store(), coverage=0.1)


def test_a_device_that_knows_nothing_of_its_errors_leaves_the_others_theirs(home, monkeypatch):
    wanted = network_costs([plain_network(8)], entries(SHIPPED), store(), coverage=0.9)
    real = NetworkPredictor.interval

    def interval(self, networks, coverage, *, predicted=None):
        if SHIPPED[0] in self.devices_:
            raise archcast.InputError("too few families")
        return real(self, networks, coverage, predicted=predicted)

    monkeypatch.setattr(NetworkPredictor, "interval", interval)
    pair = [*entries(SHIPPED), *entries(("pixel4-tflite2.10-1small",))]
    found = network_costs([plain_network(8)], pair, store(), coverage=0.9)
    assert found.low is not None
    assert wanted.low is not None
    assert np.isnan(found.low[0]).tolist() == [True, False, False, False]
    np.testing.assert_allclose(found.low[0, 1:3], wanted.low[0, 1:3], rtol=1e-6)


@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_values_outside_those_that_taught_are_noted_and_have_wider_intervals(home, metric):
    tiny_one, usual = plain_network(2, side=4), plain_network(*(64,) * 4, side=112)
    found = network_costs([tiny_one, usual], entries(SHIPPED[:1], metric), store(), coverage=0.9)
    assert found.low is not None
    assert found.high is not None
    outside, plain = (row[0] for row in found.notes)
    assert outside.startswith("outside the values it learned from, 1.995 to 908.4 ms")
    assert "outside" not in plain
    few, usual_width = np.log(found.high / found.low)[:, 0]
    assert few > usual_width + 1
    alone = archcast.load(SHIPPED[0], metric, "network")
    assert alone.notes([tiny_one, usual]) == [outside, plain]


@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_members_outside_the_values_that_taught_are_noted(metric):
    light = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    dear = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    assert archcast.load(SHIPPED[1], metric, "nasbench201").notes([light, dear]) == ["", ""]
    few, many = archcast.load(SHIPPED[0], metric, "nasbench201").notes([light, dear])
    assert "outside the values it learned from, 1.995 to 908.4 ms" in few
    assert "outside" not in many
