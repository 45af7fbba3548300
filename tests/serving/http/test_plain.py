"""The routes for people."""

import json

import numpy as np
import pytest
from service_cases import CELL, Service

import archcast

OTHER = CELL.replace("avg_pool_3x3", "none")


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


def test_predict_answers_as_the_package_does(service: Service) -> None:
    told = service.post("/predict", json={"device": "board_a", "architectures": [CELL, OTHER]}).json()
    assert np.array_equal(np.float32(told["values"]), archcast.predict([CELL, OTHER], "board_a"))
    assert (told["unit"], told["space"], told["dataset"]) == ("ms", "nasbench201", "cifar10")
    assert told["version"]
    assert "lower" not in told


def test_intervals(service: Service) -> None:
    body = {"device": "raspi4", "architectures": [CELL], "coverage": 0.8}
    told = service.post("/predict", json=body).json()
    low, high = archcast.predict_interval([CELL], "raspi4", coverage=0.8)
    assert np.array_equal(np.float32([told["lower"], told["upper"]]), np.array([low, high]))


def test_several_devices_at_once(service: Service) -> None:
    body = {"device": ["board_b", "raspi4"], "architectures": [CELL]}
    answers = service.post("/predict", json=body).json()["answers"]
    assert [a["device"] for a in answers] == ["board_b", "raspi4"]
    expected = archcast.predict([CELL], ["board_b", "raspi4"])[0]
    assert np.array_equal(np.float32([a["values"][0] for a in answers]), expected)


def test_accuracy_needs_no_device(service: Service) -> None:
    told = service.post("/predict", json={"metric": "accuracy", "architectures": [CELL]}).json()
    assert told["device"] == "cifar10"
    assert np.float32(told["values"][0]) == archcast.predict([CELL], metric="accuracy")[0]


def test_codes_and_lists(service: Service) -> None:
    net = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]
    for body in ({"architectures": [net]}, {"codes": [net], "space": "fbnet"}):
        told = service.post("/predict", json=body | {"device": "raspi4"}).json()
        assert np.float32(told["values"][0]) == archcast.predict([net], "raspi4")[0]


def test_the_body_may_be_sent_as_curl_sends_it(service: Service) -> None:
    body = json.dumps({"device": "board_a", "architectures": [CELL]})
    sent = service.post(
        "/predict", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert sent.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"device": "board_a"}, 400, "either the key architectures or the key codes"),
        ({"device": "board_a", "architectures": [CELL], "codes": [[0] * 6]}, 400, "either the key"),
        ({"device": 3, "architectures": [CELL]}, 400, "device must be a name"),
        ({"device": [], "architectures": [CELL]}, 400, "device must be a name"),
        ({"device": ["board_a", None], "architectures": [CELL]}, 400, "device must be a name"),
        ({"device": "board_a", "architectures": CELL}, 400, "must be a list"),
        ({"device": "board_a", "architectures": []}, 422, "at least one"),
        ({"device": "board_a", "architectures": [CELL, 7]}, 422, "item 1"),
        ({"architectures": [CELL]}, 422, "device must be named"),
        ({"device": "board_x", "architectures": [CELL]}, 404, "board_a"),
        ({"device": "board_a", "metric": "speed", "architectures": [CELL]}, 404, "latency"),
        ({"device": "board_a", "space": "darts", "architectures": [CELL]}, 422, "nasbench201"),
        ({"device": "board_a", "arch": [CELL]}, 400, "'arch'"),
        ({"device": "board_a", "architectures": ["\ud800"]}, 400, "JSON"),
    ],
)
def test_bad_requests(service: Service, body, status: int, words: str) -> None:
    answer = service.post("/predict", content=json.dumps(body))
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_devices_lists_what_is_served(service: Service) -> None:
    listed = service.get("/devices").json()
    assert {(s.space, s.metric, s.device, s.dataset) for s in archcast.devices()} == {
        (r["space"], r["metric"], r["device"], r["dataset"]) for r in listed
    }
    few = service.get("/devices", params={"space": "nasbench201", "metric": "accuracy"}).json()
    assert {r["device"] for r in few} == {"cifar10", "cifar100", "imagenet16-120"}
    assert service.get("/devices", params={"space": "darts"}).status_code == 422
    assert service.get("/devices", params={"metric": "speed"}).status_code == 404


def test_the_document_describes_the_routes(service: Service) -> None:
    document = service.get("/openapi.json").json()
    assert {"/predict", "/devices", "/metrics", "/v2/models/{name}/infer", "/v2/health/ready"} <= set(
        document["paths"]
    )
    operation = document["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]
    plain, known = content["application/json"]["schema"]["anyOf"]
    assert "architectures" in plain["properties"]
    assert "network" in known["required"]
    assert "file" in content["multipart/form-data"]["schema"]["required"]
    assert {"200", "400", "404", "413", "422", "429"} <= set(operation["responses"])
    assert service.get("/docs").status_code == 200


def test_other_addresses_and_methods_are_told(service: Service) -> None:
    assert service.get("/nothing").status_code == 404
    assert service.get("/predict").status_code == 405
    assert "error" in service.get("/predict").json()
