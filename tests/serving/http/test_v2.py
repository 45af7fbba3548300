"""The Open Inference Protocol: what a client of it sends and gets."""

import json

import numpy as np
import pytest
from service_cases import CELL, INFER, Service, infer_body

import archcast

SPACE = archcast.spaces("nasbench201")
CODES = SPACE.sample(20, seed=3)
TEXTS = SPACE.format(CODES)
NAME = "nasbench201.latency.board_a"


def codes_body(codes, **more):
    tensor = {"name": "codes", "datatype": "INT8", "shape": list(np.shape(codes)), "data": codes.tolist()}
    return {"inputs": [tensor | more]}


def outputs(answer):
    assert answer.status_code == 200, answer.text
    return {o["name"]: np.array(o["data"], dtype=np.float32) for o in answer.json()["outputs"]}


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


def test_architectures_are_predicted_as_in_process(service: Service) -> None:
    answer = service.post(INFER, json=infer_body(*TEXTS, id="seven"))
    assert np.array_equal(outputs(answer)["value"], archcast.predict(TEXTS, "board_a"))
    told = answer.json()
    assert told["id"] == "seven"
    assert told["model_name"] == NAME
    assert told["outputs"][0]["shape"] == [20]
    assert told["outputs"][0]["datatype"] == "FP32"
    assert told["parameters"] == {"unit": "ms", "dataset": "cifar10"}


@pytest.mark.parametrize("flat", [True, False])
def test_codes_are_predicted_as_in_process(service: Service, flat: bool) -> None:
    body = codes_body(CODES, **({"data": CODES.ravel().tolist()} if flat else {}))
    assert np.array_equal(
        outputs(service.post(INFER, json=body))["value"], archcast.predict(TEXTS, "board_a")
    )


@pytest.mark.parametrize("space", ["fbnet", "mnasnet", "ofa_mbv3", "hat", "macro"])
def test_every_space_is_served(service: Service, space: str) -> None:
    chosen = archcast.spaces(space)
    archs = chosen.format(chosen.sample(3, seed=1))
    served = archcast.devices(space=space)[0]
    texts = [a if isinstance(a, str) else json.dumps(a) for a in archs]
    answer = service.post(
        f"/v2/models/{space}.{served.metric}.{served.device}/infer", json=infer_body(*texts)
    )
    expected = archcast.predict(archs, served.device, served.metric, space)
    assert outputs(answer)["value"] == pytest.approx(expected, rel=1e-6)


def test_intervals_come_with_a_coverage(service: Service) -> None:
    served = archcast.load("raspi4", space="nasbench201")
    path = "/v2/models/nasbench201.latency.raspi4/infer"
    low, high = served.predict_interval(TEXTS, 0.8)
    found = outputs(service.post(path, json=infer_body(*TEXTS, parameters={"coverage": 0.8})))
    assert np.array_equal(found["lower"], low)
    assert np.array_equal(found["upper"], high)
    chosen = outputs(service.post(path, json=infer_body(*TEXTS, outputs=[{"name": "upper"}])))
    assert list(chosen) == ["upper"]
    assert np.array_equal(chosen["upper"], served.predict_interval(TEXTS)[1])


def test_a_data_set_is_chosen_by_parameter(service: Service) -> None:
    archs = archcast.spaces("hat").format(archcast.spaces("hat").sample(2, seed=0))
    texts = [json.dumps(a) for a in archs]
    for dataset in ("wmt14ende", "wmt14enfr"):
        body = infer_body(*texts, parameters={"dataset": dataset})
        answer = service.post("/v2/models/hat.latency.titanxp/infer", json=body)
        expected = archcast.predict(archs, "titanxp", space="hat", dataset=dataset)
        assert outputs(answer)["value"] == pytest.approx(expected, rel=1e-6)
        assert answer.json()["parameters"]["dataset"] == dataset


def test_a_version_is_named_and_can_be_asked_for(service: Service) -> None:
    version = service.post(INFER, json=infer_body(CELL)).json()["model_version"]
    path = f"/v2/models/{NAME}/versions/{version}"
    assert service.post(f"{path}/infer", json=infer_body(CELL)).status_code == 200
    assert service.get(f"{path}/ready").json()["ready"]
    assert service.get(path).json()["versions"] == [version]
    unknown = service.post(f"/v2/models/{NAME}/versions/0/infer", json=infer_body(CELL))
    assert unknown.status_code == 404
    assert version in unknown.json()["error"]


def test_metadata_says_what_goes_in_and_out(service: Service) -> None:
    told = service.get(f"/v2/models/{NAME}").json()
    assert told["name"] == NAME
    assert [i["datatype"] for i in told["inputs"]] == ["BYTES", "INT8"]
    assert told["inputs"][1]["shape"] == [-1, 6]
    assert [o["name"] for o in told["outputs"]] == ["value", "lower", "upper"]
    assert told["parameters"]["unit"] == "ms"
    assert service.get("/v2").json()["name"] == "archcast"


def test_health(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.get("/v2/health/live").status_code == 200
    assert service.get("/v2/health/ready").json() == {"ready": True}
    assert service.get(f"/v2/models/{NAME}/ready").status_code == 200
    monkeypatch.setattr(service.plane, "stopping", True)
    stopping = service.get("/v2/health/ready")
    assert stopping.status_code == 503
    assert stopping.headers["connection"] == "close"


def test_the_item_and_the_place_of_a_mistake_are_told(service: Service) -> None:
    answer = service.post(INFER, json=infer_body(CELL, CELL.replace("avg_pool", "max_pool")))
    assert answer.status_code == 422
    told = answer.json()
    assert told["item"] == 1
    assert told["position"] == CELL.index("avg_pool")
    assert "max_pool" in told["error"]
    assert "(item 1)" in told["error"]


def test_codes_out_of_range_are_told(service: Service) -> None:
    codes = CODES.astype(int)
    codes[4, 2] = 300
    answer = service.post(INFER, json=codes_body(codes))
    assert answer.status_code == 422
    assert answer.json()["item"] == 4
    assert answer.json()["position"] == "edge_1_2"


TENSOR = infer_body(CELL)["inputs"][0]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "inputs must be a list"),
        ({"inputs": []}, 400, "one tensor"),
        ({"inputs": [TENSOR, TENSOR]}, 400, "one tensor"),
        ({"inputs": [TENSOR], "extra": 1}, 400, "'extra'"),
        ({"inputs": [TENSOR | {"shape": [2]}]}, 400, "shape must be (1,)"),
        ({"inputs": [TENSOR | {"shape": [1.0]}]}, 400, "shape"),
        ({"inputs": [TENSOR | {"datatype": "FP32"}]}, 400, "'FP32'"),
        ({"inputs": [TENSOR | {"name": "codes"}]}, 400, "'codes' of 'BYTES'"),
        ({"inputs": [TENSOR | {"data": [7]}]}, 422, "(item 0)"),
        ({"inputs": [TENSOR | {"data": [], "shape": [0]}]}, 422, "at least one architecture"),
        (codes_body(np.array([[0.5] * 6])), 400, "small integers"),
        (codes_body(np.array([[True] * 6])), 400, "small integers"),
        (codes_body(np.array([[10**15] * 6]), data=[[10**30] * 6]), 400, "small integers"),
        (codes_body(np.array([[0] * 5])), 400, "shape (n, 6)"),
        (codes_body(np.array([[0] * 6]), data=[[0, 0], [0]]), 400, "same length"),
        ({"inputs": [TENSOR], "parameters": {"coverage": "wide"}}, 400, "coverage must be a number"),
        ({"inputs": [TENSOR], "parameters": {"coverage": 0.9}}, 422, "held-out errors"),
        ({"inputs": [TENSOR], "parameters": {"dataset": "mnist"}}, 404, "mnist"),
        ({"inputs": [TENSOR], "outputs": [{"name": "median"}]}, 400, "'median'"),
        ({"inputs": [TENSOR], "outputs": [{"name": "value"}, {"name": "value"}]}, 400, "each once"),
        ([], 400, "JSON object"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(service: Service, body, status: int, words: str) -> None:
    answer = service.post(INFER, json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "name", ["nope", "nasbench201.latency", "nasbench201.latency.nope", "a.b.c.d", "..", "é"]
)
def test_an_unknown_model_is_not_found(service: Service, name: str) -> None:
    answer = service.post(f"/v2/models/{name}/infer", json=infer_body(CELL))
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize("coverage", [1.5, -1, 1e308])
def test_a_coverage_out_of_range_is_told(service: Service, coverage: float) -> None:
    body = infer_body(CELL, parameters={"coverage": coverage})
    answer = service.post("/v2/models/nasbench201.latency.raspi4/infer", json=body)
    assert answer.status_code == 422
    assert "coverage" in answer.json()["error"]
