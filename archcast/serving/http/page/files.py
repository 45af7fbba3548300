"""The files of the page, as they lie in the package: no build step, nothing loaded from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PREFIX = "/page/"
"""Under which addresses the files lie; the page itself is `/`."""
_INDEX = "index.html"
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
    }
)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
)


def page_routes() -> list[Route]:
    """A route each file; a browser that has one already is told so."""
    return [
        Route("/" if name == _INDEX else PREFIX + name, _endpoint(content, _KINDS[name[name.rindex(".") :]]))
        for name, content in _found(files("archcast.serving.http.page") / "static")
    ]


def _found(folder: Traversable, before: str = "") -> Iterator[tuple[str, bytes]]:
    """Names, with the folders they lie in, and contents."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _found(entry, f"{before}{entry.name}/")
        elif not entry.name.startswith("."):
            yield before + entry.name, entry.read_bytes()


def _endpoint(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {**HEADERS, "ETag": tag}

    async def file(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)

    return file
