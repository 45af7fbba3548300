"""The one gate before what predicts: which requests are let in, and how their bodies are read."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Container, Mapping
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archcast.core.errors import ArchcastError, shorten
from archcast.serving.http.bodies import Bodies
from archcast.serving.http.errors import CompressedError, MalformedError
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.statuses import error_response
from archcast.serving.http.window import Window

DEADLINE_HEADER = b"deadline-ms"
_WITHOUT_WEIGHTS = ": send the network without its weights, which are not needed"


class AdmittedRequest(NamedTuple):
    """A request that was let in.

    Attributes:
        names: the parts of its address that vary.
        deadline: by `time.perf_counter`.
        network_deadline: the caller's own, by the same clock, of what is done in a worker, which has limits
            of its own; infinite where the caller told none.
        leave: to be called by a handler whose work from then on does not count against its window.
    """

    names: Mapping[str, str]
    body: bytes
    deadline: float
    network_deadline: float
    leave: Callable[[], None] = lambda: None


class Sent(NamedTuple):
    """A request with the file of a network.

    Attributes:
        parts: of its body.
        deadline: the caller's own, by `time.perf_counter`; infinite where the caller told none.
    """

    content_type: str
    parts: list[bytes]
    deadline: float


Handler = Callable[[AdmittedRequest], Awaitable[Response]]
FileHandler = Callable[[Sent], Awaitable[Response]]


class Admission:
    """What is under way: a window for each model, and the bytes of all bodies in memory.

    Args:
        known: names of the models that are served now; all other addresses share one window, so callers
            cannot make new ones.

    Attributes:
        bodies, files: what is held of requests, and of those with the file of a network.
    """

    def __init__(self, settings: ServeSettings, known: Callable[[], Container[str]]) -> None:
        self.bodies = Bodies(settings.max_body_bytes, settings.queue_bytes)
        self.files = Bodies(settings.max_network_bytes, settings.network_queue_bytes, told=_WITHOUT_WEIGHTS)
        self._deadline_s = settings.deadline_ms / 1000
        self._network_s = settings.network_deadline_ms / 1000
        self._known = known
        self._windows: dict[str, Window] = {}

    def window(self, name: str) -> Window:
        """That of a model, or of everything that is none."""
        name = name if name in self._known() else ""
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = Window(self._deadline_s)
        return window

    async def answer(self, scope: Scope, receive: Receive, handler: Handler) -> Response:
        """The handler's answer to a request that can be answered in time; others are refused unread.

        Raises:
            MalformedError, CompressedError, TooLongError, NotSentError: its head or body cannot be taken.
            QueueFullError, TooLateError: the service is busy.
            ClientDisconnect: nobody waits any more.
        """
        start, headers = time.perf_counter(), _headers(scope)
        most_s = _told_s(headers.get(DEADLINE_HEADER))
        deadline = start + min(most_s, self._deadline_s)
        names: Mapping[str, str] = scope["path_params"]
        window = self.window(names.get("name", ""))
        window.check(self.bodies.length(headers), left_s=deadline - start)
        parts: list[bytes] = []
        try:
            await self.bodies.read(receive, parts, deadline)
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            with window.entered(len(body), left_s=deadline - time.perf_counter()) as leave:
                return await handler(AdmittedRequest(names, body, deadline, start + most_s, leave))
        finally:
            self.bodies.drop(parts)

    async def answer_file(self, scope: Scope, receive: Receive, handler: FileHandler) -> Response:
        """The handler's answer to a request with the file of a network; raises as `answer`."""
        start, headers = time.perf_counter(), _headers(scope)
        latest = start + _told_s(headers.get(DEADLINE_HEADER))
        self.files.length(headers)
        parts: list[bytes] = []
        try:
            await self.files.read(receive, parts, min(latest, start + self._network_s))
            kind = headers[b"content-type"].decode("latin-1")
            return await handler(Sent(kind, parts, latest))
        finally:
            self.files.drop(parts)


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers; raise CompressedError where they tell of a compressed body."""
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise CompressedError("the body must not be compressed: send it without Content-Encoding")
    return headers


def _told_s(asked: bytes | None) -> float:
    """Seconds within which the caller wants an answer."""
    if asked is None:
        return float("inf")
    if not (asked.isdigit() and len(asked) < 10 and int(asked) > 0):
        raise MalformedError(
            f"Deadline-Ms must be a whole number of milliseconds above 0, got {shorten(asked)}"
        )
    return int(asked) / 1000


class Admitted:
    """A handler behind the gate, as an application of its own for a route.

    Args:
        of_file: what answers requests whose type `takes` says is that of a file; None where there are none.
    """

    def __init__(
        self,
        admission: Admission,
        handler: Handler,
        *,
        of_file: FileHandler | None = None,
        takes: Callable[[bytes], bool] = lambda kind: False,
    ) -> None:
        self._admission, self._handler = admission, handler
        self._of_file, self._takes = of_file, takes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless nobody waits any more."""
        try:
            response = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        except ArchcastError as error:
            response = error_response(error)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if self._of_file is not None and self._takes(dict(scope["headers"]).get(b"content-type", b"")):
            return await self._admission.answer_file(scope, receive, self._of_file)
        return await self._admission.answer(scope, receive, self._handler)
