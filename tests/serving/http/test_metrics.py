"""The figures that Prometheus reads."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from service_cases import CELL, INFER, Service, infer_body


def figures(service: Service) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(service.get("/metrics").text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.mark.usefixtures("alone")
def test_requests_batches_and_versions_are_counted(service: Service) -> None:
    for _ in range(3):
        version = service.post(INFER, json=infer_body(CELL, CELL)).json()["model_version"]
    service.post(INFER, json={})
    for path in ("/a", "/b", "/v2/models/x/infer"):
        service.post(path, content=b"{", headers={"content-encoding": "gzip"})
    found = figures(service)
    route = ("route", "/v2/models/{name}/infer")
    assert found["archcast_requests_total", frozenset({route, ("status", "200")})] == 3
    assert found["archcast_requests_total", frozenset({route, ("status", "400")})] == 1
    assert found["archcast_requests_total", frozenset({route, ("status", "415")})] == 1
    assert found["archcast_requests_total", frozenset({("route", "other"), ("status", "404")})] == 2
    assert found["archcast_request_seconds_count", frozenset({route})] == 5
    assert found["archcast_batch_architectures_sum", frozenset()] == 6
    assert found["archcast_queue_architectures", frozenset()] == 0
    assert found["archcast_requests_under_way", frozenset()] == 1
    assert found["archcast_refused_predictors_total", frozenset()] == 0
    labels = {("model", "nasbench201.latency.board_a"), ("dataset", "cifar10"), ("version", version)}
    assert found["archcast_model_version", frozenset(labels)] == 1
