"""How long a request would have to wait, so that it is refused at once when that is longer than it may take.

| symbol | meaning |
|---|---|
| bytes held | sizes of the bodies of requests that were let in and are not answered yet |
| busy time | time during which there is at least one of them |

Bytes answered in a second of busy time is what the service can do; it is measured all the time. A new
request waits about (bytes held + its own) / that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from archcast.core.errors import ArchcastError

_SAMPLE_S = 0.05
_WEIGHT = 0.2
_SHARE = 0.2
"""Share of the allowed time that the expected wait may take.

As much again passes before a request is even seen, while the loop is busy with those before it; the rest is
for what was expected wrongly.
"""
_REQUEST_BYTES = 2048
"""What a request costs beyond its body, in bytes of body that cost as much."""


def whole_seconds(seconds: float) -> int:
    """Rounded up to at least 1, as `Retry-After` has it."""
    return max(1, math.ceil(seconds))


class OverloadedError(ArchcastError):
    """More is asked than can be answered in time; try again later.

    Attributes:
        retry_after_s: when it is worth trying again.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)

    @property
    def whole_seconds(self) -> int:
        """The same, rounded up to at least 1."""
        return whole_seconds(self.retry_after_s)


class QueueFullError(OverloadedError):
    """A queue holds as much as it may."""


class TooLateError(OverloadedError):
    """The answer would come after the deadline."""


class Admission:
    """Bytes held and bytes a second of one lane: of one model, or of one route."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.held = 0
        self.rate: float | None = None
        self._answered = 0
        self._busy_s = 0.0
        self._since = 0.0

    def enter(self, size: int, *, left_s: float) -> int:
        """Let a request in; returns what to give to `leave`.

        Args:
            size: bytes of its body.
            left_s: seconds until its deadline.

        Raises:
            TooLateError: it would not be answered in time. An idle lane always lets one in.
        """
        wait = self.wait_s(size)
        if wait > _SHARE * left_s:
            raise TooLateError(
                f"the service is busy: an answer would take about {wait:.2g} s, and has {left_s:.2g} s", wait
            )
        size += _REQUEST_BYTES
        if not self.held:
            self._since = self._clock()
        self.held += size
        return size

    def wait_s(self, size: int) -> float:
        """Seconds that a request of that size is expected to take; 0 in an idle or a new lane."""
        return (self.held + size + _REQUEST_BYTES) / self.rate if self.held and self.rate else 0.0

    def refuses(self, size: int, *, left_s: float) -> float:
        """Seconds after which to come again where `enter` would refuse the request, else 0."""
        wait = self.wait_s(size)
        return wait if wait > _SHARE * left_s else 0.0

    def leave(self, entered: int) -> None:
        """The request was answered."""
        self.held -= entered
        self._answered += entered
        now = self._clock()
        busy = self._busy_s + now - self._since
        if busy >= _SAMPLE_S:
            rate = self._answered / busy
            self.rate = rate if self.rate is None else (1 - _WEIGHT) * self.rate + _WEIGHT * rate
            self._answered, self._busy_s, self._since = 0, 0.0, now
        elif not self.held:
            self._busy_s = busy


class Arriving:
    """Bytes of bodies in memory, over all requests; what does not fit is refused before it is read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def add(self, size: int) -> None:
        """Count bytes; raise QueueFullError when there are too many."""
        if self.held + size > self._most:
            raise QueueFullError(f"the service is busy: it holds {self.held} bytes of requests already", 1.0)
        self.held += size

    def remove(self, size: int) -> None:
        """The bytes are no longer held."""
        self.held -= size
