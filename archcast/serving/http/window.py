"""How much of a model's work may be under way at once, so that what is let in is answered in time.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from archcast.serving.http.errors import TooLateError

_SHARE = 0.2
"""Share of the allowed time that the expected wait may take.

As much again passes before a request is even seen, while the loop is busy with those before it; the rest is
for what was expected wrongly.
"""
_FIRST = 1 << 20
_SMALLEST = 1 << 18
_LARGEST = 1 << 28
_REQUEST_BYTES = 2048
"""What a request costs beyond its body, in bytes of body that cost as much."""


class Entered(NamedTuple):
    """A request that was let in: what it costs in bytes, when, and whether it made the window half full."""

    size: int
    at: float
    filling: bool


class Window:
    """The window of one model, or of one route.

    Args:
        deadline_s: seconds within which a request is to be answered, unless it says sooner.
    """

    def __init__(self, deadline_s: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._aim_s = _SHARE * deadline_s
        self._clock = clock
        self.held = 0
        self.bytes = float(_FIRST)
        self._cut_at = -math.inf

    def check(self, size: int, *, left_s: float) -> None:
        """Raise TooLateError when a body of that size would not be answered in time.

        Args:
            left_s: seconds until its deadline. An idle window always lets one in.
        """
        if not self.held:
            return
        wait = self._aim_s * (self.held + size + _REQUEST_BYTES) / self.bytes
        if wait > _SHARE * left_s:
            raise TooLateError(
                f"the service is busy: an answer would take about {wait:.2g} s, and has {left_s:.2g} s", wait
            )

    def enter(self, size: int, *, left_s: float) -> Entered:
        """Let a request in; returns what to give to `leave`. Raises as `check`."""
        self.check(size, left_s=left_s)
        size += _REQUEST_BYTES
        self.held += size
        return Entered(size, self._clock(), 2 * self.held > self.bytes)

    @contextmanager
    def entered(self, size: int, *, left_s: float) -> Iterator[Callable[[], None]]:
        """A request that is let in until the end, or until what this gives is called. Raises as `check`."""
        entered: list[Entered] = [self.enter(size, left_s=left_s)]

        def leave() -> None:
            if entered:
                self.leave(entered.pop())

        try:
            yield leave
        finally:
            leave()

    def leave(self, entered: Entered) -> None:
        """The request is answered."""
        self.held -= entered.size
        now = self._clock()
        took = now - entered.at
        if took > self._aim_s:
            if entered.at >= self._cut_at:  # once for all that were let in before the cut
                self.bytes = max(_SMALLEST, self.bytes * max(0.5, self._aim_s / took))
                self._cut_at = now
        elif entered.filling and took < 0.5 * self._aim_s:
            self.bytes = min(_LARGEST, self.bytes + entered.size)
