"""The bearer token: who may ask, when the service was given one."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from archcast.serving.http.errors import TokenError
from archcast.serving.http.page.files import PREFIX
from archcast.serving.http.statuses import error_response

OPEN = frozenset({"/", "/v2/health/live", "/v2/health/ready", "/docs", "/openapi.json"})
"""Addresses that need no token: what tells no more than that the service is there, and how it is called."""


def is_open(path: str) -> bool:
    """Whether an address needs no token; the page's own files do not, and the page asks for it."""
    return path in OPEN or path.startswith(PREFIX)


class BearerToken:
    """Asks for `Authorization: Bearer TOKEN`, compared in a time that tells nothing of the token."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] != "http" or is_open(scope["path"]) or self._shown(scope):
            await self._app(scope, receive, send)
            return
        error = TokenError("the request must show the token of this service: Authorization: Bearer TOKEN")
        await error_response(error)(scope, receive, send)

    def _shown(self, scope: Scope) -> bool:
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(shown) != 1:
            return False
        scheme, _, token = shown[0].partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)
