"""The web application over a data plane."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from archcast.core.errors import ArchcastError
from archcast.core.version import VERSION
from archcast.serving.http import schemas
from archcast.serving.http.auth import BearerToken
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.limits import Limits
from archcast.serving.http.metrics import Measured, Metrics
from archcast.serving.http.plain import plain_routes, predict_handler
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.shortcut import Shortcut
from archcast.serving.http.statuses import on_archcast_error, on_http_error, on_validation_error
from archcast.serving.http.v2 import infer_handler, v2_routes

log = logging.getLogger("archcast.serve")


def create_app(settings: ServeSettings, data_plane: DataPlane) -> FastAPI:
    """The service as an ASGI application; its lifespan loads the models and looks for new versions."""
    metrics = Metrics(data_plane)
    app = FastAPI(
        title="archcast",
        version=VERSION,
        description="What neural architectures cost on devices and what accuracy they reach.",
        lifespan=lambda app: _lifespan(data_plane, settings.refresh_s),
        redoc_url=None,
    )
    app.include_router(v2_routes(data_plane))
    app.include_router(plain_routes(data_plane))

    @app.get("/metrics", tags=["operation"], responses=schemas.TEXT)
    async def prometheus() -> Response:
        """Figures for Prometheus."""
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app.add_exception_handler(ArchcastError, on_archcast_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    predict, infer = predict_handler(data_plane), infer_handler(data_plane)
    app.add_middleware(Shortcut, predict=predict, infer=infer)  # the last one added is the outermost
    app.add_middleware(Limits, plane=data_plane)
    if settings.token is not None:
        app.add_middleware(BearerToken, token=settings.token)
        _document_token(app)
    app.add_middleware(Measured, plane=data_plane, metrics=metrics)
    app.state.metrics = metrics
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
        plane.close()


async def _keep_fresh(plane: DataPlane, refresh_s: float) -> None:
    while True:
        await asyncio.sleep(refresh_s)
        try:
            await asyncio.to_thread(plane.refresh)
        except Exception:  # whatever is wrong with the folders, what is loaded goes on being served
            log.exception("new versions could not be looked for")


def _document_token(app: FastAPI) -> None:
    plain = app.openapi

    def documented() -> dict[str, Any]:
        document = plain()
        document.setdefault("components", {})["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"}
        }
        document["security"] = [{"token": []}]
        return document

    app.openapi = documented  # type: ignore[method-assign]
