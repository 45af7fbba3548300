"""Networks of any form, measured in the protocol of architectures."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_runner import FakeChannel
from onnx_files import image_model, text_model

import archcast
from archcast.collect.measure.address import parse_address
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.network_request import NetworkSource, make_network_request
from archcast.collect.measure.ort_backend import OrtNetwork
from archcast.collect.measure.remote import BoardChannel, open_shell
from archcast.collect.measure.request import Request
from archcast.collect.measure.rows import measure_rows, work
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.networks import NetworkStore, measured_networks
from archcast.collect.store import MeasurementStore
from archcast.core.errors import InputError, UnknownNameError

DEVICE = parse_device("board-ort-1t")


def source(path: Path, **dims: int) -> NetworkSource:
    return NetworkSource(archcast.network(path, **dims), path.name, path)


def request(*sources: NetworkSource, device: str = "board-ort-1t", **more: Any) -> Request:
    return make_network_request(sources, device=parse_device(device), **more)


def measured(wanted: Request, store: MeasurementStore) -> list[dict[str, Any]]:
    already = {m: store.measured(wanted.space, wanted.device.name, m, "") for m in wanted.metrics}
    with FakeChannel(lambda name, before: 2.0) as channel:
        settings = TimingSettings(rounds=2, runs=1)
        rows = list(measure_rows(channel, wanted, already=already, settings=settings, store=store))
    store.append(rows)
    return rows


def test_rows_carry_the_key_and_the_name_and_the_structure_is_kept(tmp_path: Path) -> None:
    store, networks = MeasurementStore(tmp_path / "store"), NetworkStore(tmp_path / "networks")
    made = source(image_model(tmp_path / "mine.onnx"))
    (row,) = measured(request(made, keep_in=networks), store)
    assert (row["space"], row["arch"], row["dataset"]) == ("network", made.network.key, "")
    facts = json.loads(row["environment"])
    assert (facts["network"], facts["weights"]) == ("mine.onnx", "of the file")
    assert networks.read(row["arch"]) == made.network
    (listed,) = measured_networks(store=store)
    assert (listed.network, listed.value, listed.unit) == ("mine.onnx", 2.0, "ms")


def test_equal_networks_are_measured_once_whatever_they_are_called(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path / "store")
    first = source(image_model(tmp_path / "a.onnx"))
    twin = source(image_model(tmp_path / "b.onnx", names="_other"))
    wider = source(image_model(tmp_path / "c.onnx", width=8))
    assert work(request(first, twin, wider)) == 2
    assert len(measured(request(first), store)) == 1
    (row,) = measured(request(twin, wider), store)
    assert row["arch"] == wider.network.key


def test_files_run_with_own_weights_or_drawn_ones(tmp_path: Path) -> None:
    models = {
        "own": source(image_model(tmp_path / "own.onnx")),
        "bare": source(image_model(tmp_path / "bare.onnx", width=5, strip=True)),
        "open": source(text_model(tmp_path / "open.onnx"), tokens=6),
    }
    wanted = request(*models.values())
    sent = {name: wanted.networks[made.network.key]() for name, made in models.items()}
    assert base64.b64decode(sent["own"]["model"]) == (tmp_path / "own.onnx").read_bytes()
    outputs = {name: OrtNetwork(dict(load)).output() for name, load in sent.items()}
    assert {name: array.shape for name, array in outputs.items()} == {
        "own": (1, 4, 16, 16),
        "bare": (1, 5, 16, 16),
        "open": (1, 6, 8),
    }
    assert outputs["bare"].std() > 0
    weights = [facts["weights"] for facts in wanted.about.values()]
    assert weights == ["of the file", "random", "of the file"]


def test_int8_quantises_what_is_float_and_leaves_what_is_not(tmp_path: Path) -> None:
    import onnx

    made = source(image_model(tmp_path / "m.onnx"))
    sent = request(made, device="board-ort-1t-int8").networks[made.network.key]()
    small = base64.b64decode(sent["model"])
    assert "QuantizeLinear" in {node.op_type for node in onnx.load_from_string(small).graph.node}
    (tmp_path / "q.onnx").write_bytes(small)
    again = source(tmp_path / "q.onnx")
    sent = request(again, device="board-ort-1t-int8").networks[again.network.key]()
    assert base64.b64decode(sent["model"]) == small


def test_the_sentinels_are_the_same_whatever_is_measured(tmp_path: Path) -> None:
    one, two = source(image_model(tmp_path / "a.onnx")), source(image_model(tmp_path / "b.onnx", width=9))
    assert list(request(one).sentinels) == ["sentinel_25", "sentinel_50", "sentinel_75"]
    made = [[load()["model"] for load in request(s).sentinels.values()] for s in (one, two)]
    assert made[0] == made[1]


def test_mistakes_are_refused_by_the_networks_name(tmp_path: Path) -> None:
    made = source(image_model(tmp_path / "m.onnx"))
    with pytest.raises(InputError, match=r"m\.onnx: board-ort-1t-b8 runs batches of 8"):
        request(made, device="board-ort-1t-b8")
    with pytest.raises(InputError, match="run under ONNX Runtime"):
        request(made, device="board-torch-1t")
    with pytest.raises(InputError, match="at least one network"):
        request()
    with pytest.raises(UnknownNameError, match="metric that is measured"):
        request(made, metrics=("accuracy",))
    text = text_model(tmp_path / "t.onnx")
    with pytest.raises(InputError, match=r"t\.onnx: dimension 'tokens' of 'ids' is not bound"):
        request(NetworkSource(archcast.network(text), "t.onnx", text))


def test_a_network_that_is_too_large_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archcast.collect.measure import network_request

    small, large = (
        source(image_model(tmp_path / "s.onnx")),
        source(image_model(tmp_path / "l.onnx", width=64)),
    )
    monkeypatch.setattr(network_request, "MAX_BYTES", 4 * 1000)
    rows = measured(request(small, large), MeasurementStore(tmp_path / "store"))
    status = {row["arch"]: (row["status"], row["note"]) for row in rows}
    assert status[small.network.key] == ("ok", "")
    assert status[large.network.key] == (
        "failed",
        "constants of a network must take at most 4000 bytes, got 6912",
    )


def test_a_module_runs_with_random_weights() -> None:
    from torch import nn

    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.Flatten(), nn.Linear(144, 5))
    network = archcast.network(module.eval(), example=(2, 3, 8, 8))
    wanted = request(NetworkSource(network, "nets:small"), device="board-ort-1t-b2")
    ((key, load),) = wanted.networks.items()
    assert OrtNetwork(dict(load())).output().shape == (2, 5)
    assert wanted.about[key] == {"network": "nets:small", "weights": "random"}
    assert replace(wanted, about={}).only([key]).networks == wanted.networks


def test_a_file_of_many_bytes_is_measured_over_ssh(server: Any, tmp_path: Path) -> None:
    text = text_model(tmp_path / "words.onnx", words=200_000)
    wanted = request(source(text, tokens=3), metrics=("memory",))
    with BoardChannel(open_shell(parse_address(server.address()))) as channel:
        (row,) = measure_rows(channel, wanted, board="my board")
    facts = json.loads(row["environment"])
    assert (row["status"], facts["network"], facts["board"]) == ("ok", "words.onnx", "my board")
    assert facts["model_mib"] == pytest.approx(text.stat().st_size / 2**20, rel=0.01)
