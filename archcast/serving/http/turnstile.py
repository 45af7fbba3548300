"""The first thing a request meets: in an overload it is turned away before it costs anything."""

from __future__ import annotations

import json
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from archcast.serving.http.admission import whole_seconds
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.metrics import Metrics, counted_route

_BUSY = json.dumps({"error": "the service is busy: an answer would not come in time"}).encode()


class Turnstile:
    """Refuses with 429 what its lane has no room for, without reading it.

    It stands before the framework, since in an overload refusing is most of the work: what a refusal costs is
    taken from the answers. It therefore also stands before the token, and tells anyone that the service is
    busy.
    """

    def __init__(self, app: ASGIApp, *, plane: DataPlane, metrics: Metrics) -> None:
        self._app, self._plane, self._metrics = app, plane, metrics
        self._deadline_s = plane.settings.deadline_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 429, or pass the request on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            start = time.perf_counter()
            wait = self._plane.lane(scope["path"]).refuses(_length(scope), left_s=self._deadline_s)
            if wait:
                await self._say_busy(send, wait)
                self._metrics.answered(counted_route(scope), "429", time.perf_counter() - start)
                return
        await self._app(scope, receive, send)

    async def _say_busy(self, send: Send, wait_s: float) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(_BUSY)).encode()),
            (b"retry-after", str(whole_seconds(wait_s)).encode()),
        ]
        if self._plane.stopping:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": _BUSY})


def _length(scope: Scope) -> int:
    """Bytes of the body as its head has it; 0 where it does not say."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else 0
    return 0
