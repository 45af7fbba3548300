"""What is told over HTTP when something is wrong; the only place where errors meet status codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from archcast.core.errors import ArchcastError, InputError, ParseError, UnknownNameError
from archcast.serving.http.admission import OverloadedError
from archcast.serving.http.dataplane import TooManyError

JSON_TYPE = "application/json"


class MalformedError(InputError):
    """The body is not JSON or not of the form that the route asks for."""


def status_of(error: ArchcastError) -> int:
    """Status code of an error that was raised on purpose."""
    if isinstance(error, OverloadedError):
        return 429
    if isinstance(error, TooManyError):
        return 413
    if isinstance(error, MalformedError):
        return 400
    if isinstance(error, UnknownNameError) and not error.kind.startswith("space"):
        return 404
    return 422 if isinstance(error, InputError) else 503


def error_body(error: ArchcastError) -> dict[str, Any]:
    """`{"error": sentence}`, with what a client needs to raise the same error again."""
    body: dict[str, Any] = {"error": str(error)}
    if isinstance(error, InputError):
        body["type"] = (
            type(error).__name__ if isinstance(error, ParseError | UnknownNameError) else "InputError"
        )
        if error.item is not None:
            body["item"] = error.item
    if isinstance(error, ParseError) and error.position is not None:
        body["position"] = error.position
    if isinstance(error, UnknownNameError):
        body |= {"kind": error.kind, "name": str(error.name)[:200], "choices": error.choices}
    return body


def respond(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer in ASCII, whatever a caller's text held."""
    content = json.dumps(body, default=str)
    return Response(content, status, headers=dict(headers or {}), media_type=JSON_TYPE)


def error_response(error: ArchcastError) -> Response:
    """The answer to an error that was raised on purpose."""
    headers = {"Retry-After": str(error.whole_seconds)} if isinstance(error, OverloadedError) else {}
    return respond(status_of(error), error_body(error), headers)


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
    return respond(status, {"error": sentence}, getattr(error, "headers", None))


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Parameters of an address that cannot be read."""
    del request
    first: list[Any] = getattr(error, "errors", list)()[:1]
    told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in first)
    return respond(422, {"error": told or "the request cannot be read"})
