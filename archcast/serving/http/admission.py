"""The one gate before what predicts: which requests are let in, and how their bodies are read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Mapping
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archcast.core.errors import ArchcastError, shorten
from archcast.serving.http.errors import (
    CompressedError,
    MalformedError,
    NotSentError,
    QueueFullError,
    TooLongError,
)
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.statuses import error_response
from archcast.serving.http.window import Window

DEADLINE_HEADER = b"deadline-ms"


class Asked(NamedTuple):
    """A request that was let in.

    Attributes:
        names: the parts of its address that vary.
        deadline: by `time.perf_counter`.
    """

    names: Mapping[str, str]
    body: bytes
    deadline: float


Handler = Callable[[Asked], Awaitable[Response]]


class Admission:
    """What is under way: a window for each model, and the bytes of all bodies in memory.

    Args:
        known: names of the models that are served now; all other addresses share one window, so callers
            cannot make new ones.

    Attributes:
        held: bytes of bodies, those still arriving included.
    """

    def __init__(self, settings: ServeSettings, known: Callable[[], Container[str]]) -> None:
        self._longest, self._most_held = settings.max_body_bytes, settings.queue_bytes
        self._deadline_s = settings.deadline_ms / 1000
        self._known = known
        self._windows: dict[str, Window] = {}
        self.held = 0

    def window(self, name: str) -> Window:
        """That of a model, or of everything that is none."""
        name = name if name in self._known() else ""
        found = self._windows.get(name)
        if found is None:
            found = self._windows[name] = Window(self._deadline_s)
        return found

    async def answer(self, scope: Scope, receive: Receive, handler: Handler) -> Response:
        """The handler's answer to a request that can be answered in time; others are refused unread.

        Raises:
            MalformedError, CompressedError, TooLongError, NotSentError: its head or body cannot be taken.
            QueueFullError, TooLateError: the service is busy.
            ClientDisconnect: nobody waits any more.
        """
        start, headers = time.perf_counter(), dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise CompressedError("the body must not be compressed: send it without Content-Encoding")
        deadline = start + self._allowed_s(headers.get(DEADLINE_HEADER))
        names: Mapping[str, str] = scope["path_params"]
        window = self.window(names.get("name", ""))
        window.check(self._length(headers.get(b"content-length")), left_s=deadline - start)
        parts: list[bytes] = []
        try:
            await self._read(receive, parts, deadline)
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            entered = window.enter(len(body), left_s=deadline - time.perf_counter())
            try:
                return await handler(Asked(names, body, deadline))
            finally:
                window.leave(entered)
        finally:
            self.held -= sum(map(len, parts))

    def _allowed_s(self, asked: bytes | None) -> float:
        """Seconds until the deadline: the service's, or sooner when the caller says so."""
        if asked is None:
            return self._deadline_s
        if not (asked.isdigit() and len(asked) < 10 and int(asked) > 0):
            raise MalformedError(
                f"Deadline-Ms must be a whole number of milliseconds above 0, got {shorten(asked)}"
            )
        return min(int(asked) / 1000, self._deadline_s)

    def _length(self, told: bytes | None) -> int:
        """Bytes that the body will have; 0 where the head does not say."""
        if told is None:
            return 0
        if not told.isdigit() or len(told) > 18:
            raise MalformedError(f"Content-Length must be a whole number, got {shorten(told)}")
        if int(told) > self._longest:
            raise TooLongError(f"the body must be at most {self._longest} bytes, got {int(told)}")
        return int(told)

    async def _read(self, receive: Receive, parts: list[bytes], deadline: float) -> None:
        """The whole body into `parts`, in time and never more than allowed in memory."""
        try:
            async with asyncio.timeout(deadline - time.perf_counter()):
                await self._collect(receive, parts)
        except TimeoutError:
            raise NotSentError("the body did not arrive before the request's deadline") from None

    async def _collect(self, receive: Receive, parts: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > self._longest:
                raise TooLongError(f"the body must be at most {self._longest} bytes, got more")
            if self.held + len(part) > self._most_held:
                raise QueueFullError(
                    f"the service is busy: it holds {self.held} bytes of requests already", 1.0
                )
            self.held += len(part)
            parts.append(part)


class Admitted:
    """A handler behind the gate, as an application of its own for a route."""

    def __init__(self, admission: Admission, handler: Handler) -> None:
        self._admission, self._handler = admission, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless nobody waits any more."""
        try:
            response = await self._admission.answer(scope, receive, self._handler)
        except ClientDisconnect:
            return
        except ArchcastError as error:
            response = error_response(error)
        await response(scope, receive, send)
