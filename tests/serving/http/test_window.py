"""What is let in, by how long what was let in before took."""

import pytest

from archcast.serving.http.errors import OverloadedError, TooLateError
from archcast.serving.http.window import Window

BODY = 100_000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(clock: Clock) -> Window:
    """That of a service that is to answer within a second, which aims at a fifth of it."""
    return Window(1.0, clock)


def fill(window: Window) -> list:
    """Requests of 100 kB, until one is refused."""
    entered = []
    while True:
        try:
            entered.append(window.enter(BODY, left_s=1.0))
        except TooLateError:
            return entered


def answer_after(window: Window, clock: Clock, entered: list, seconds: float) -> None:
    clock.now += seconds
    for one in entered:
        window.leave(one)


def test_the_first_window_is_a_mebibyte(window: Window) -> None:
    assert len(fill(window)) == (1 << 20) // (BODY + 2048)
    with pytest.raises(TooLateError) as refused:
        window.enter(BODY, left_s=1.0)
    assert refused.value.whole_seconds == 1


def test_full_windows_that_are_answered_soon_double_it(window: Window, clock: Clock) -> None:
    sizes = []
    for _ in range(4):
        entered = fill(window)
        sizes.append(len(entered))
        answer_after(window, clock, entered, 0.05)
    assert sizes[-1] > 2 * sizes[0]
    assert window.held == 0


def test_a_window_that_takes_the_time_it_should_stays(window: Window, clock: Clock) -> None:
    before = window.bytes
    answer_after(window, clock, fill(window), 0.15)
    assert window.bytes == before


def test_requests_that_do_not_fill_the_window_leave_it(window: Window, clock: Clock) -> None:
    before = window.bytes
    for _ in range(100):
        answer_after(window, clock, [window.enter(BODY, left_s=1.0)], 0.01)
    assert window.bytes == before


def test_late_answers_cut_the_window_once(window: Window, clock: Clock) -> None:
    before = window.bytes
    entered = fill(window)
    answer_after(window, clock, entered, 0.25)
    assert window.bytes == pytest.approx(before * 0.2 / 0.25)
    answer_after(window, clock, fill(window), 5.0)
    assert window.bytes == pytest.approx(before * 0.2 / 0.25 / 2)


def test_the_window_never_closes(window: Window, clock: Clock) -> None:
    for _ in range(100):
        answer_after(window, clock, fill(window), 10.0)
    assert len(fill(window)) == (1 << 18) // (BODY + 2048)


def test_a_request_in_a_hurry_is_refused_sooner(window: Window) -> None:
    for _ in range(4):
        window.enter(BODY, left_s=1.0)
    with pytest.raises(TooLateError):
        window.enter(BODY, left_s=0.3)
    assert window.enter(BODY, left_s=1.0)


def test_an_idle_window_lets_anything_in(window: Window) -> None:
    assert window.enter(10**9, left_s=0.001)


def test_seconds_to_wait_are_whole_and_at_least_one() -> None:
    assert [OverloadedError("", s).whole_seconds for s in (0.0, 0.2, 1.0, 1.1)] == [1, 1, 1, 2]
