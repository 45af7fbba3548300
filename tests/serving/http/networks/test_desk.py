"""Networks asked for over HTTP, with workers of their own."""

import numpy as np
import pytest
from made_up_networks import plain_network
from prometheus_client.parser import text_string_to_metric_families
from service_cases import Service, serving

import archcast
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.http.errors import LostError, TooSlowError, WorkerError

PHONE, GPU = "pixel4-tflite2.10-1large", "rtx3090-torch2.4-b1024-amp"
NET = plain_network(8, 12)
FILE = to_onnx(NET)


@pytest.fixture(scope="module")
def networks(shared_home):
    with serving(refresh_s=60.0, network_deadline_ms=60_000, max_network_bytes=1_000_000) as running:
        yield running


def send(service: Service, file: bytes = FILE, headers=None, **fields):
    return service.post("/predict", files={"file": ("m.onnx", file)}, data=fields, headers=headers)


def test_a_file_then_its_key(networks: Service):
    first = send(networks, device=[PHONE, GPU], coverage="0.9")
    assert first.status_code == 200
    found = first.json()
    wanted = archcast.predict([NET], [PHONE, GPU])[0]
    np.testing.assert_allclose([a["value"] for a in found["answers"]], wanted, rtol=1e-5)
    asked = {"network": found["network"]["key"], "device": [PHONE, GPU], "coverage": 0.9}
    assert networks.post("/predict", json=asked).json() == found
    one = networks.post("/predict", json={**asked, "device": GPU, "hardware": "pixel 4", "explain": False})
    assert one.json()["answers"][0] == found["answers"][1]
    assert found["answers"][0] in one.json()["answers"]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (404, {"network": "ab", "device": PHONE}, "network 'ab' is not known here, or no longer"),
        (400, {"network": 3, "device": PHONE}, "network must be the key of a network, got 3"),
        (400, {"network": "ab", "architectures": []}, "must have only the keys network, device"),
        (
            400,
            {"architectures": ["x"], "device": GPU, "explain": True},
            "the body must have only the keys architectures, codes, space, device, metric, dataset, "
            "coverage, version; got 'explain'",
        ),
    ],
)
def test_mistakes_of_bodies(networks: Service, status, body, sentence):
    answer = networks.post("/predict", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


def test_mistakes_of_questions_about_a_known_network(networks: Service):
    key = send(networks, device=PHONE).json()["network"]["key"]
    for status, fields in ((404, {"device": "nowhere"}), (422, {}), (400, {"device": PHONE, "explain": 1})):
        assert networks.post("/predict", json={"network": key, **fields}).status_code == status


def test_mistakes_of_files(networks: Service):
    assert send(networks, b"hello", device=PHONE).status_code == 422
    assert send(networks, device=PHONE, colour="red").status_code == 400
    assert send(networks, bytes(2_000_000), device=PHONE).status_code == 413
    assert "without its weights" in send(networks, bytes(2_000_000), device=PHONE).json()["error"]
    assert send(networks, headers={"content-encoding": "gzip"}, device=PHONE).status_code == 415
    assert send(networks, headers={"deadline-ms": "x"}, device=PHONE).status_code == 400
    bare = networks.post("/predict", content=FILE, headers={"content-type": "application/octet-stream"})
    assert bare.status_code == 415
    assert networks.admission.files.held == 0


def test_files_are_for_one_address(networks: Service):
    path = "/v2/models/nasbench201.latency.raspi4/infer"
    assert networks.post(path, files={"file": ("m.onnx", FILE)}).status_code == 400


def test_networks_are_counted(networks: Service):
    send(networks, device=PHONE)
    families = text_string_to_metric_families(networks.get("/metrics").text)
    found = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    assert found["archcast_networks_total", "read"] >= 1
    assert found["archcast_networks_known",] >= 1
    assert found["archcast_networks_known_bytes",] > 0
    assert found["archcast_networks_waiting",] == 0
    assert found["archcast_network_workers_ended_total", "time"] == 0
    assert found["archcast_requests_total", "/predict", "200"] >= 1


@pytest.mark.parametrize(
    ("error", "status", "how", "left"),
    [
        (TooSlowError("too slow"), 504, "late", 1),
        (LostError("it ended"), 422, "lost", 0),
        (WorkerError("none"), 503, "", 1),
    ],
)
def test_what_becomes_of_workers_is_told(home, monkeypatch, error, status, how, left):
    async def ask(head, parts, **given):
        raise error

    with serving(refresh_s=60.0) as service:
        desk = service.plane.networks
        monkeypatch.setattr(desk.pool, "ask", ask)
        desk.known.keep("ab", b"document")
        assert send(service, device=PHONE).status_code == status
        known = service.post("/predict", json={"network": "ab", "device": PHONE})
        assert (known.status_code, known.json()["error"]) == (status, str(error))
        assert (len(desk.known), desk.counts[how]) == (left, 2 if how else 0)
