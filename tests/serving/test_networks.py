"""Networks through `predict`, `predict_interval`, `load` and `devices`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny, tiny
from onnx_files import image_model

import archcast
from archcast.core.settings import predictors_dir
from archcast.predictors import Card, read_manifest, save
from archcast.predictors.networks.form import MOST_KEPT
from archcast.serving import LoadedNetworks

PHONE, PHONE_INT8, GPU = DEVICES
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    return tmp_path


def test_networks_files_and_models_are_predicted_side_by_side(home: Path) -> None:
    path = image_model(home / "m.onnx", width=8)
    batch = [plain_network(8, 16), str(path), path, onnx.load(path), plain_network(4)]
    values = archcast.predict(batch, PHONE)
    assert values.dtype == np.float32
    read = [archcast.network(one) for one in batch]
    np.testing.assert_allclose(values, tiny().predict(read)[:, 0], rtol=1e-6)
    assert values[1] == values[2] == values[3]
    every = archcast.predict(batch, [GPU, PHONE])
    np.testing.assert_allclose(every, tiny().predict(read)[:, [2, 0]], rtol=1e-6)
    np.testing.assert_array_equal(every[:, 1], values)
    np.testing.assert_array_equal(archcast.predict(batch, PHONE, space="network"), values)


def test_intervals_hold_the_prediction() -> None:
    batch = [plain_network(8), plain_network(16, 8)]
    values = archcast.predict(batch, list(DEVICES))
    low, high = archcast.predict_interval(batch, list(DEVICES), coverage=0.9)
    assert low.shape == high.shape == values.shape == (2, 3)
    assert ((low < values) & (values < high)).all()
    one = archcast.predict_interval(batch, GPU, coverage=0.9)
    np.testing.assert_array_equal(one[0], low[:, 2])
    for coverage in (0.3, 1.0):
        with pytest.raises(archcast.InputError, match="coverage must be"):
            archcast.predict_interval(batch, GPU, coverage=coverage)


def test_throughput_follows_from_latency_and_says_so() -> None:
    batch = [plain_network(8), plain_network(16, 8)]
    latency = archcast.predict(batch, [PHONE, GPU])
    throughput = archcast.predict(batch, [PHONE, GPU], metric="throughput")
    np.testing.assert_allclose(throughput, np.array([1, 64]) * 1000 / latency, rtol=1e-6)
    entry = archcast.load(GPU, "throughput", "network").entry
    assert (entry.unit, entry.derived_from) == ("1/s", "latency")
    assert archcast.load(GPU, space="network").entry.derived_from == ""
    low, high = archcast.predict_interval(batch, GPU, metric="throughput")
    slow, quick = archcast.predict_interval(batch, GPU)[::-1]
    np.testing.assert_allclose(low, 64_000 / slow, rtol=1e-6)
    np.testing.assert_allclose(high, 64_000 / quick, rtol=1e-6)


def test_a_throughput_of_its_own_comes_first() -> None:
    made = save_tiny(predictors_dir() / "own", (GPU,), "throughput")
    loaded = archcast.load(GPU, "throughput", "network")
    assert loaded.entry.derived_from == ""
    net = plain_network(8)
    np.testing.assert_allclose(loaded.predict([net]), made.predict([net])[:, 0], rtol=1e-6)
    both = archcast.predict([net], [GPU, PHONE], metric="throughput")[0]
    np.testing.assert_allclose(both[0], made.predict([net])[0, 0], rtol=1e-6)
    np.testing.assert_allclose(both[1], 1000 / tiny().predict([net])[0, 0], rtol=1e-6)


def test_a_handle_has_notes_and_its_card() -> None:
    loaded = archcast.load(PHONE, space="network")
    assert isinstance(loaded, LoadedNetworks)
    assert loaded.card.rows == 12
    plain, other = loaded.notes([plain_network(8), plain_network(8, last="Sigmoid")])
    assert plain == ""
    assert other.startswith("Sigmoid in no network")
    np.testing.assert_array_equal(
        loaded.predict([plain_network(8)]), archcast.predict([plain_network(8)], PHONE)
    )
    with pytest.raises(archcast.InputError, match="networks of any form have no codes"):
        loaded.predict_codes(np.zeros((1, 6), dtype=np.int8))
    with pytest.raises(archcast.InputError, match="have no codes"):
        archcast.predict(np.zeros((1, 6), dtype=np.int8), PHONE, space="network")


def test_devices_are_found_by_their_parts() -> None:
    def names(**wanted: object) -> set[str]:
        found = archcast.devices("network", "latency", **wanted)  # type: ignore[arg-type]
        return {e.device for e in found if e.origin == "own"}

    assert names() == set(DEVICES)
    assert names(hardware="PIXEL") == {PHONE, PHONE_INT8}
    assert names(runtime="tensorflow lite") == names(runtime="tflite2") == {PHONE, PHONE_INT8}
    assert names(precision="fp32") == {PHONE}
    assert names(precision="INT8") == {PHONE_INT8}
    assert names(batch=64) == {GPU}
    assert names(threads=4) == {PHONE_INT8}
    assert names(hardware="pixel", threads=1) == {PHONE}
    assert names(hardware="nothing") == set()
    record = archcast.devices("network", "latency", batch=64)[0]
    assert (record.hardware, record.runtime, record.precision) == ("gpu9", "PyTorch 2.4", "amp")


def test_a_batch_in_a_network_is_refused_where_the_device_runs_its_own() -> None:
    several = plain_network(8, batch=4)
    one, four = archcast.predict([plain_network(8), several], PHONE)
    assert four > 1.5 * one
    for devices in (GPU, [PHONE, GPU]):
        with pytest.raises(
            archcast.InputError,
            match=rf"one item on {GPU}, .* a batch of 4: read it with batch=1 \(item 1\)",
        ):
            archcast.predict([plain_network(8), several], devices)


def test_what_is_no_network_is_told_in_one_sentence(home: Path) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Conv2d(3, 8, 3)
    with pytest.raises(archcast.InputError, match=r"archcast.network\(module, example=.* \(item 0\)"):
        archcast.predict([module], PHONE)
    with pytest.raises(archcast.InputError, match=r"archcast.network\(module, example=.* \(item 1\)"):
        archcast.predict([plain_network(8), module], PHONE)
    with pytest.raises(archcast.InputError, match=r"got nasbench201 after network \(item 1\)"):
        archcast.predict([plain_network(8), CELL], PHONE)
    with pytest.raises(archcast.InputError, match=r"missing.onnx: cannot be read: .*\(item 1\)"):
        archcast.predict([plain_network(8), str(home / "missing.onnx")], PHONE)
    with pytest.raises(archcast.InputError, match="put it in a list"):
        archcast.predict("m.onnx", PHONE)
    with pytest.raises(archcast.UnknownNameError, match=r"must be one of pixel4.* and [0-9]+ more.*adapt"):
        archcast.predict([plain_network(8)], "pixel5")
    with pytest.raises(archcast.InputError, match="dataset must be left out for networks"):
        archcast.predict([plain_network(8)], PHONE, dataset="cifar10")
    with pytest.raises(archcast.UnknownNameError, match=r"space must be one of .*network.*got 'networks'"):
        archcast.devices("networks")


def test_a_known_network_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    net, calls = plain_network(8), []
    first = archcast.predict([net], PHONE)
    before = type(tiny()).finish
    monkeypatch.setattr(type(tiny()), "finish", lambda *args: calls.append(1) or before(*args))
    np.testing.assert_array_equal(archcast.predict([net] * 3, [PHONE, GPU])[:, 0], np.repeat(first, 3))
    assert calls == []
    archcast.predict([net, plain_network(9), plain_network(9)], PHONE)
    assert calls == [1]


def test_what_stays_with_a_network_is_bounded_and_told_apart_by_version() -> None:
    net = plain_network(8)
    first = archcast.predict([net], PHONE)[0]
    net.__dict__["_costs"] |= {f"other{i}": np.zeros(3) for i in range(MOST_KEPT)}
    made = tiny()
    made.prices_ = made.prices_ * 2
    save(made, predictors_dir() / "tiny", card=Card("dearer"))
    assert archcast.devices("network")[0].card.title == "dearer"
    np.testing.assert_allclose(archcast.predict([net], PHONE)[0], 2 * first, rtol=1e-6)
    assert len(net.__dict__["_costs"]) == 1


def test_a_refused_one_of_networks_stops_no_other(home: Path) -> None:
    save_tiny(predictors_dir() / "bad", ("other-board",))
    manifest = predictors_dir() / "bad" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"tiny"', '"gone"'))
    with pytest.warns(archcast.ArchcastWarning, match="latency of network on other-board is left out"):
        assert {e.device for e in archcast.devices("network", "latency")} >= set(DEVICES)
    with pytest.raises(archcast.ArchcastError, match="altered"):
        archcast.predict([plain_network(8)], "other-board")
    assert read_manifest(predictors_dir() / "tiny").header["family"] == "tiny"


def test_memory_is_told_where_it_was_measured_and_elsewhere_what_counts_it() -> None:
    network = plain_network(8)
    measured = archcast.devices("network", "memory")
    assert {entry.unit for entry in measured} == {"MiB"}
    device = measured[0].device
    value = archcast.predict([network], device, metric="memory")
    low, high = archcast.predict_interval([network], device, metric="memory")
    assert low[0] < value[0] < high[0]
    with pytest.raises(archcast.UnknownNameError, match=f"metric for {PHONE} must be one of latency"):
        archcast.predict([network], PHONE, metric="memory")
    with pytest.raises(
        archcast.UnknownNameError, match="got 'memory'; beside these, archcast network counts"
    ):
        archcast.predict([network], PHONE, metric="memory")
