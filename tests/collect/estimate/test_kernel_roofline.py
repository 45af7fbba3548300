"""The roofline of networks of any form."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx_files import image_model, text_model

import archcast
from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.collect.estimate.kernel_estimates import (
    estimate_kernels,
    fallbacks,
    kernel_rows,
)
from archcast.collect.estimate.records import breakdown
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.core.network import Network, Node, Value
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

SPEC = "roofline:peak_gmacs=500,bandwidth_gbs=10,pj_per_mac=1,pj_per_byte=20"


def roofline(spec: str = SPEC) -> RooflineEstimator:
    made = make_estimator(load_target(spec))
    assert isinstance(made, RooflineEstimator)
    return made


def test_a_convolution_and_its_activation_cost_what_the_formula_says(tmp_path: Path) -> None:
    found = estimate_kernels(roofline(), archcast.network(image_model(tmp_path / "m.onnx")))
    (layer,) = found.layers
    macs, elements = 4 * 27 * 256, 3 * 256 + 4 * 256 + 4 * 27
    assert layer.op == "Conv+Relu"
    assert found.latency_ms == pytest.approx(max(macs / 500e6, elements / 10e6))
    assert found.energy_mj == pytest.approx(macs * 1e-9 + elements * 20e-9)
    assert fallbacks(found) == {}


@pytest.mark.parametrize("space", ["nasbench201", "macro", "mnasnet"])
def test_files_of_members_cost_what_the_members_cost(space: str) -> None:
    chosen = SPACES[space]
    codes = chosen.sample(4, seed=0)
    estimator = roofline()
    wanted = estimate_networks(estimator, chosen, codes)
    assert len(codes) == 4
    for i, code in enumerate(codes):
        found = estimate_kernels(estimator, archcast.network(to_onnx(chosen.network(code))))
        assert found.latency_ms == pytest.approx(wanted.latency_ms[i], rel=0.02)


def test_what_the_target_has_no_word_for_is_named_with_its_share(tmp_path: Path) -> None:
    found = estimate_kernels(roofline(), archcast.network(text_model(tmp_path / "t.onnx"), tokens=5))
    told = fallbacks(found)
    assert "gather has no convention: priced as the data it moves" in told
    assert 0 < sum(told.values()) <= 1
    x = {name: Value(name, (1, 8)) for name in "xy"}
    odd = Network(x, (Node("com.me::Odd", ("x",), ("y",)),), ("x",), ("y",))
    assert fallbacks(estimate_kernels(roofline(), odd)) == {
        "com.me::Odd not understood: priced as the data it moves": 1.0
    }


def test_rows_and_records_have_every_cost(tmp_path: Path) -> None:
    estimator = roofline()
    network = archcast.network(image_model(tmp_path / "m.onnx"))
    found = estimate_kernels(estimator, network)
    rows = kernel_rows(estimator, {"m": network}, {"m": found}).to_pylist()
    assert [(row["arch"], row["metric"]) for row in rows] == [
        (network.key, "latency"),
        (network.key, "energy"),
    ]
    records = breakdown("m", found)
    assert records[0]["what"] == "layer 0 Conv+Relu"
    assert records[-1]["latency (ms)"] == found.latency_ms
