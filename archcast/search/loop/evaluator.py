"""Scores architectures for a method: each once, within the budget, kept in a file as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.search.loop.budget import Budget
from archcast.search.loop.problem import Problem, Scores
from archcast.search.loop.state import State

SAVED_EVERY_S = 2.0
STALLED = 5000
"""Architectures proposed one after another of which none was new, after which a search ends."""


class Ended(Exception):  # noqa: N818 - it is how a search ends, not an error
    """The search is over; its first argument says why. Raised in methods, caught by `run.search`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come.

    Attributes:
        evaluations: architectures scored.
        best: first goal's best value among those that keep all limits; None while there is none.
    """

    evaluations: int
    seconds: float
    best: float | None


class Evaluator:
    """Calls give the scores of codes, in their order.

    Args:
        size: members that there are to score; default all of the space.
        known: what an earlier run of the same search has scored.
        keep: called with what has been scored every `SAVED_EVERY_S` seconds.

    Attributes:
        codes, values: what was scored, in that order.
    """

    def __init__(
        self,
        problem: Problem,
        budget: Budget,
        *,
        size: int | None = None,
        known: State | None = None,
        keep: Callable[[State], None] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.problem, self.budget, self._keep, self._progress = problem, budget, keep, progress
        self._size = problem.space.size if size is None else size
        self._tickets: dict[bytes, int] = {}  # key -> ticket, and by ticket its row of what was scored
        self._row, self._issued, self._scored = np.empty(1024, dtype=np.int64), 0, 0
        self._codes = np.empty((1024, len(problem.space.columns)), dtype=np.int8)
        self._values = np.empty((1024, len(problem.goals) + len(problem.limits)))
        self._known = {} if known is None else dict(zip(_keys(known.codes), known.values, strict=True))
        self._before = 0.0 if known is None else known.seconds
        self._began = self._saved = time.monotonic()
        self._idle = 0
        self._best: float | None = None

    def __len__(self) -> int:
        return self._scored

    @property
    def codes(self) -> Codes:
        """(n, k) scored architectures."""
        return self._codes[: len(self)]

    @property
    def values(self) -> Doubles:
        """(n, m + l), see `Problem.values`."""
        return self._values[: len(self)]

    @property
    def seconds(self) -> float:
        """Since the search began, stops left out."""
        return self._before + time.monotonic() - self._began

    @property
    def left(self) -> int | None:
        """Evaluations that are left; None where only seconds count."""
        most = self.budget.evaluations
        return None if most is None else most - len(self)

    def __call__(self, codes: Codes) -> Scores:
        """Scores of members of the space.

        Shapes:
            codes: (n, k)

        Raises:
            Ended: the budget is used up, all members were scored, or nothing new has come for long.
        """
        keys = _keys(codes)
        tickets, fresh = self._issue(keys)
        rows = fresh if self.left is None else fresh[: self.left]
        scored = 0
        try:
            self._score(codes[rows], tickets[rows])
            scored = len(rows)
        finally:
            for i in fresh[scored:]:
                del self._tickets[keys[i]]
        self._tell(fresh=len(fresh), proposed=len(keys))
        if scored < len(fresh):
            raise Ended("evaluations")
        return self.problem.scores(self._values[self._row[tickets]])

    def state(self) -> State:
        """What was scored so far, and what of an earlier run has not been reached again yet."""
        rest = {key: row for key, row in self._known.items() if key not in self._tickets}
        codes, values = self.codes, self.values
        if rest:
            ahead = np.frombuffer(b"".join(rest), dtype=np.int8).reshape(len(rest), -1)
            codes, values = np.vstack([codes, ahead]), np.vstack([values, *rest.values()])
        return State({}, codes.copy(), values.copy(), self.seconds)

    def has(self, codes: Codes) -> Bools:
        """Which members were scored already.

        Shapes:
            codes: (n, k); output: (n,)
        """
        return np.array([key in self._tickets for key in _keys(codes)], dtype=bool)

    def close(self) -> None:
        """Keep what was scored."""
        if self._keep is not None and len(self):
            self._keep(self.state())

    def _issue(self, keys: list[bytes]) -> tuple[Ints, Ints]:
        """Tickets of all, and rows that were not scored before, each architecture once."""
        start, end = self._issued, self._issued + len(keys)
        held = map(self._tickets.setdefault, keys, range(start, end))
        tickets = np.fromiter(held, dtype=np.int64, count=len(keys))
        while end > len(self._row):
            self._row = _doubled(self._row)
        self._issued = end
        return tickets, np.flatnonzero(tickets == np.arange(start, end))

    def _check_time(self) -> None:
        if self.budget.seconds is not None and self.seconds >= self.budget.seconds:
            raise Ended("seconds")

    def _score(self, codes: Codes, tickets: Ints) -> None:
        if not len(codes):
            return
        values = self._values_of(codes)
        start, end = len(self), len(self) + len(codes)
        while end > len(self._codes):
            self._codes, self._values = _doubled(self._codes), _doubled(self._values)
        self._codes[start:end], self._values[start:end] = codes, values
        self._row[tickets], self._scored = np.arange(start, end), end
        scores = self.problem.scores(values)
        kept: Bools = scores.violation == 0
        if kept.any():
            best = float(scores.costs[kept, 0].min())
            self._best = best if self._best is None else min(best, self._best)

    def _values_of(self, codes: Codes) -> Doubles:
        """Values from an earlier run where it has them, else from their sources."""
        if not self._known:
            self._check_time()
            return self.problem.values(codes)
        values, keys = np.empty((len(codes), self._values.shape[1])), _keys(codes)
        new = np.array([key not in self._known for key in keys])
        for i in np.flatnonzero(~new):
            values[i] = self._known[keys[i]]
        if new.any():
            self._check_time()
            values[new] = self.problem.values(codes[new])
        else:
            self._began = time.monotonic()  # what the earlier run took is counted already
        return values

    def _tell(self, *, fresh: int, proposed: int) -> None:
        now = time.monotonic()
        if self._keep is not None and now - self._saved > SAVED_EVERY_S:
            self._keep(self.state())
            self._saved = time.monotonic()
        if self._progress is not None and fresh:
            best = None if self._best is None else self._best * float(self.problem.signs[0])
            self._progress(Progress(len(self), self.seconds, best))
        if self.left == 0:
            raise Ended("evaluations")
        if len(self) >= self._size:
            raise Ended("all members of the space were scored")
        self._idle = 0 if fresh else self._idle + proposed
        if self._idle >= STALLED:
            raise Ended(f"nothing new among the last {self._idle} proposals")


def _keys(codes: Codes) -> list[bytes]:
    """The bytes of each row."""
    k = codes.shape[1]
    keys: list[bytes] = np.ascontiguousarray(codes, dtype=np.int8).view(f"V{k}").reshape(-1).tolist()
    return keys


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.empty_like(array)])
