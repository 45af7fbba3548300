"""`archcast serve`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from archcast.core.optional import require

_NEEDED = ("starlette", "uvicorn", "prometheus_client", "pydantic_core", "werkzeug")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on, 0 for a free one; 8080 by default.", min=0, max=65535),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="TOML file of settings; see docs/serve_http.md.")
    ] = None,
    deadline_ms: Annotated[
        int | None, typer.Option(help="Time within which a request is answered or refused.")
    ] = None,
    max_batch: Annotated[int | None, typer.Option(help="Most architectures in a request.")] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Listen beyond this machine although ARCHCAST_TOKEN is not set."),
    ] = False,
) -> None:
    """Answer predictions over HTTP until SIGTERM or Ctrl-C.

    Example: archcast serve --port 8080
    """
    for package in _NEEDED:
        require(package, extra="serve", purpose="archcast serve")
    from archcast.serving.http.server import serve as run
    from archcast.serving.http.settings import make_settings

    chosen = make_settings(
        settings,
        host=host,
        port=port,
        deadline_ms=deadline_ms,
        max_batch=max_batch,
        insecure=insecure or None,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run(chosen, ready=_say)


def _say(address: str, models: int) -> None:
    typer.echo(f"archcast answers for {models} models at {address} (documentation at {address}/docs)")
