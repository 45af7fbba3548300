"""Bodies, batches, encodings and deadlines that are refused, and what is still answered then."""

import asyncio
import gzip
import json

import pytest
from service_cases import CELL, INFER, Service, infer_body, save_boards, serving

SMALL = {"max_body_bytes": 4096, "queue_bytes": 8192, "max_batch": 8, "refresh_s": 60.0}


@pytest.fixture(scope="module")
def small(shared_home):
    save_boards("board_a", "board_b")
    with serving(**SMALL) as running:
        yield running


def answers_still(service: Service) -> bool:
    return service.post(INFER, json=infer_body(CELL)).status_code == 200


def test_a_body_that_says_it_is_long_is_refused_unread(small: Service) -> None:
    async def never():
        yield b"["
        await asyncio.Event().wait()

    answer = small.post(INFER, content=never(), headers={"content-length": "5000"})
    assert answer.status_code == 413
    assert "4096 bytes" in answer.json()["error"]
    assert answers_still(small)


def test_a_body_in_chunks_is_refused_when_it_gets_too_long(small: Service) -> None:
    taken = []

    async def chunks():
        for _ in range(1000):
            taken.append(1)
            yield b" " * 1024

    answer = small.post(INFER, content=chunks())
    assert answer.status_code == 413
    assert len(taken) < 10
    assert answers_still(small)


def test_a_body_in_chunks_is_answered(small: Service) -> None:
    content = json.dumps(infer_body(CELL)).encode()

    async def chunks():
        for start in range(0, len(content), 50):
            yield content[start : start + 50]

    assert small.post(INFER, content=chunks()).status_code == 200


def test_a_compressed_body_is_refused_without_being_inflated(small: Service) -> None:
    bomb = gzip.compress(b" " * 2_000_000)
    assert len(bomb) < SMALL["max_body_bytes"]
    answer = small.post(INFER, content=bomb, headers={"content-encoding": "gzip"})
    assert answer.status_code == 415
    assert small.post(INFER, content=bomb).status_code == 400
    assert answers_still(small)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"inputs":['])
def test_deep_json_is_refused(shared: Service, opening: str) -> None:
    answer = shared.post("/predict", content=opening * 100_000)
    assert answer.status_code == 400
    assert "recursion limit" in answer.json()["error"]


def test_deep_json_inside_an_architecture_is_refused(shared: Service) -> None:
    answer = shared.post("/v2/models/fbnet.latency.raspi4/infer", json=infer_body("[" * 15_000))
    assert answer.status_code == 422
    assert answer.json()["item"] == 0


def test_too_many_architectures_are_refused(small: Service) -> None:
    assert small.post(INFER, json=infer_body(*[CELL] * 9)).status_code == 413
    plain = {"device": ["board_a"] * 5, "architectures": [CELL] * 2}
    assert small.post("/predict", json=plain).status_code == 413
    assert small.post(INFER, json=infer_body(*[CELL] * 8)).status_code == 200


def test_a_body_that_does_not_come_is_given_up_at_the_deadline(small: Service) -> None:
    async def slow():
        yield b"{"
        await asyncio.Event().wait()

    answer = small.post(INFER, content=slow(), headers={"deadline-ms": "50"})
    assert answer.status_code == 408
    assert answers_still(small)


@pytest.mark.parametrize("value", ["0", "-5", "soon", "1.5", "9" * 30])
def test_a_deadline_that_is_no_number_is_refused(small: Service, value: str) -> None:
    answer = small.post(INFER, json=infer_body(CELL), headers={"deadline-ms": value})
    assert answer.status_code == 400
    assert "Deadline-Ms" in answer.json()["error"]


def test_bodies_beyond_the_memory_set_aside_are_refused_and_let_go(small: Service) -> None:
    async def main():
        held = asyncio.Event()

        async def waiting():
            yield b" " * 4090
            await held.wait()
            yield b"x"

        first = [asyncio.create_task(small.http.post(INFER, content=waiting())) for _ in range(2)]
        await asyncio.sleep(0.05)
        third = await small.http.post(INFER, json=infer_body(CELL))
        held.set()
        return third, await asyncio.gather(*first)

    third, first = small.run(main())
    assert third.status_code == 429
    assert int(third.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in first] == [400, 400]
    assert answers_still(small)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"null", b"[1]", b'{"a"', b"NaN", b"9" * 5000])
def test_what_is_not_json_is_refused(shared: Service, content: bytes) -> None:
    answer = shared.post("/predict", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body must be")


@pytest.mark.usefixtures("alone")
def test_a_busy_model_refuses_before_the_body_is_read_and_others_are_answered(service: Service) -> None:
    assert service.post(INFER, json=infer_body(CELL)).status_code == 200
    window = service.admission.window("nasbench201.latency.board_a")
    window.held = 10_000 * int(window.bytes)  # what would take ten thousand times as long as it should

    async def never():
        await asyncio.Event().wait()
        yield b""

    refused = service.post(INFER, content=never())
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 100_000
    assert 'requests_total{route="/v2/models/{name}/infer",status="429"} 1.0' in service.get("/metrics").text
    assert "busy" in refused.json()["error"]
    assert service.post(INFER.replace("board_a", "board_b"), json=infer_body(CELL)).status_code == 200
    window.held = 0
    assert answers_still(service)
