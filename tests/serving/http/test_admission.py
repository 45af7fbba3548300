"""What a request would have to wait, estimated from what was answered before."""

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
    """A lane that has answered a body of 100 kB every 10 ms, one after the other."""
    lane = Admission(clock)
    for _ in range(30):
        entered = lane.enter(BODY, left_s=1.0)
        clock.now += 0.01
        lane.leave(entered)
        clock.now += 5.0
    return lane


def test_idle_time_does_not_count(lane: Admission) -> None:
    assert lane.rate == pytest.approx((BODY + 2048) / 0.01)


def test_requests_are_let_in_while_they_will_be_answered_in_time(lane: Admission) -> None:
    for _ in range(20):  # a fifth of the second, 10 ms each
        lane.enter(BODY, left_s=1.0)
    with pytest.raises(TooLateError) as refused:
        lane.enter(BODY, left_s=1.0)
    assert refused.value.retry_after_s == pytest.approx(0.21)
    assert refused.value.whole_seconds == 1
    with pytest.raises(TooLateError):
        lane.enter(BODY, left_s=0.3)
    assert lane.enter(BODY, left_s=2.0)


def test_an_idle_lane_lets_anything_in(lane: Admission) -> None:
    assert lane.enter(10**9, left_s=0.001)


def test_what_was_let_in_and_answered_makes_room(lane: Admission, clock: Clock) -> None:
    entered = [lane.enter(BODY, left_s=1.0) for _ in range(20)]
    for one in entered:
        clock.now += 0.01
        lane.leave(one)
    assert lane.held == 0
    assert lane.rate == pytest.approx((BODY + 2048) / 0.01)
    assert lane.enter(BODY, left_s=0.03)


def test_a_slower_service_lets_in_fewer(lane: Admission, clock: Clock) -> None:
    for _ in range(100):
        entered = lane.enter(BODY, left_s=1.0)
        clock.now += 0.1
        lane.leave(entered)
    assert lane.rate == pytest.approx((BODY + 2048) / 0.1, rel=0.01)


def test_memory_for_bodies_is_bounded() -> None:
    arriving = Arriving(100)
    arriving.add(60)
    with pytest.raises(QueueFullError, match="60 bytes"):
        arriving.add(41)
    arriving.remove(60)
    arriving.add(100)


def test_seconds_to_wait_are_whole_and_at_least_one() -> None:
    assert [OverloadedError("", s).whole_seconds for s in (0.0, 0.2, 1.0, 1.1)] == [1, 1, 1, 2]
