"""Requests for the same model are predicted together, each gets its own, and none waits in vain."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.serving.http.batcher import Batcher
from archcast.serving.http.errors import TooLateError

FAR = 1e18


class Handle:
    """Predicts the first code; may be held up, in which case it predicts nothing before it is let go."""

    def __init__(self) -> None:
        self.entry = SimpleNamespace(name="m")
        self.sizes: list[int] = []
        self.threads: set[str] = set()
        self.go = threading.Event()
        self.go.set()

    def predict_codes(self, codes):
        assert self.go.wait(20)
        self.sizes.append(len(codes))
        self.threads.add(threading.current_thread().name)
        if (codes[:, 1] < 0).any():
            raise InputError("no such code")
        return codes[:, 0].astype(np.float32)

    def interval_codes(self, codes, coverage, *, predicted):
        assert len(predicted) == len(codes)
        return predicted - coverage, predicted + coverage


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        yield pool


def make(handle, executor, coverage=None, **limits):
    given = {"batched": 50, "inline_s": 10.0, "observe": lambda size: None} | limits
    return Batcher(handle, coverage, executor=executor, **given)


def codes(*firsts):
    return np.array([[first, 0] for first in firsts], dtype=np.int8)


async def warm(batcher) -> None:
    await batcher.predict(codes(1), deadline=FAR)


def test_requests_of_one_turn_go_together_and_each_gets_its_own(executor) -> None:
    handle = Handle()

    async def main():
        batcher = make(handle, executor)
        await warm(batcher)
        asked = [codes(*range(i, i + 1 + i % 3)) for i in range(10)]
        answers = await asyncio.gather(*(batcher.predict(c, deadline=FAR) for c in asked))
        for c, answer in zip(asked, answers, strict=True):
            assert np.array_equal(answer.values, c[:, 0])
        return batcher

    batcher = asyncio.run(main())
    assert handle.sizes == [1, 19]
    assert batcher.idle
    assert batcher.queued == 0


def test_a_batch_is_bounded_and_nothing_is_lost(executor) -> None:
    handle = Handle()

    async def main():
        batcher = make(handle, executor, batched=4)
        await warm(batcher)
        asked = [codes(i, i) for i in range(7)] + [codes(*range(9))]
        answers = await asyncio.gather(*(batcher.predict(c, deadline=FAR) for c in asked))
        return [a.values.tolist() for a in answers]

    assert asyncio.run(main()) == [[i, i] for i in range(7)] + [list(range(9))]
    assert handle.sizes == [1, 4, 4, 4, 2, 9]


def test_what_is_expected_to_take_long_goes_to_the_thread(executor) -> None:
    slow, quick = Handle(), Handle()

    async def main():
        for handle, inline_s in ((slow, 0.0), (quick, 10.0)):
            batcher = make(handle, executor, inline_s=inline_s)
            await warm(batcher)
            handle.threads.clear()
            await batcher.predict(codes(1, 2), deadline=FAR)

    asyncio.run(main())
    assert slow.threads == {"pool_0"}
    assert quick.threads == {"MainThread"}


def test_intervals_come_with_their_own_values(executor) -> None:
    handle = Handle()

    async def main():
        batcher = make(handle, executor, coverage=0.5)
        return await asyncio.gather(*(batcher.predict(codes(i), deadline=FAR) for i in (3, 4)))

    first, second = asyncio.run(main())
    assert [e.tolist() for e in first.interval] == [[2.5], [3.5]]
    assert [e.tolist() for e in second.interval] == [[3.5], [4.5]]
    assert handle.sizes == [2], "an interval is made of the values, which are not predicted again"


def test_what_would_come_too_late_is_refused_at_once(executor) -> None:
    handle = Handle()

    async def main():
        batcher = make(handle, executor, inline_s=0.0)
        await warm(batcher)
        batcher._spent_s = batcher._predicted * 1.0  # a second for each architecture
        handle.go.clear()
        first = asyncio.create_task(batcher.predict(codes(1), deadline=FAR))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(TooLateError, match="takes about 6 s") as refused:
            await batcher.predict(codes(*range(5)), deadline=time.perf_counter() + 5.5)
        handle.go.set()
        await first
        return refused.value

    assert asyncio.run(main()).retry_after_s == pytest.approx(6)


def test_what_is_late_all_the_same_is_told_at_its_deadline_and_not_predicted(executor) -> None:
    handle = Handle()

    async def main():
        batcher = make(handle, executor, inline_s=0.0)
        await warm(batcher)
        handle.go.clear()
        held = asyncio.create_task(batcher.predict(codes(1), deadline=FAR))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = batcher.predict(codes(7, 7, 7), deadline=time.perf_counter() + 0.05)
        with pytest.raises(TooLateError, match="not ready in time"):
            await late
        handle.go.set()
        await held
        await batcher.predict(codes(2), deadline=FAR)

    asyncio.run(main())
    assert handle.sizes == [1, 1, 1]


def test_an_error_reaches_all_of_its_batch_and_nobody_after(executor) -> None:
    async def main():
        batcher = make(Handle(), executor)
        await warm(batcher)
        bad = np.array([[1, -1]], dtype=np.int8)
        found = await asyncio.gather(
            *(batcher.predict(c, deadline=FAR) for c in (codes(1), bad)), return_exceptions=True
        )
        assert [type(f) for f in found] == [InputError, InputError]
        return (await batcher.predict(codes(4), deadline=FAR)).values.tolist()

    assert asyncio.run(main()) == [4]
