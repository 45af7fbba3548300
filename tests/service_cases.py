"""The service run inside the test's process, and predictors for it to serve."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from made_up import additive_labels

from archcast.core.settings import predictors_dir
from archcast.predictors import Card, LookupTable, save
from archcast.serving.http import DataPlane, ServeSettings
from archcast.serving.http.app import create_app
from archcast.serving.store import Store

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
INFER = "/v2/models/nasbench201.latency.board_a/infer"


class Service:
    """The application with its lifespan, in an event loop of its own thread.

    Attributes:
        plane: its data plane; admission: what it lets in.
        read: the store of the service before; shipped predictors take seconds to load.
    """

    read: Store | None = None

    def __init__(self, settings: ServeSettings) -> None:
        self.plane = DataPlane(settings)
        self.plane.refresher._store = Service.read  # what was loaded and is the same is not loaded again
        self.app = create_app(settings, self.plane)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.admission = self.app.state.admission
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://service")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine, run in the service's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.run(self.http.get(path, **given))

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.run(self.http.post(path, **given))

    @contextmanager
    def running(self) -> Iterator[Service]:
        self._thread.start()
        lifespan = self.app.router.lifespan_context(self.app)
        try:
            self.run(lifespan.__aenter__())
            Service.read = self.plane.refresher._store
            yield self
            self.run(lifespan.__aexit__(None, None, None))
            self.run(self.http.aclose())
            self.run(self._loop.shutdown_asyncgens())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


def serving(**given: Any) -> Any:
    """A running service with those settings, for `with`; on a busy machine a test may take its time."""
    return Service(ServeSettings(**{"deadline_ms": 60_000, **given})).running()


def save_boards(*devices: str, title: str = "boards", factor: float = 1.0) -> Path:
    """Save a predictor of those devices, its values times a factor."""
    labels = additive_labels(devices, n=60)
    labels.values[:] *= factor
    return save(LookupTable().fit(labels), predictors_dir() / title, card=Card(title, version=str(factor)))


def infer_body(*archs: Any, **more: Any) -> dict[str, Any]:
    """A request of the Open Inference Protocol for architectures."""
    tensor = {"name": "architectures", "datatype": "BYTES", "shape": [len(archs)], "data": list(archs)}
    return {"inputs": [tensor], **more}
