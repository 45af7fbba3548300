"""How much of a lane's work may be under way at once, so that what is let in is answered in time.

| symbol | meaning |
|---|---|
| held | bytes of the bodies of requests that were let in and are not answered yet |
| window | bytes that may be held; a request beyond it is refused at once |
| aim | time from letting a request in to its answer that a full window should take |

The window grows while full windows are answered in less than half the aim, and is cut when a request took
longer than the aim. A request waits about aim * (held + its own) / window. The time per byte would not do as
a measure: in an overload the loop is busy refusing, every request then takes several of its turns, and what
looks slow is only late.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from archcast.core.errors import ArchcastError

_SHARE = 0.2
"""Share of the allowed time that the expected wait may take.

As much again passes before a request is even seen, while the loop is busy with those before it; the rest is
for what was expected wrongly.
"""
_FIRST_WINDOW = 1 << 20
_SMALLEST_WINDOW = 1 << 18
_LARGEST_WINDOW = 1 << 28
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


class Entered(NamedTuple):
    """A request that was let in: what it costs in bytes, when, and whether it made the window half full."""

    size: int
    at: float
    filling: bool


class Admission:
    """The window of one lane: of one model, or of one route.

    Args:
        deadline_s: seconds within which a request is to be answered, unless it says sooner.
    """

    def __init__(self, deadline_s: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._aim_s = _SHARE * deadline_s
        self._clock = clock
        self.held = 0
        self.window = float(_FIRST_WINDOW)
        self._cut_at = -math.inf

    def enter(self, size: int, *, left_s: float) -> Entered:
        """Let a request in; returns what to give to `leave`.

        Args:
            size: bytes of its body.
            left_s: seconds until its deadline.

        Raises:
            TooLateError: it would not be answered in time. An idle lane always lets one in.
        """
        wait = self.refuses(size, left_s=left_s)
        if wait:
            raise TooLateError(
                f"the service is busy: an answer would take about {wait:.2g} s, and has {left_s:.2g} s", wait
            )
        size += _REQUEST_BYTES
        self.held += size
        return Entered(size, self._clock(), 2 * self.held > self.window)

    def refuses(self, size: int, *, left_s: float) -> float:
        """Seconds after which to come again where `enter` would refuse the request, else 0."""
        if not self.held:
            return 0.0
        wait = self._aim_s * (self.held + size + _REQUEST_BYTES) / self.window
        return wait if wait > _SHARE * left_s else 0.0

    def leave(self, entered: Entered) -> None:
        """The request is answered."""
        self.held -= entered.size
        now = self._clock()
        took = now - entered.at
        if took > self._aim_s:
            if entered.at >= self._cut_at:  # once for all that were let in before the cut
                self.window = max(_SMALLEST_WINDOW, self.window * max(0.5, self._aim_s / took))
                self._cut_at = now
        elif entered.filling and took < 0.5 * self._aim_s:
            self.window = min(_LARGEST_WINDOW, self.window + entered.size)


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
