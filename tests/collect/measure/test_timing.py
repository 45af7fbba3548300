"""The timing protocol against a runner of known times."""

from __future__ import annotations

from typing import Any

import pytest
from fake_runner import Breaks, FakeChannel, Ms

from archcast.collect.measure.channel import ChannelTimeoutError, ConnectionLostError, RefusedError
from archcast.collect.measure.session import Session
from archcast.collect.measure.timing import Timed, Timer, TimingSettings
from archcast.core.errors import InputError

SENTINELS = ("s0", "s1", "s2")


def timed(
    channel: FakeChannel, names: list[str], *, clock: str = "processor", **settings: Any
) -> list[Timed]:
    channel.open()
    made = TimingSettings(**{"rounds": 4, "runs": 3, "extra_rounds": 2, **settings})
    timer = Timer(
        Session(channel, timeout_s=1, pauses_s=(0.0, 0.0)),
        dict.fromkeys(SENTINELS, dict),
        clock=clock,
        settings=made,
    )
    return list(timer.time(dict.fromkeys(names, dict)))


def steady(**own: float) -> Ms:
    return lambda name, before: own.get(name, 1.0)


def test_a_steady_network_has_its_time_and_no_spread() -> None:
    (result,) = timed(FakeChannel(steady(a=3.0)), ["a"])
    assert (result.ms, result.spread_ms, result.rounds, result.failure) == (3.0, 0.0, 4, "")
    assert result.facts["processor_ms"] == 3.0
    assert result.facts["wall_ms"] == 6.0
    assert result.facts["clock"] == "processor"
    assert result.facts["noise_floor_percent"] == 0.0
    assert result.facts["drift_percent"] == 0.0
    assert result.facts["rounds_repeated"] == 0
    assert result.facts["load_average"] == [0.5, 0.5, 0.5]
    assert result.facts["sentinels_ms"] == dict.fromkeys(SENTINELS, 1.0)
    assert not result.facts["over_spread_limit"]
    assert not result.facts["measured_again"]


def test_the_clock_chooses_the_value() -> None:
    (result,) = timed(FakeChannel(steady(a=3.0)), ["a"], clock="wall")
    assert result.ms == 6.0
    assert result.facts["processor_ms"] == 3.0


def readings_of_a(values: list[float]) -> Ms:
    """Time of `a` at its first, second, ... reading, the last one from then on; others take 1 ms."""
    return lambda name, before: values[min(before, len(values) - 1)] if name == "a" else 1.0


def test_the_value_is_the_mean_of_the_two_least_readings_without_the_first_runs() -> None:
    (result,) = timed(FakeChannel(readings_of_a([0.5, 3.1, 3.0, 3.2, 3.05])), ["a"])
    assert result.ms == pytest.approx(3.025)
    assert result.spread_ms == pytest.approx(0.0854, abs=1e-4)
    assert result.rounds == 4


def test_a_reading_is_the_least_of_its_runs() -> None:
    class Spiky(FakeChannel):
        def request(self, message: Any, *, timeout_s: float) -> dict[str, Any]:
            answer = super().request(message, timeout_s=timeout_s)
            if message["command"] == "time":
                answer["processor_ms"] = [9.0, 2.0, 1.5]
            return answer

    assert timed(Spiky(steady()), ["a"])[0].ms == 1.5


def test_a_network_over_the_spread_limit_is_measured_again() -> None:
    channel = FakeChannel(readings_of_a([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]))
    a, b = sorted(timed(channel, ["a", "b"]), key=lambda t: t.name)
    assert (a.ms, a.spread_ms, a.rounds) == (1.0, 0.0, 8)
    assert a.facts["measured_again"]
    assert not a.facts["over_spread_limit"]
    assert (b.rounds, b.facts["measured_again"]) == (4, False)


def test_a_network_that_stays_over_the_limit_is_marked_and_keeps_its_value() -> None:
    (result,) = timed(FakeChannel(lambda name, before: 1.0 + before if name == "a" else 1.0), ["a"])
    assert result.facts["measured_again"]
    assert result.facts["over_spread_limit"]
    assert result.ms == 2.5


def test_a_round_that_drifts_is_repeated() -> None:
    # Readings of a sentinel: 0 at load, 1 before the rounds, 2 in the first round.
    channel = FakeChannel(lambda name, before: 1.5 if name in SENTINELS and before == 2 else 1.0)
    (result,) = timed(channel, ["a"])
    assert result.facts["rounds_repeated"] == 1
    assert result.rounds == 5


def test_repeats_end_when_everything_stays_slow() -> None:
    channel = FakeChannel(lambda name, before: 1.5 if name in SENTINELS and before >= 2 else 1.0)
    (result,) = timed(channel, ["a"], extra_rounds=2)
    assert result.facts["rounds_repeated"] == 2
    assert result.rounds == 6
    assert result.facts["drift_percent"] == 0.0


def test_a_slow_block_tells_its_drift() -> None:
    in_first_block = 1 + 1 + 4 + 1  # load, before, four rounds, after

    def ms(name: str, before: int) -> float:
        return 1.2 if name in SENTINELS and before >= in_first_block else 1.0

    first, second = timed(FakeChannel(ms), ["a", "b"], block=1, extra_rounds=0)
    assert first.facts["drift_percent"] == 0.0
    assert second.facts["drift_percent"] == pytest.approx(20.0)


def test_the_noise_floor_is_what_sentinels_show() -> None:
    def ms(name: str, before: int) -> float:
        return 1.03 if name in SENTINELS and before % 2 else 1.0

    (result,) = timed(FakeChannel(ms), ["a"])
    assert result.facts["noise_floor_percent"] == pytest.approx(3.0)


def test_blocks_bound_what_is_loaded_at_once() -> None:
    most = 0

    def watch(command: str, name: str) -> None:
        nonlocal most
        most = max(most, len(channel.loaded))

    channel = FakeChannel(steady(), breaks=watch)
    names = [f"n{i}" for i in range(7)]
    assert [t.name for t in timed(channel, names, block=3)] == names
    assert most == 3 + len(SENTINELS)
    assert not channel.loaded


def test_blocks_end_at_their_size() -> None:
    channel = FakeChannel(steady())  # networks of 1 MiB
    timed(channel, ["a", "b", "c", "d", "e"], block_mib=2.0)
    loads = [name for command, name in channel.asked if command == "load"]
    assert loads == [*SENTINELS, "a", "b", *SENTINELS, "c", "d", *SENTINELS, "e"]


def test_rounds_are_shuffled_by_the_seed() -> None:
    def order(seed: int) -> list[tuple[str, str]]:
        channel = FakeChannel(steady())
        timed(channel, [f"n{i}" for i in range(6)], seed=seed)
        return channel.asked

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_a_network_that_cannot_be_loaded_fails_alone() -> None:
    channel = FakeChannel(
        steady(), breaks=Breaks("load", "a", times=9, error=RefusedError("no such operator"))
    )
    a, b = timed(channel, ["a", "b"])
    assert (a.ms, a.failure) == (None, "no such operator")
    assert (b.ms, b.failure) == (1.0, "")


def test_a_connection_cut_once_costs_nothing() -> None:
    channel = FakeChannel(steady(), breaks=Breaks("time", "a", times=1))
    assert [t.ms for t in timed(channel, ["a", "b"])] == [1.0, 1.0]
    assert channel.opened == 2


@pytest.mark.parametrize("command", ["load", "time"])
def test_a_network_that_hangs_the_runner_twice_has_failed(command: str) -> None:
    breaks = Breaks(command, "a", times=2, error=ChannelTimeoutError("no answer within 1 s"))
    a, b = timed(FakeChannel(steady(), breaks=breaks), ["a", "b"])
    assert a.failure == "no answer within 1 s (twice)"
    assert b.ms == 1.0


def test_a_runner_that_never_comes_back_ends_the_run() -> None:
    gone = False

    def breaks(command: str, name: str) -> None:
        nonlocal gone
        gone = gone or (command, name) == ("time", "a")
        if gone:
            raise ConnectionLostError("no route to the board")

    with pytest.raises(ConnectionLostError, match="did not come back: no route to the board"):
        timed(FakeChannel(steady(), breaks=breaks), ["a"])


def test_a_sentinel_that_cannot_run_ends_the_run_with_its_reason() -> None:
    channel = FakeChannel(steady(), breaks=Breaks("load", "s1", times=9, error=RefusedError("no torch")))
    with pytest.raises(RefusedError, match="sentinel network s1 cannot be measured: no torch"):
        timed(channel, ["a"])


def test_progress_adds_up_to_the_networks() -> None:
    channel = FakeChannel(steady(), breaks=Breaks("load", "a", times=9, error=RefusedError("no")))
    channel.open()
    told: list[float] = []
    timer = Timer(
        Session(channel, timeout_s=1),
        dict.fromkeys(SENTINELS, dict),
        clock="wall",
        settings=TimingSettings(block=2),
        progress=told.append,
    )
    assert len(list(timer.time(dict.fromkeys("abcde", dict)))) == 5
    assert sum(told) == pytest.approx(5)
    assert len(told) > 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("rounds", 1), ("runs", 0), ("warm_up", -1), ("block", 0), ("extra_rounds", -1), ("drift_limit", 0.0)],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} must be"):
        TimingSettings(**{name: value})
