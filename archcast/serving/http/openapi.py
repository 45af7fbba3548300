"""The operations of the service, each told once: how it is routed and what the OpenAPI document says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from archcast.core.version import VERSION
from archcast.serving.http.schemas import Responses, Schema
from archcast.serving.http.statuses import respond

DOCUMENT = "/openapi.json"
_TITLE = "archcast"
_DESCRIPTION = "What neural architectures cost on devices and what accuracy they reach."
_UI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui"
_PAGE = f"""<!DOCTYPE html>
<html><head><title>{_TITLE}</title><link rel="stylesheet" href="{_UI}.css"></head>
<body><div id="ui"></div><script src="{_UI}-bundle.js"></script>
<script>SwaggerUIBundle({{url: "{DOCUMENT}", dom_id: "#ui"}})</script></body></html>
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    Attributes:
        path: with the parts that vary in braces.
        endpoint: of the web framework: takes a request, or is an application of its own.
        summary: one sentence.
        responses: status -> what the document says of it.
        body: schema of the body, where there is one.
        form: schema of the same as `multipart/form-data`, where it may come as such.
        query: names of the parameters after the question mark, all text and none needed.
    """

    method: str
    path: str
    endpoint: Any
    summary: str
    responses: Responses
    body: Schema | None = None
    form: Schema | None = None
    query: tuple[str, ...] = ()

    def route(self) -> Route:
        """For the web framework."""
        return Route(self.path, self.endpoint, methods=[self.method])

    def described(self) -> Schema:
        """For the document."""
        text: Schema = {"type": "string"}
        given = [
            {"name": name, "in": "path", "required": True, "schema": text}
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        given += [{"name": name, "in": "query", "required": False, "schema": text} for name in self.query]
        operation: Schema = {"summary": self.summary, "parameters": given}
        kinds = {"application/json": self.body, "multipart/form-data": self.form}
        content = {kind: {"schema": schema} for kind, schema in kinds.items() if schema is not None}
        if content:
            operation["requestBody"] = {"required": True, "content": content}
        return operation | {"responses": {str(status): said for status, said in self.responses.items()}}


def document_routes(operations: Sequence[Operation], *, token: bool) -> list[Route]:
    """Routes of the OpenAPI document and of a page that shows it.

    Args:
        token: whether callers must show one.
    """
    document = _document(operations, token=token)

    async def openapi(request: Request) -> Response:
        del request
        return respond(document)

    async def page(request: Request) -> Response:
        del request
        return HTMLResponse(_PAGE)

    return [Route(DOCUMENT, openapi), Route("/docs", page)]


def _document(operations: Sequence[Operation], *, token: bool) -> dict[str, Any]:
    paths: dict[str, dict[str, Schema]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.described()
    info = {"title": _TITLE, "version": VERSION, "description": _DESCRIPTION}
    document: dict[str, Any] = {"openapi": "3.1.0", "info": info, "paths": paths}
    if token:
        document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        document["security"] = [{"token": []}]
    return document
