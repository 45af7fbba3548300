"""Sizes of networks as goals and limits, and limits held by measurements."""

import json

import numpy as np
import pytest

import archcast
from archcast.collect.rows import environment_json
from archcast.collect.store import MeasurementStore
from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError
from archcast.featurize.summary import peak_bytes
from archcast.search.loop.goals import parse_limit, parse_quantity
from archcast.search.loop.prepare import keeps_limits, within_limits
from archcast.search.loop.reader import Reader, memory_devices
from archcast.search.loop.sizes import Counted, size_names, size_unit
from archcast.training.labels import load_labels

CELLS = archcast.spaces("nasbench201")
FBNET = archcast.spaces("fbnet")


def feature(archs, name, space):
    table = archcast.features(archs, space)
    return table.values[:, table.names.index(name)].astype(float)


@pytest.mark.parametrize("method", ["nsga2", "evolution", "random"])
def test_limits_on_size_hold_beside_those_of_devices(method):
    limits = ["params<=4e5", "macs<=6e7", "latency@raspi4<=20"]
    found = archcast.search("nasbench201", limits=limits, method=method, evaluations=400, population=40)
    assert found.feasible
    record = found.front[0]
    for name, most in (("params", 4e5), ("macs", 6e7)):
        (value,) = feature(found.archs[:1], name, "nasbench201")
        assert value <= most
    assert record["params (parameters)"] == feature(found.archs[:1], "params", "nasbench201")[0]
    assert record["macs (multiply-adds)"] == feature(found.archs[:1], "macs", "nasbench201")[0]
    assert "held params<=4e+05" not in record, "a count is exact"
    assert "held latency@raspi4<=20" in record


def test_a_size_is_a_goal_and_any_feature_a_limit():
    found = archcast.search(
        "nasbench201",
        minimize="macs",
        limits=["accuracy>=88", "edges_nor_conv_3x3<=2", "nn_mass>=0"],
        hold="mean",
        method="evolution",
        evaluations=600,
    )
    assert feature(found.archs[:1], "edges_nor_conv_3x3", "nasbench201")[0] <= 2
    assert set(found.front[0]) >= {"macs (multiply-adds)", "edges_nor_conv_3x3 (edges)", "nn_mass"}
    macs = feature(CELLS.members(np.arange(CELLS.size)), "macs", "nasbench201")
    assert found.values[found.front_rows[0], 0] < np.quantile(macs, 0.3)


def test_memory_is_that_of_activations_where_no_device_has_it():
    codes = FBNET.sample(3, seed=0)
    sizes = Counted("memory", FBNET, "cifar100").mean(codes)
    assert sizes[0] == pytest.approx(peak_bytes(FBNET.network(codes[0], "cifar100")) / 2**20)
    assert Reader(FBNET, ("raspi4",), "cifar100").quantity("memory").is_size
    told = Reader(FBNET, ("mine",), "cifar100", frozenset({"mine"})).quantity("memory")
    assert (told.text, told.is_size) == ("memory@mine", False)
    assert memory_devices(FBNET, ["mine"], ["memory@mine"]) == {"mine"}
    assert memory_devices(FBNET, ["raspi4"]) == frozenset()
    assert not parse_quantity("memory@mine", FBNET).is_size


def test_sizes_are_of_networks_for_the_data_set():
    small, large = (Counted("macs", FBNET, name).mean(FBNET.sample(4, seed=0)) for name in FBNET.datasets)
    assert not np.allclose(small, large)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("params", "parameters"),
        ("live_macs_conv_1x1", "multiply-adds"),
        ("bytes_pool", "bytes"),
        ("skip_channels", "channels"),
        ("live_edges_skip_connect", "edges"),
        ("memory", "MiB"),
        ("nn_degree", ""),
    ],
)
def test_units_are_said(name, unit):
    assert name in size_names(CELLS)
    assert size_unit(name) == unit
    limit = parse_limit(f"{name}<=2e6", read=lambda text: parse_quantity(text, CELLS))
    assert limit.said == f"at most 2e+06 {unit}".rstrip()


def test_what_is_no_size_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"metric or size of fbnet .*did you mean 'params'"):
        archcast.search("fbnet", minimize="latency@raspi4", limits=["param<=3e6"])
    with pytest.raises(InputError, match="params is of the network, and must be written without @raspi4"):
        archcast.search("fbnet", minimize="latency@raspi4", limits=["params@raspi4<=3e6"])
    with pytest.raises(InputError, match="params is counted of the network, and must have no predictor"):
        archcast.search("macro", limits=["params<=3e6"], predictors={"params": len})
    with pytest.raises(InputError, match="macs is counted of the network, and must not come from score"):
        archcast.search("macro", minimize="macs", score=len)
    with pytest.raises(InputError, match="params<=1 are kept by none of 5 candidates"):
        within_limits(FBNET, "params<=1", FBNET.sample(5, seed=0))


def test_which_keep_limits():
    codes = FBNET.sample(200, seed=0)
    params = feature(codes, "params", "fbnet")
    middle = float(np.median(params))
    kept = keeps_limits(FBNET, [f"params<={middle}", "latency@raspi4<=1000"], codes)
    np.testing.assert_array_equal(kept, params <= middle)
    peaks = np.array([peak_bytes(FBNET.network(code)) for code in codes]) / 2**20
    kept = keeps_limits(FBNET, [f"memory<={np.median(peaks)}", f"params<={middle}"], codes)
    np.testing.assert_array_equal(kept, (peaks <= np.median(peaks)) & (params <= middle))
    assert not keeps_limits(FBNET, ["params<=1", "memory<=100"], codes).any()
    assert keeps_limits(FBNET, [], codes).all()


def test_what_was_measured_of_what_is_found(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    found = archcast.search("nasbench201", limits=["latency@raspi4<=20"], evaluations=300)
    known = archcast.measured(found.archs, "raspi4")
    for record, value, source in zip(found.front, known.values, known.sources, strict=True):
        told = record["measured latency@raspi4 (ms)"]
        assert told is None if np.isnan(value) else told == pytest.approx(value, rel=1e-5)
        assert record["source of measured latency@raspi4 (ms)"] == source
    scored = archcast.search("nasbench201", score=lambda archs: [1.0] * len(archs), evaluations=20)
    assert not any(name.startswith("measured") for name in scored.front[0])


def own(device, code, value):
    """A measurement of this user's."""
    return {
        "space": "fbnet",
        "arch": FBNET.to_text(code)[0],
        "device": device,
        "metric": "latency",
        "dataset": "cifar100",
        "value": value,
        "status": "ok",
        "source": "own",
        "environment": environment_json({"by": "hand"}),
    }


def test_limits_on_a_device_that_nothing_predicts_are_held_by_measurements_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    codes = FBNET.sample(12, seed=1)
    MeasurementStore().append([own("my-board", code[None], 5.0 + i) for i, code in enumerate(codes[:3])])
    words = {"limits": ["latency@my-board<=6"], "start": codes, "evaluations": 60, "population": 20}
    found = archcast.search("fbnet", minimize="macs", measured=True, **words)
    macs = archcast.features(codes[:2], "fbnet")
    cheaper = codes[:2][[macs.values[:, macs.names.index("macs")].argmin()]]
    assert found.archs == FBNET.format(cheaper)
    assert found.front[0]["latency@my-board (ms)"] in (5.0, 6.0)
    assert found.settings["limits"].count("measurements alone") == 1
    with pytest.raises(UnknownNameError, match="my-board"):
        archcast.search("fbnet", minimize="macs", **words)
    with pytest.raises(UnknownNameError, match="my-board"):
        archcast.search("fbnet", minimize="latency@my-board", measured=True, **words)


def test_limits_are_held_by_measurements_where_they_exist(monkeypatch, tmp_path):
    """Two cells swap what their predictions say: the slow one was measured fast, and the fast one slow."""
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    every = FBNET.sample(300, seed=1)
    predicted = archcast.predict(every, "raspi4")
    fast, slow = every[[predicted.argmin()]], every[[predicted.argmax()]]
    limit = float(np.median(predicted))
    MeasurementStore().append([own("raspi4", fast, 2 * limit), own("raspi4", slow, limit / 2)])
    pair = np.concatenate([fast, slow])

    def found(**keys):
        return archcast.search(
            "fbnet",
            score=lambda codes: (codes == slow).all(axis=1) * 2.0 + (codes == fast).all(axis=1),
            score_takes="codes",
            limits=[f"latency@raspi4<={limit}"],
            start=pair,
            evaluations=20,
            population=20,
            method="evolution",
            **keys,
        )

    trusting, measured = found(), found(measured=True)
    assert trusting.archs == FBNET.format(fast)
    assert measured.archs == FBNET.format(slow)
    record = measured.front[0]
    assert record[f"held latency@raspi4<={limit:g}"] == pytest.approx(limit / 2, rel=1e-5)
    assert record["measured latency@raspi4 (ms)"] == pytest.approx(limit / 2, rel=1e-5)
    assert record["latency@raspi4 (ms)"] == pytest.approx(float(predicted.max()), rel=1e-5)
    assert "measurements, else" in measured.settings["limits"]
    assert json.loads(json.dumps(measured.front)) == measured.front


def test_it_is_said_where_nothing_was_measured(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    with pytest.warns(ArchcastWarning, match=r"nothing was measured of latency@raspi4 .*help"):
        archcast.search(
            "fbnet",
            minimize="latency@eyeriss",
            limits=["latency@raspi4<=40"],
            measured=True,
            evaluations=10,
            population=5,
        )


def test_published_latencies_hold_a_limit_that_intervals_do_not(public_tables, monkeypatch):
    """Every cell's latency on raspi4 is published: the best within 25 ms is found."""
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    accuracy = load_labels("nasbench201", "accuracy", datasets=["cifar100"])
    latency = archcast.measured(accuracy.codes, "raspi4")
    top = accuracy.values[latency.values <= 25, 0].max()
    words = {"dataset": "cifar100", "evaluations": 2000}
    found = archcast.search("nasbench201", limits=["latency@raspi4<=25"], measured=True, **words)
    assert found.front[0]["measured accuracy@cifar100 (%)"] == pytest.approx(top, abs=1e-3)
    assert found.front[0]["measured latency@raspi4 (ms)"] <= 25
