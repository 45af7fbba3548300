"""What is let in, by how long what was let in before took."""

import pytest

from archcast.serving.http.admission import Admission, Arriving, OverloadedError, QueueFullError, TooLateError

BODY = 100_000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lane(clock: Clock) -> Admission:
    """A lane of a service that is to answer within a second, which aims at a fifth of it."""
    return Admission(1.0, clock)


def fill(lane: Admission) -> list:
    """Requests of 100 kB, until one is refused."""
    entered = []
    while not lane.refuses(BODY, left_s=1.0):
        entered.append(lane.enter(BODY, left_s=1.0))
    return entered


def answer_after(lane: Admission, clock: Clock, entered: list, seconds: float) -> None:
    clock.now += seconds
    for one in entered:
        lane.leave(one)


def test_the_first_window_is_a_mebibyte(lane: Admission) -> None:
    assert len(fill(lane)) == (1 << 20) // (BODY + 2048)
    with pytest.raises(TooLateError) as refused:
        lane.enter(BODY, left_s=1.0)
    assert refused.value.whole_seconds == 1


def test_full_windows_that_are_answered_soon_double_it(lane: Admission, clock: Clock) -> None:
    sizes = []
    for _ in range(4):
        entered = fill(lane)
        sizes.append(len(entered))
        answer_after(lane, clock, entered, 0.05)
    assert sizes[-1] > 2 * sizes[0]
    assert lane.held == 0


def test_a_window_that_takes_the_time_it_should_stays(lane: Admission, clock: Clock) -> None:
    before = lane.window
    answer_after(lane, clock, fill(lane), 0.15)
    assert lane.window == before


def test_requests_that_do_not_fill_the_window_leave_it(lane: Admission, clock: Clock) -> None:
    before = lane.window
    for _ in range(100):
        answer_after(lane, clock, [lane.enter(BODY, left_s=1.0)], 0.01)
    assert lane.window == before


def test_late_answers_cut_the_window_once(lane: Admission, clock: Clock) -> None:
    before = lane.window
    entered = fill(lane)
    answer_after(lane, clock, entered, 0.25)
    assert lane.window == pytest.approx(before * 0.2 / 0.25)
    answer_after(lane, clock, fill(lane), 5.0)
    assert lane.window == pytest.approx(before * 0.2 / 0.25 / 2)


def test_the_window_never_closes(lane: Admission, clock: Clock) -> None:
    for _ in range(100):
        answer_after(lane, clock, fill(lane), 10.0)
    assert len(fill(lane)) == (1 << 18) // (BODY + 2048)


def test_a_request_in_a_hurry_is_refused_sooner(lane: Admission) -> None:
    for _ in range(4):
        lane.enter(BODY, left_s=1.0)
    with pytest.raises(TooLateError):
        lane.enter(BODY, left_s=0.3)
    assert lane.enter(BODY, left_s=1.0)


def test_an_idle_lane_lets_anything_in(lane: Admission) -> None:
    assert lane.enter(10**9, left_s=0.001)


def test_memory_for_bodies_is_bounded() -> None:
    arriving = Arriving(100)
    arriving.add(60)
    with pytest.raises(QueueFullError, match="60 bytes"):
        arriving.add(41)
    arriving.remove(60)
    arriving.add(100)


def test_seconds_to_wait_are_whole_and_at_least_one() -> None:
    assert [OverloadedError("", s).whole_seconds for s in (0.0, 0.2, 1.0, 1.1)] == [1, 1, 1, 2]
