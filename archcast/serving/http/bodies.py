"""How bodies of requests are read: whole, in time, none too long, and not too many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from archcast.core.errors import shorten
from archcast.serving.http.errors import MalformedError, NotSentError, QueueFullError, TooLongError


class Bodies:
    """Bodies of one kind.

    Args:
        longest: bytes that one may have; most_held: that all may have that are in memory.
        told: what to do about one that is too long, behind the sentence that says so.

    Attributes:
        held: bytes of bodies in memory, those still arriving included.
    """

    def __init__(self, longest: int, most_held: int, *, told: str = "") -> None:
        self._longest, self._most_held, self._told = longest, most_held, told
        self.held = 0

    def length(self, headers: Mapping[bytes, bytes]) -> int:
        """Bytes that a body will have; 0 where the head does not say.

        Raises:
            MalformedError: the head says no number.
            TooLongError: it will be too long.
        """
        given = headers.get(b"content-length")
        if given is None:
            return 0
        if not given.isdigit() or len(given) > 18:
            raise MalformedError(f"Content-Length must be a whole number, got {shorten(given)}")
        if int(given) > self._longest:
            raise TooLongError(
                f"the body must be at most {self._longest} bytes, got {int(given)}{self._told}"
            )
        return int(given)

    async def read(self, receive: Receive, parts: list[bytes], deadline: float) -> None:
        """A whole body into `parts`, to be given to `drop` when it is needed no more, whatever happens.

        Args:
            deadline: by `time.perf_counter`.

        Raises:
            NotSentError: it does not arrive in time.
            TooLongError, QueueFullError: it, or all that are held, would be too long.
            ClientDisconnect: nobody sends any more.
        """
        try:
            async with asyncio.timeout(deadline - time.perf_counter()):
                await self._collect(receive, parts)
        except TimeoutError:
            raise NotSentError("the body did not arrive before the request's deadline") from None

    def drop(self, parts: list[bytes]) -> None:
        """Hold a body no longer."""
        self.held -= sum(map(len, parts))
        parts.clear()

    async def _collect(self, receive: Receive, parts: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > self._longest:
                raise TooLongError(f"the body must be at most {self._longest} bytes, got more{self._told}")
            if self.held + len(part) > self._most_held:
                raise QueueFullError(
                    f"the service is busy: it holds {self.held} bytes of requests already", 1.0
                )
            self.held += len(part)
            parts.append(part)
