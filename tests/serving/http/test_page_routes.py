"""What the page asks."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from service_cases import CELL, Service

import archcast
from archcast.collect.matrix import load_measurements
from archcast.serving.http.admission import AdmittedRequest
from archcast.serving.http.errors import TooLateError
from archcast.serving.http.page.routes import handler_of

ORT = "epyc-zen4-ort-1t"
PHONE = "pixel4-tflite2.10-1large"


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


def told(service: Service, path: str, **body: Any) -> Any:
    answer = service.post(path, json={"architecture": CELL, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_spaces_with_examples_that_can_be_asked(service: Service) -> None:
    found = {space["space"]: space for space in service.get("/spaces").json()}
    assert found["nasbench201"]["accuracy"] == ["cifar10", "cifar100", "imagenet16-120"]
    assert found["fbnet"]["accuracy"] == []
    for name, space in found.items():
        answer = service.post("/overview", json={"architecture": space["examples"][0], "space": name})
        assert answer.status_code == 200, answer.text
        assert answer.json()["architecture"] == space["examples"][0]


def test_overview_answers_as_the_package_does(service: Service) -> None:
    found = told(service, "/overview", device=["board_b", "raspi4", PHONE], coverage=0.8)
    assert [a["device"] for a in found["answers"]] == ["board_b", "raspi4", PHONE]
    for answer in found["answers"]:
        expected = archcast.predict([CELL], answer["device"], space="nasbench201")[0]
        assert answer["value"] == pytest.approx(expected, rel=1e-6)
    low, high = archcast.predict_interval([CELL], "raspi4", coverage=0.8)
    assert np.float32(found["answers"][1]["lower"]) == low[0]
    assert np.float32(found["answers"][1]["upper"]) == high[0]
    assert found["answers"][1]["basis"] == "measurements"
    assert (found["space"], found["unit"], found["architecture"]) == ("nasbench201", "ms", CELL)
    accuracy = {a["dataset"]: a["value"] for a in found["accuracy"]}
    assert np.float32(accuracy["cifar100"]) == archcast.predict([CELL], "cifar100", "accuracy")[0]
    network = archcast.spaces("nasbench201").network(archcast.parse([CELL])[0])
    assert found["network"]["params"] == network.summary().params


def test_without_devices_those_of_the_space_answer(service: Service) -> None:
    names = [a["device"] for a in told(service, "/overview")["answers"]]
    listed = service.get("/devices", params={"space": "nasbench201", "metric": "latency"}).json()
    assert names == [entry["device"] for entry in listed]
    assert {"board_a", "raspi4"} <= set(names)


def test_what_was_measured(service: Service) -> None:
    kept = load_measurements("nasbench201", "latency", devices=[ORT], sources=["host_cpu"])
    arch = archcast.spaces("nasbench201").to_text(kept.codes[:1])[0]
    found = told(service, "/measured", architecture=arch, device=[ORT, "eyeriss-like"])
    first, second = found["answers"]
    assert first["device"] == ORT
    assert first["measured"] == pytest.approx(kept.values[0, 0], rel=1e-6)
    assert (first["source"], first["status"], found["unit"]) == ("host_cpu", "ok", "ms")
    assert (second["measured"], second["source"]) == (None, None), "what was estimated is not measured"
    assert found["architecture"] == arch
    accuracy = told(service, "/measured", architecture=arch, metric="accuracy", device="cifar10")
    assert accuracy["answers"][0]["measured"] is None
    assert accuracy["absent"] == ["nasbench201_accuracy"]


def test_breakdown(service: Service) -> None:
    found = told(service, "/breakdown", device=PHONE)
    assert found["is_cost"] is True
    assert found["value"] == pytest.approx(archcast.predict([CELL], PHONE, space="nasbench201")[0], rel=1e-5)
    assert sum(part["value"] for part in found["parts"]) == pytest.approx(found["value"])
    assert {"kind", "shape", "operators", "part", "share"} <= set(found["kernels"][0])
    assert told(service, "/breakdown", device="raspi4")["unit"] == "multiply-adds"


def test_front(service: Service) -> None:
    found = told(service, "/front", device="raspi4")
    assert (found["members"], found["whole"], found["dataset"]) == (15_625, True, "cifar10")
    costs, reached = zip(*((p["cost"], p["accuracy"]) for p in found["front"]), strict=True)
    assert list(costs) == sorted(costs)
    assert list(reached) == sorted(reached)
    first = found["front"][0]["architecture"]
    assert np.float32(costs[0]) == archcast.predict([first], "raspi4")[0]
    assert np.float32(found["architecture"]["cost"]) == archcast.predict([CELL], "raspi4")[0]
    assert 1000 < len(found["cloud"]) <= 1500
    assert found["neighbours"][0]["better"] == "both"
    assert told(service, "/front", device="raspi4", dataset="cifar10")["front"] == found["front"]


NETS = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/overview", {}, 400, "must have the key architecture"),
        ("/overview", {"architecture": "x"}, 422, "notation of one of nasbench201"),
        ("/overview", {"architecture": CELL[:20]}, 422, "nasbench201"),
        ("/overview", {"architecture": CELL, "device": []}, 400, "at least one name"),
        ("/overview", {"architecture": CELL, "device": [3]}, 400, "must be a name"),
        ("/overview", {"architecture": CELL, "device": "board_x"}, 404, "board_a"),
        ("/overview", {"architecture": CELL, "metric": "speed"}, 404, "latency"),
        ("/overview", {"architecture": CELL, "dataset": "mnist"}, 404, "cifar10"),
        ("/overview", {"architecture": CELL, "coverage": 2}, 422, "0.5 to 0.99"),
        ("/overview", {"architecture": CELL, "space": "network"}, 422, "send a file"),
        ("/overview", {"architecture": "model.onnx"}, 422, "send a file"),
        ("/overview", {"architecture": CELL, "depth": 1}, 400, "only the keys"),
        ("/measured", {"architecture": CELL}, 400, "must have the key device"),
        ("/measured", {"architecture": CELL, "device": "board_x"}, 404, "board_x"),
        ("/breakdown", {"architecture": CELL}, 422, "device must be named"),
        (
            "/breakdown",
            {"architecture": CELL, "device": PHONE, "metric": "throughput"},
            422,
            "follows from latency",
        ),
        ("/front", {"architecture": CELL}, 422, "device must be named"),
        (
            "/front",
            {"architecture": CELL, "device": "raspi4", "metric": "accuracy"},
            422,
            "a cost on a device",
        ),
        ("/front", {"architecture": NETS, "device": "raspi4"}, 404, "metric for fbnet"),
    ],
)
def test_mistakes_are_told(
    service: Service, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = service.post(path, json=body)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text


def test_what_waited_too_long_is_not_begun(service: Service) -> None:
    begun: list[Any] = []
    with ThreadPoolExecutor(1) as executor:
        handler = handler_of(executor, begun.append, ("architecture",))
        with pytest.raises(TooLateError, match="others were asked before"):
            service.run(handler(AdmittedRequest({}, b"{}", deadline=0.0, network_deadline=0.0)))
    assert not begun
