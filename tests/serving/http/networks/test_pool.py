"""Workers that answer, hang and end."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import pytest

from archcast.serving.frames import Frame
from archcast.serving.http.errors import LostError, QueueFullError, TooLateError, TooSlowError, WorkerError
from archcast.serving.http.networks import pool as module
from archcast.serving.http.networks import process
from archcast.serving.http.networks.pool import Pool


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_MODULE", "fake_network_worker")


def soon(seconds: float = 60.0) -> float:
    return time.perf_counter() + seconds


def check_in_pool(work: Callable[[Pool], Awaitable[None]], *, workers: int = 1, work_s: float = 60.0) -> None:
    async def run() -> None:
        pool = Pool(workers, memory_bytes=2**30, work_s=work_s)
        try:
            await work(pool)
        finally:
            await pool.close()

    asyncio.run(run())


async def ask(pool: Pool, what: str = "", *, of_file: bool = False, seconds: float = float("inf")) -> Frame:
    head = {"kind": "known", "what": what}
    return await pool.ask(head, [b"ab", b"c" * 3_000_000], deadline=soon(seconds), of_file=of_file)


def test_one_process_answers_message_after_message() -> None:
    async def work(pool: Pool) -> None:
        await pool.start()
        first, second = await ask(pool), await ask(pool, of_file=True)
        assert first.parts[0] == second.parts[0] == b"3000002"
        assert first.head["pid"] == second.head["pid"] != os.getpid()
        last, after = await ask(pool, "last"), await ask(pool)
        assert last.head["pid"] == first.head["pid"] != after.head["pid"]
        assert pool.ended == {"time": 0, "itself": 0}

    check_in_pool(work)


def test_one_that_hangs_is_killed_and_the_next_is_answered() -> None:
    async def work(pool: Pool) -> None:
        pid = (await ask(pool)).head["pid"]
        with pytest.raises(TooSlowError, match="not read and answered for in time"):
            await ask(pool, "hang")
        assert (await ask(pool)).head["pid"] != pid
        assert pool.ended == {"time": 1, "itself": 0}
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    check_in_pool(work, work_s=0.5)


def test_one_that_ends_is_told_and_the_next_is_answered() -> None:
    async def work(pool: Pool) -> None:
        with pytest.raises(LostError, match="ended the process that did so: it may take 1024 MiB"):
            await ask(pool, "end")
        assert (await ask(pool)).parts[0] == b"3000002"
        assert pool.ended == {"time": 0, "itself": 1}

    check_in_pool(work)


def test_one_that_ended_while_nothing_was_asked_is_replaced() -> None:
    async def work(pool: Pool) -> None:
        pid = (await ask(pool)).head["pid"]
        os.kill(pid, 9)
        while next(iter(pool._idle)).runs:
            await asyncio.sleep(0.01)
        assert (await ask(pool)).head["pid"] != pid

    check_in_pool(work)


def test_who_waits_too_long_for_a_worker_is_told_so() -> None:
    async def work(pool: Pool) -> None:
        slow = asyncio.create_task(ask(pool, "hang", seconds=1.0))
        await asyncio.sleep(0)
        with pytest.raises(TooLateError, match="busy reading other networks"):
            await ask(pool, seconds=0.2)
        with pytest.raises(TooLateError, match="not answered for by the request's deadline"):
            await slow

    check_in_pool(work)


def test_files_leave_a_worker_for_what_is_known() -> None:
    async def work(pool: Pool) -> None:
        slow = asyncio.create_task(ask(pool, "hang", of_file=True, seconds=30.0))
        await asyncio.sleep(0)
        with pytest.raises(TooLateError):
            await ask(pool, of_file=True, seconds=0.2)
        assert (await ask(pool)).parts[0] == b"3000002"
        slow.cancel()

    check_in_pool(work, workers=2)


def test_no_more_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 0)

    async def work(pool: Pool) -> None:
        with pytest.raises(QueueFullError, match="0 networks wait"):
            await ask(pool)

    check_in_pool(work)


def test_a_process_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_MODULE", "no_such_module")

    async def work(pool: Pool) -> None:
        with pytest.raises(WorkerError, match="cannot be started"):
            await ask(pool)

    check_in_pool(work)
