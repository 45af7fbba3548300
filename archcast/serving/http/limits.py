"""What a request may cost: its body is read within limits, and it is let in when there is time for it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archcast.core.errors import ArchcastError, shorten
from archcast.serving.http.admission import Arriving, OverloadedError
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.statuses import error_response, respond

DEADLINE_HEADER = b"deadline-ms"


class RefusedError(ArchcastError):
    """A request that is not let in, with the status code it gets."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Limits:
    """Reads bodies, sets deadlines and refuses what cannot be answered in time.

    What it lets in finds `archcast.body` (bytes) and `archcast.deadline` (by `time.perf_counter`) in its
    scope.
    """

    def __init__(self, app: ASGIApp, *, plane: DataPlane) -> None:
        self._app, self._plane = app, plane
        self._most = plane.settings.max_body_bytes
        self._deadline_s = plane.settings.deadline_ms / 1000
        self._arriving = Arriving(plane.settings.queue_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, 408, 413, 415 or 429, or pass the request on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        held = [0]
        try:
            await self._admit(scope, receive, send, held)
        except RefusedError as refusal:
            close = {"Connection": "close"} if refusal.status in (408, 413) else {}
            answer = respond(refusal.status, {"error": str(refusal)}, close)
            await answer(scope, receive, send)
        except OverloadedError as error:
            await error_response(error)(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            self._arriving.remove(held[0])

    async def _admit(self, scope: Scope, receive: Receive, send: Send, held: list[int]) -> None:
        """Pass the request on; `held` tells the caller how many bytes to let go."""
        start = time.perf_counter()
        headers = _single(scope)
        deadline = start + self._allowed_s(headers.get(DEADLINE_HEADER))
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise RefusedError(415, "the body must not be compressed: send it without Content-Encoding")
        try:
            async with asyncio.timeout(deadline - start):
                body = await self._read(headers.get(b"content-length"), receive, held)
        except TimeoutError:
            raise RefusedError(408, "the body did not arrive before the request's deadline") from None
        scope["archcast.body"], scope["archcast.deadline"] = body, deadline
        lane = self._plane.lane(scope["path"])
        entered = lane.enter(len(body), left_s=deadline - time.perf_counter())
        answered = False

        async def sending(message: Message) -> None:
            """The answer is there; how slowly it is fetched is not the lane's matter."""
            nonlocal answered
            if not answered:
                answered = True
                lane.leave(entered)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if not answered:
                lane.leave(entered)

    def _allowed_s(self, asked: bytes | None) -> float:
        """Seconds until the deadline: the service's, or sooner when the caller says so."""
        if asked is None:
            return self._deadline_s
        if not (asked.isdigit() and len(asked) < 10 and int(asked) > 0):
            raise RefusedError(
                400, f"Deadline-Ms must be a whole number of milliseconds above 0, got {shorten(asked)}"
            )
        return min(int(asked) / 1000, self._deadline_s)

    async def _read(self, length: bytes | None, receive: Receive, held: list[int]) -> bytes:
        """The whole body, never more than allowed in memory."""
        if length is not None and (not length.isdigit() or len(length) > 18):
            raise RefusedError(400, f"Content-Length must be a whole number, got {shorten(length)}")
        if length is not None and int(length) > self._most:
            raise RefusedError(413, f"the body must be at most {self._most} bytes, got {int(length)}")
        parts: list[bytes] = []
        more = True
        while more:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = message.get("body", b""), message.get("more_body", False)
            if held[0] + len(part) > self._most:
                raise RefusedError(413, f"the body must be at most {self._most} bytes, got more")
            self._arriving.add(len(part))
            held[0] += len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _single(scope: Scope) -> dict[bytes, bytes]:
    """Headers by lower-case name; of repeated ones the last."""
    return dict(scope["headers"])
