"""The short way to the routes that predict.

The framework's routing and its handling of parameters cost as much as the rest of a request of 256
architectures. Both routes are registered there too, which documents them; requests go past it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from archcast.core.errors import ArchcastError
from archcast.serving.http.statuses import error_response

Handler = Callable[[Request], Awaitable[Response]]
ROUTE = "archcast.route"
"""Under this name a request's scope says which route answers it."""
PREDICT, INFER, INFER_VERSION = (
    "/predict",
    "/v2/models/{name}/infer",
    "/v2/models/{name}/versions/{version}/infer",
)


class Shortcut:
    """Calls the handlers of predictions, and the framework for everything else."""

    def __init__(self, app: ASGIApp, *, predict: Handler, infer: Handler) -> None:
        self._app, self._predict, self._infer = app, predict, infer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        found = route_of(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope[ROUTE], scope["path_params"] = found
        handler = self._predict if found[0] == PREDICT else self._infer
        try:
            response = await handler(Request(scope, receive))
        except ArchcastError as error:
            response = error_response(error)
        await response(scope, receive, send)


def route_of(path: str) -> tuple[str, dict[str, str]] | None:
    """The predicting route of an address with the names in it, or None for any other address."""
    if path == PREDICT:
        return PREDICT, {}
    parts = path.split("/")
    if len(parts) not in (5, 7) or parts[:3] != ["", "v2", "models"] or parts[-1] != "infer" or not parts[3]:
        return None
    if len(parts) == 5:
        return INFER, {"name": parts[3]}
    if parts[4] != "versions" or not parts[5]:
        return None
    return INFER_VERSION, {"name": parts[3], "version": parts[5]}
