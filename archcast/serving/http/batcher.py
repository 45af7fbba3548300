"""Micro-batching: what waits for the same model is predicted in one go.

No request is held back to fill a batch. Those that arrive in one turn of the event loop go together, and
those that arrive while a thread predicts go together next.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Codes, Floats
from archcast.serving.http.errors import TooLateError
from archcast.serving.loaded import LoadedPredictor

_FADE = 0.9
"""Share of what was measured that stays when a new batch is measured."""
Ends = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets, all of one version of one model.

    Shapes:
        values: float32 (n,); interval: lower and upper ends, float32 (n,) each, or None
    """

    model: LoadedPredictor
    values: Floats
    interval: Ends | None


@dataclass(frozen=True, slots=True)
class _Waiting:
    codes: Codes
    deadline: float
    answer: asyncio.Future[Answer]


class Batcher:
    """The queue of one model and coverage, for one event loop.

    Args:
        coverage: of the intervals that are asked for, or None for none.
        batched: most architectures that are predicted in one go.
        inline_s: batches expected to take longer go to the executor.
        observe: told the size of each batch.
    """

    def __init__(
        self,
        model: LoadedPredictor,
        coverage: float | None,
        *,
        executor: Executor,
        batched: int,
        inline_s: float,
        observe: Callable[[int], None],
    ) -> None:
        self._model, self._coverage = model, coverage
        self._executor, self._inline_s, self._observe = executor, inline_s, observe
        self._most_batched = batched
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None
        self._under_way = 0
        self._spent_s, self._predicted = 0.0, 0.0
        self.queued = 0

    def expected_s(self, n: int) -> float | None:
        """How long n architectures take to predict, by the batches before; None when there were none."""
        return self._spent_s / self._predicted * n if self._predicted else None

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is predicted."""
        return not self._waiting and not self._under_way

    async def predict(self, codes: Codes, *, deadline: float) -> Answer:
        """Values of checked codes.

        Args:
            deadline: by `time.perf_counter`.

        Raises:
            TooLateError: the answer would come, or has come, after the deadline.
            InputError: the model has no intervals.
        """
        n = len(codes)
        ahead = self.queued + self._under_way
        self._check_time(ahead, n, deadline)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(codes, deadline, loop.create_future())
        self._waiting.append(waiting)
        self.queued += n
        if self._running is None:
            self._running = loop.create_task(self._run())
        if ahead or (self.expected_s(n) or self._inline_s) >= self._inline_s:
            try:
                async with asyncio.timeout(deadline - time.perf_counter()):
                    return await waiting.answer
            except TimeoutError:
                raise self._too_late(n) from None
        return await waiting.answer

    def _check_time(self, ahead: int, n: int, deadline: float) -> None:
        """Refuse what would not be ready in time; with nothing ahead it is always tried."""
        expected = self.expected_s(ahead + n)
        if ahead and expected is not None and time.perf_counter() + expected > deadline:
            raise TooLateError(
                f"{ahead} architectures are before these {n} at {self._model.entry.name}, which takes about "
                f"{expected:.2g} s: longer than the request may take",
                expected,
            )

    def _too_late(self, n: int) -> TooLateError:
        return TooLateError(
            f"{n} architectures of {self._model.entry.name} were not ready in time; ask later or for fewer",
            1.0,
        )

    async def _run(self) -> None:
        """Predict batch after batch until nothing waits."""
        try:
            while self._waiting:
                await self._batch(self._take())
        finally:
            self._running = None

    def _take(self) -> list[_Waiting]:
        """The next batch, without those that wait no longer."""
        taken: list[_Waiting] = []
        size, now = 0, time.perf_counter()
        while self._waiting and (not taken or size + len(self._waiting[0].codes) <= self._most_batched):
            waiting = self._waiting.popleft()
            self.queued -= len(waiting.codes)
            if waiting.answer.done():
                continue
            if now > waiting.deadline:
                waiting.answer.set_exception(self._too_late(len(waiting.codes)))
                continue
            taken.append(waiting)
            size += len(waiting.codes)
        return taken

    async def _batch(self, taken: list[_Waiting]) -> None:
        if not taken:
            return
        codes = taken[0].codes if len(taken) == 1 else np.concatenate([w.codes for w in taken])
        expected = self.expected_s(len(codes))
        self._observe(len(codes))
        self._under_way = len(codes)
        try:
            if expected is not None and expected <= self._inline_s:
                values, ends = self._predict(codes)
            else:
                loop = asyncio.get_running_loop()
                values, ends = await loop.run_in_executor(self._executor, self._predict, codes)
        except Exception as error:
            for waiting in taken:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        finally:
            self._under_way = 0
        start = 0
        for waiting in taken:
            part = slice(start, start + len(waiting.codes))
            start = part.stop
            if not waiting.answer.done():
                interval = None if ends is None else (ends[0][part], ends[1][part])
                waiting.answer.set_result(Answer(self._model, values[part], interval))

    def _predict(self, codes: Codes) -> tuple[Floats, Ends | None]:
        start = time.perf_counter()
        values, ends = self._model.predict_codes(codes), None
        if self._coverage is not None:
            ends = self._model.interval_codes(codes, self._coverage, predicted=values)
        took = time.perf_counter() - start
        self._spent_s = _FADE * self._spent_s + took
        self._predicted = _FADE * self._predicted + len(codes)
        return values, ends
