"""What is told over HTTP when something is wrong; the only place where errors meet status codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from archcast.core.errors import ArchcastError, InputError, ParseError, UnknownNameError
from archcast.serving.http.errors import (
    CompressedError,
    MalformedError,
    MediaTypeError,
    NotSentError,
    OverloadedError,
    TokenError,
    TooLongError,
    TooManyError,
    TooSlowError,
)

JSON_TYPE = "application/json"
_STATUSES: tuple[tuple[type[ArchcastError], int], ...] = (
    (OverloadedError, 429),
    (TokenError, 401),
    (NotSentError, 408),
    (TooManyError, 413),
    (TooLongError, 413),
    (CompressedError, 415),
    (MediaTypeError, 415),
    (TooSlowError, 504),
    (MalformedError, 400),
    (UnknownNameError, 404),
    (InputError, 422),
)
"""The first that an error is an instance of counts; whatever is none of them is the service's own fault."""
_OWN_FAULT = 503
_CLOSED = (NotSentError, TooLongError)
"""After these a body may still be on its way, so the connection cannot be used again."""


def status_of(error: ArchcastError) -> int:
    """Status code of an error that was raised on purpose."""
    if isinstance(error, UnknownNameError) and error.kind.startswith("space"):
        return 422  # part of what was sent, not of what is served
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), _OWN_FAULT)


def error_response(error: ArchcastError) -> Response:
    """The answer to an error that was raised on purpose."""
    headers: dict[str, str] = {}
    if isinstance(error, OverloadedError):
        headers["Retry-After"] = str(error.whole_seconds)
    if isinstance(error, TokenError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, _CLOSED):
        headers["Connection"] = "close"
    return respond(error_body(error), status=status_of(error), headers=headers)


def error_body(error: ArchcastError) -> dict[str, Any]:
    """`{"error": sentence}`, with what a client needs to raise the same error again."""
    body: dict[str, Any] = {"error": str(error)}
    if isinstance(error, InputError):
        kinds = (ParseError, UnknownNameError, InputError)
        body["type"] = next(kind.__name__ for kind in kinds if isinstance(error, kind))
        if error.item is not None:
            body["item"] = error.item
    if isinstance(error, ParseError) and error.position is not None:
        body["position"] = error.position
    if isinstance(error, UnknownNameError):
        body |= {"kind": error.kind, "name": str(error.name)[:200], "choices": error.choices}
        body["beside"] = error.beside
    return body


def respond(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer in ASCII, whatever a caller's text held."""
    content = json.dumps(body, default=str)
    return Response(content, status, headers=dict(headers or {}), media_type=JSON_TYPE)


def readiness(*, ready: bool) -> Response:
    """Whether requests should be sent here."""
    return respond({"ready": ready}, status=200 if ready else _OWN_FAULT)


async def on_archcast_error(request: Request, error: Exception) -> Response:
    """Handler of the web framework."""
    del request
    if not isinstance(error, ArchcastError):
        raise error
    return error_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Unknown addresses and methods, in the same form."""
    status = getattr(error, "status_code", 500)
    sentence = f"{request.method} {request.url.path[:200]}: {getattr(error, 'detail', 'error')}"
    return respond({"error": sentence}, status=status, headers=getattr(error, "headers", None))
