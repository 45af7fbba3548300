"""The process: one event loop that listens, answers, and stops without leaving anyone unanswered."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn

from archcast.core.errors import InputError
from archcast.serving.http.app import create_app
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.errors import WorkerError
from archcast.serving.http.settings import ServeSettings

log = logging.getLogger("archcast.serve")
_BACKLOG = 2048


def serve(settings: ServeSettings, *, ready: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        ready: called with the address and the number of models once requests are answered.

    Raises:
        InputError: the address cannot be listened on.
        ArchcastError: a predictor cannot be read.
    """
    plane = DataPlane(settings)
    plane.refresh()
    listening = _listen(settings)
    config = uvicorn.Config(
        create_app(settings, plane),
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(settings.grace_s) or None,
        ws="none",
        proxy_headers=False,
    )
    address = f"http://{_shown(listening)}"
    gc.collect()
    gc.freeze()  # what is loaded stays, so collecting garbage need not go through it
    with contextlib.closing(listening):
        server = _Server(config, plane, lambda: ready(address, len(plane.catalogue)))
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Stops in order: no new connections, those open are answered and closed, what is under way ends."""

    def __init__(self, config: uvicorn.Config, plane: DataPlane, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._plane, self._ready = plane, ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, at once on the second; the process then ends with code 0."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._warming = asyncio.create_task(self._warm())
        if self.started:
            self._ready()

    async def _warm(self) -> None:
        """Start what reads networks, so that the first does not wait for it."""
        try:
            await self._plane.networks.pool.start()
        except WorkerError as error:
            log.warning("%s", error)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was sent on open connections for `drain_s`, then what is under way for `grace_s`."""
        self._plane.stopping = True
        for server in self.servers:
            server.close()
        log.info("stopping: open connections are answered")
        if not self.force_exit:
            await asyncio.sleep(self._plane.settings.drain_s)
        await super().shutdown(sockets)


def _listen(settings: ServeSettings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, settings.port))
    except (OSError, UnicodeError) as error:
        listening.close()
        raise InputError(f"{host} port {settings.port} cannot be listened on: {error}") from error
    return listening


def _shown(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
