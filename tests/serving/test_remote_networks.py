"""Networks asked of a service by the client."""

import numpy as np
import pytest
from made_up_networks import plain_network
from serve_process import served

import archcast
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.client import Client

PHONE, GPU = "pixel4-tflite2.10-1large", "rtx3090-torch2.4-b1024-amp"
NET, OTHER = plain_network(8, 12), plain_network(24)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(folder))
        patch.delenv("ARCHCAST_TOKEN", raising=False)
        yield folder


@pytest.fixture(scope="module")
def service(home):
    with served(home) as running:
        yield running


@pytest.fixture
def client(service):
    with Client(service.url, timeout=60) as made:
        yield made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(NET))
    return path


def sent(client, monkeypatch):
    """What the client sends from now on: `json` for keys, `files` for files."""
    told, ask = [], client._networks._ask

    def listened(method, path, **request):
        told.append("files" if "files" in request else "json")
        return ask(method, path, **request)

    monkeypatch.setattr(client._networks, "_ask", listened)
    return told


def test_predictions_are_those_of_the_package(client, file):
    batch = [file, NET, OTHER, str(file)]
    for device in (PHONE, [GPU, PHONE], [PHONE, PHONE]):
        found, wanted = client.predict(batch, device), archcast.predict(batch, device)
        assert (found.dtype, found.shape) == (np.float32, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    ends = client.predict_interval(batch, [PHONE, GPU], coverage=0.8)
    np.testing.assert_allclose(ends, archcast.predict_interval(batch, [PHONE, GPU], coverage=0.8), rtol=1e-5)
    rate = client.predict([NET], GPU, metric="throughput", space="network")
    np.testing.assert_allclose(rate, archcast.predict([NET], GPU, metric="throughput"), rtol=1e-6)


def test_a_network_is_sent_once(client, file, monkeypatch):
    told = sent(client, monkeypatch)
    client.predict([file, file], PHONE)
    client.predict([str(file)], GPU)
    assert told == ["files", "json", "json"]


def test_a_key_is_a_network_too(client, monkeypatch):
    key = client.network(NET, PHONE)["network"]["key"]
    told = sent(client, monkeypatch)
    assert client.predict([key, key], PHONE) == pytest.approx(archcast.predict([NET, NET], PHONE))
    assert told == ["json", "json"]
    with pytest.raises(UnknownNameError, match="is not known here, or no longer"):
        client.predict(["0" * 64], PHONE)


def test_a_network_that_the_service_forgot_is_sent_again(client, monkeypatch):
    told = sent(client, monkeypatch)
    client.predict([OTHER], PHONE)
    mark = next(iter(client._networks._keys))
    client._networks._keys[mark] = "0" * 64
    assert client.predict([OTHER], PHONE) == pytest.approx(archcast.predict([OTHER], PHONE))
    assert told == ["files", "json", "files"]


def test_all_that_is_said_of_a_network(client, file):
    found = client.network(file, PHONE, coverage=0.8, explain=True, batch=1)
    assert found["network"]["key"] == archcast.network(file).key
    value = found["answers"][0]["value"]
    assert value == pytest.approx(float(archcast.predict([file], PHONE)[0]))
    assert found["explained"][0]["value"] == pytest.approx(value)
    every = client.network(file, hardware="pixel", runtime="tflite", precision="int8", threads=1)
    assert {a["precision"] for a in every["answers"]} == {"int8"}
    assert len(client.network(NET, "*")["answers"]) == len(archcast.devices("network", "latency"))


def test_devices_are_found_by_their_parts(client):
    asked = {"hardware": "pixel", "precision": "int8", "threads": 1, "batch": 1, "runtime": "tflite"}
    found = client.devices("network", "latency", **asked)
    assert [d.device for d in found] == [d.device for d in archcast.devices("network", "latency", **asked)]
    assert {(d.precision, d.threads, d.batch) for d in found} == {("int8", 1, 1)}


def test_mistakes_are_told(client, file, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"hello")
    for given, told in (
        (([file, tmp_path / "bad.onnx"], PHONE), r"bad.onnx: must be an ONNX model, got text .* \(item 1\)"),
        (([NET], "nowhere"), "device for latency of network must be one of"),
        (([NET], None), "device must be named"),
        (([NET], "*"), "device must be a name or a list of names"),
        (([plain_network(8, batch=2)], GPU), r"must be one item .* \(item 0\)"),
    ):
        with pytest.raises(InputError, match=told):
            client.predict(*given)
    with pytest.raises(InputError, match="dataset must be left out"):
        client.predict([NET], PHONE, dataset="cifar10")
    with pytest.raises(InputError, match="coverage must be"):
        client.predict_interval([NET], PHONE, coverage=0.2)
