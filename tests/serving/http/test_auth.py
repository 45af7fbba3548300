"""The bearer token."""

import pytest
from service_cases import CELL, INFER, infer_body, save_boards, serving

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def closed(shared_home):
    save_boards("board_a")
    with serving(token=TOKEN, refresh_s=60.0) as running:
        yield running


@pytest.mark.parametrize(
    "shown", [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x"]
)
def test_without_the_token_nothing_is_answered(closed, shown) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    for answer in (
        closed.post(INFER, json=infer_body(CELL), headers=headers),
        closed.get("/devices", headers=headers),
        closed.get("/metrics", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in answer.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token(closed, scheme) -> None:
    answer = closed.post(INFER, json=infer_body(CELL), headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status_code == 200


def test_the_token_twice_is_refused(closed) -> None:
    twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")]
    assert closed.get("/devices", headers=twice).status_code == 401


def test_health_and_the_document_need_none(closed) -> None:
    for path in ("/v2/health/live", "/v2/health/ready", "/docs"):
        assert closed.get(path).status_code == 200
    document = closed.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
