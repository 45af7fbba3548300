"""Sessions over connections that break."""

from __future__ import annotations

import pytest
from fake_runner import Breaks, FakeChannel

from archcast.collect.measure.channel import ConnectionLostError, NonsenseError, RefusedError
from archcast.collect.measure.session import NetworkError, Session
from archcast.core.errors import InputError


def opened(channel: FakeChannel, pauses: tuple[float, ...] = (0.0, 0.0)) -> Session:
    channel.open()
    return Session(channel, timeout_s=1, pauses_s=pauses)


def channel_that(*breaks: Breaks) -> FakeChannel:
    def check(command: str, name: str) -> None:
        for one in breaks:
            one(command, name)

    return FakeChannel(lambda name, before: 1.0, breaks=check)


def time(session: Session, name: str) -> dict[str, object]:
    return session.ask(name, "time", runs=1, warm_up=0, clock="thread")


@pytest.mark.parametrize("error", [ConnectionLostError("cut"), NonsenseError("!?")])
def test_what_was_loaded_is_loaded_again_after_a_break(error: Exception) -> None:
    channel = channel_that(Breaks("time", "b", times=1, error=error))
    session = opened(channel)
    for name in ("a", "b"):
        assert session.load(name, dict) == 1.0
    assert time(session, "b")["ok"]
    assert time(session, "a")["ok"]
    assert channel.opened == 2
    assert [name for command, name in channel.asked if command == "load"] == ["a", "b", "a", "b"]


def test_a_network_that_breaks_the_runner_twice_is_not_loaded_again() -> None:
    channel = channel_that(Breaks("time", "b", times=2))
    session = opened(channel)
    session.load("a", dict)
    session.load("b", dict)
    with pytest.raises(NetworkError, match=r"fell silent \(twice\)"):
        time(session, "b")
    assert time(session, "a")["ok"]
    assert channel.loaded == {"a"}


def test_the_connection_is_tried_after_each_pause() -> None:
    hello = Breaks("hello", "", times=0)
    channel = channel_that(Breaks("time", "a", times=1), hello)
    session = opened(channel, pauses=(0.0, 0.0, 0.0))
    session.load("a", dict)
    hello.left = 2
    assert time(session, "a")["ok"]
    assert channel.opened == 4


def test_a_graph_that_cannot_be_written_is_the_networks_fault() -> None:
    def make() -> dict[str, object]:
        raise InputError("no ONNX form")

    session = opened(channel_that())
    for act in (lambda: session.load("a", make), lambda: session.ask_fresh("a", "memory", make)):
        with pytest.raises(NetworkError, match="no ONNX form"):
            act()


def test_a_refusal_is_told_and_costs_no_new_connection() -> None:
    channel = channel_that(Breaks("load", "a", times=9, error=RefusedError("too large")))
    session = opened(channel)
    with pytest.raises(NetworkError, match="too large"):
        session.load("a", dict)
    assert channel.opened == 1


def test_unloading_what_is_not_loaded_asks_nothing() -> None:
    channel = channel_that()
    opened(channel).unload("a")
    assert [command for command, _ in channel.asked] == ["hello"]
