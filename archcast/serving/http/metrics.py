"""Figures for Prometheus: requests, times, batches, queues, versions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.networks.desk import NetworkDesk

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIZES = (1, 4, 16, 64, 256, 1024, 4096, 16384)


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self, plane: DataPlane) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = Counter(
            "archcast_requests", "Requests answered.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "archcast_request_seconds",
            "Time from the request's head to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "archcast_batch_architectures",
            "Architectures predicted in one go.",
            buckets=_SIZES,
            registry=self.registry,
        )
        plane.observe = self.batches.observe
        self.under_way = Gauge(
            "archcast_requests_under_way", "Requests not answered yet.", registry=self.registry
        )
        self.registry.register(_Served(plane))
        self._labelled: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, status: str, seconds: float) -> None:
        """Count and time one request; labels are looked up once."""
        labelled = self._labelled.get((route, status))
        if labelled is None:
            labelled = self.requests.labels(route, status), self.seconds.labels(route)
            self._labelled[route, status] = labelled
        labelled[0].inc()
        labelled[1].observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        text: bytes = generate_latest(self.registry)
        return text


class _Served:
    """What the data plane knows, read when Prometheus asks."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def collect(self) -> Iterator[Any]:
        """One family a figure."""
        yield GaugeMetricFamily(
            "archcast_queue_architectures", "Architectures that wait.", value=self._plane.queued
        )
        yield CounterMetricFamily(
            "archcast_refused_predictors",
            "Damaged predictors that were not taken up.",
            value=self._plane.refresher.refusals,
        )
        yield from _of_networks(self._plane.networks)
        versions = GaugeMetricFamily(
            "archcast_model_version",
            "1 for the version that is served.",
            labels=("model", "dataset", "version"),
        )
        for model in self._plane.catalogue:
            versions.add_metric((model.entry.name, model.entry.dataset, model.entry.digest), 1)
        yield versions


def _of_networks(desk: NetworkDesk) -> Iterator[Any]:
    """Networks that were asked for, those that are known, and the workers."""
    asked = CounterMetricFamily(
        "archcast_networks", "Networks asked for by file or key, by how it went.", labels=("how",)
    )
    for how, count in desk.counts.items():
        asked.add_metric((how,), count)
    yield asked
    yield GaugeMetricFamily(
        "archcast_networks_known", "Networks that are known by key.", value=len(desk.known)
    )
    yield GaugeMetricFamily("archcast_networks_known_bytes", "Bytes of these.", value=desk.known.bytes)
    yield GaugeMetricFamily(
        "archcast_networks_waiting", "Requests for which no worker is free.", value=desk.pool.waiting
    )
    killed = CounterMetricFamily(
        "archcast_network_workers_ended",
        "Workers that took too long, or ended by themselves.",
        labels=("why",),
    )
    for why, count in desk.pool.ended.items():
        killed.add_metric((why,), count)
    yield killed


class Measured:
    """Counts and times every request; tells connections to close while the service stops.

    Args:
        paths: endpoint -> address of its route; whatever has none counts as `other`, so callers cannot make
            new ones.
    """

    def __init__(
        self, app: ASGIApp, *, plane: DataPlane, metrics: Metrics, paths: Mapping[object, str]
    ) -> None:
        self._app, self._plane, self._metrics, self._paths = app, plane, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), "none"

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                if self._plane.stopping:
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        self._metrics.under_way.inc()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.under_way.dec()
            route = self._paths.get(scope.get("endpoint"), "other")
            self._metrics.answered(route, status, time.perf_counter() - start)
