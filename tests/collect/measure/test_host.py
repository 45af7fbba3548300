"""Measuring on this machine, end to end."""

from __future__ import annotations

import json

import pytest
from made_up_networks import plain_network

import archcast
from archcast.collect.measure.host import host_device, measure_host
from archcast.collect.measure.network_request import NetworkSource, make_network_request
from archcast.collect.measure.request import make_request
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.rows import checked_rows
from archcast.core.errors import InputError
from archcast.featurize.onnx_model import to_onnx

SETTINGS = TimingSettings(rounds=2, runs=1, warm_up=1, extra_rounds=0)
ARCH = "|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"


@pytest.mark.parametrize("device", ["this-host-ort-1t", "this-host-ort-2t-b2", "this-host-torch-1t"])
def test_a_network_is_measured_here(device: str) -> None:
    (row,) = measure_host(make_request("nasbench201", [ARCH], device=host_device(device)), settings=SETTINGS)
    assert row["status"] == "ok", row["note"]
    facts = json.loads(row["environment"])
    assert row["value"] == pytest.approx(facts[facts["clock"] + "_ms"], rel=1e-4)
    assert row["value"] > 0
    assert row["repeats"] >= 2
    assert facts["runtime"].startswith("torch" if "torch" in device else "onnxruntime")
    assert len(checked_rows([row])) == 1


def test_rows_come_before_the_run_is_over() -> None:
    from archcast.featurize.spaces import SPACES

    space = SPACES["nasbench201"]
    settings = TimingSettings(rounds=2, runs=1, warm_up=0, extra_rounds=0, block=1)
    codes = space.parse([ARCH, ARCH.replace("skip_connect", "none")])
    rows = measure_host(make_request(space, codes, device=host_device("this-host-ort-1t")), settings=settings)
    assert next(rows)["arch"] == ARCH
    rows.close()


def test_a_device_that_is_not_here_is_refused() -> None:
    with pytest.raises(InputError, match="device must be HOST-ort"):
        host_device("raspi4")


def test_networks_of_any_form_are_measured_here(tmp_path) -> None:
    first, second = plain_network(8, 12), plain_network(8, 16)
    path = tmp_path / "second.onnx"
    path.write_bytes(to_onnx(second))
    sources = [NetworkSource(first, "first"), NetworkSource(archcast.network(str(path)), "second", path)]
    request = make_network_request(sources, device=host_device("this-host-ort-1t"))
    rows = list(measure_host(request, settings=SETTINGS))
    assert [(row["arch"], row["status"]) for row in rows] == [
        (first.key, "ok"),
        (sources[1].network.key, "ok"),
    ]
    assert all(row["value"] > 0 for row in rows)
