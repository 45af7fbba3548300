"""The workers of a service: who gets one, for how long, and what becomes of one that does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from archcast.serving.frames import Frame
from archcast.serving.http.errors import LostError, QueueFullError, TooLateError, TooSlowError
from archcast.serving.http.networks.process import WorkerProcess

_MOST_WAITING = 64


class Pool:
    """Workers, started when they are needed; one that does not answer in time is killed.

    Where there are several, files get one less than all, so that networks that are known are answered for
    whatever the files are.

    Args:
        workers: most that run at once.
        memory_bytes: that each may take.
        work_s: seconds that one message may take.

    Attributes:
        waiting: messages for which no worker is free.
        ended: workers that were killed for the `time` they took, or ended by `itself`.
    """

    def __init__(self, workers: int, *, memory_bytes: int, work_s: float) -> None:
        self._memory_bytes, self._work_s = memory_bytes, work_s
        self._places = asyncio.Semaphore(workers)
        self._for_files = asyncio.Semaphore(max(1, workers - 1))
        self._idle: list[WorkerProcess] = []
        self._running: set[WorkerProcess] = set()
        self._tasks: set[asyncio.Task[Frame]] = set()
        self.waiting, self.ended = 0, {"time": 0, "itself": 0}

    async def ask(
        self, head: Mapping[str, object], parts: Sequence[bytes], *, deadline: float, of_file: bool
    ) -> Frame:
        """The answer to a message.

        Args:
            deadline: the caller's own, by `time.perf_counter`; a worker that is slower goes on.

        Raises:
            QueueFullError, TooLateError: all workers are busy for longer than a message may take, or the
                caller's deadline is over.
            TooSlowError: the worker took longer than a message may take.
            LostError: the worker ended.
            WorkerError: none can be started.
        """
        stack = await self._place(deadline, of_file=of_file)
        task = asyncio.create_task(self._ask(stack, head, parts))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        try:
            async with asyncio.timeout(_left_s(deadline)):
                return await asyncio.shield(task)
        except TimeoutError:
            raise TooLateError("the network was not answered for by the request's deadline", 1.0) from None

    async def start(self) -> None:
        """Start one, so that the first message does not wait for it."""
        async with self._places:
            self._idle.append(await self._started())

    async def close(self) -> None:
        """Kill all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in [*self._running]:
            await self._end(worker)
        self._idle.clear()

    async def _place(self, deadline: float, *, of_file: bool) -> AsyncExitStack:
        """A place among those that are answered for, to be left again."""
        if self.waiting >= _MOST_WAITING:
            raise QueueFullError(
                f"the service is busy: {self.waiting} networks wait to be read", self._work_s
            )
        stack = AsyncExitStack()
        self.waiting += 1
        try:
            async with asyncio.timeout(min(_left_s(deadline), self._work_s)):
                if of_file:
                    await stack.enter_async_context(self._for_files)
                await stack.enter_async_context(self._places)
        except BaseException as error:
            await stack.aclose()
            if isinstance(error, TimeoutError):
                raise TooLateError("the service is busy reading other networks", 1.0) from None
            raise
        finally:
            self.waiting -= 1
        return stack

    async def _ask(self, stack: AsyncExitStack, head: Mapping[str, object], parts: Sequence[bytes]) -> Frame:
        async with stack, self._worker() as worker:
            try:
                async with asyncio.timeout(self._work_s):
                    reply = await worker.ask(head, parts)
            except TimeoutError:
                self.ended["time"] += 1
                raise self._too_slow() from None
            except LostError:
                self.ended["itself"] += 1
                raise
            if not reply.head.get("last"):
                self._idle.append(worker)
            return reply

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[WorkerProcess]:
        """A worker, killed afterwards unless it is idle again."""
        while self._idle and not self._idle[-1].runs:
            await self._end(self._idle.pop())
        worker = self._idle.pop() if self._idle else await self._started()
        try:
            yield worker
        finally:
            if worker not in self._idle:
                await self._end(worker)

    async def _started(self) -> WorkerProcess:
        worker = WorkerProcess(self._memory_bytes)
        await worker.start()
        self._running.add(worker)
        return worker

    async def _end(self, worker: WorkerProcess) -> None:
        self._running.discard(worker)
        await worker.kill()

    def _done(self, task: asyncio.Task[Frame]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waits; nobody may

    def _too_slow(self) -> TooSlowError:
        return TooSlowError(
            "the network was not read and answered for in time: send it without its weights, or for fewer "
            f"devices (it may take {self._work_s:g} s at most)"
        )


def _left_s(deadline: float) -> float:
    """Seconds until a deadline, by `time.perf_counter`."""
    return deadline - time.perf_counter()
