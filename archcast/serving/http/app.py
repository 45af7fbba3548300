"""The web application over a data plane."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archcast.core.errors import ArchcastError
from archcast.serving.http import schemas
from archcast.serving.http.admission import Admission
from archcast.serving.http.auth import BearerToken
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.metrics import Measured, Metrics
from archcast.serving.http.openapi import Operation, document_routes
from archcast.serving.http.page.files import page_routes
from archcast.serving.http.page.routes import page_operations
from archcast.serving.http.plain import plain_operations
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.statuses import on_archcast_error, on_http_error
from archcast.serving.http.v2 import v2_operations

log = logging.getLogger("archcast.serve")


def create_app(settings: ServeSettings, data_plane: DataPlane) -> Starlette:
    """The service as an ASGI application; its lifespan loads the models and looks for new versions."""
    metrics, admission = Metrics(data_plane), Admission(settings, lambda: data_plane.catalogue.names)

    async def prometheus(request: Request) -> Response:
        del request
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    operations = [
        *v2_operations(data_plane, admission),
        *plain_operations(data_plane, admission),
        *page_operations(data_plane, settings),
        Operation("GET", "/metrics", prometheus, "Figures for Prometheus.", schemas.TEXT),
    ]
    routes = [operation.route() for operation in operations]
    routes += document_routes(operations, token=settings.token is not None) + page_routes()
    app = Starlette(
        routes=routes,
        exception_handlers={ArchcastError: on_archcast_error, HTTPException: on_http_error},
        lifespan=lambda app: _lifespan(data_plane, settings.refresh_s),
    )
    if settings.token is not None:
        app.add_middleware(BearerToken, token=settings.token)
    paths: dict[object, str] = {route.endpoint: route.path for route in routes}
    app.add_middleware(Measured, plane=data_plane, metrics=metrics, paths=paths)
    app.state.admission = admission
    return app


@contextlib.asynccontextmanager
async def _lifespan(plane: DataPlane, refresh_s: float) -> AsyncIterator[None]:
    await asyncio.to_thread(plane.refresh)
    task = asyncio.create_task(_keep_fresh(plane, refresh_s))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await plane.close()


async def _keep_fresh(plane: DataPlane, refresh_s: float) -> None:
    while True:
        await asyncio.sleep(refresh_s)
        try:
            await asyncio.to_thread(plane.refresh)
        except Exception:  # whatever is wrong with the folders, what is loaded goes on being served
            log.exception("new versions could not be looked for")
