"""Readings that a run has kept when it was stopped are used by the next one."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_runner import FACTS, FakeChannel
from store_writer import Forker, forker

from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.readings import begun_by
from archcast.collect.measure.request import make_request
from archcast.collect.measure.rows import measure_rows
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.store import MeasurementStore

ARCHS = ["02012100", "00000000", "11111111"]
SENTINELS = ("sentinel_25", "sentinel_50", "sentinel_75")
ROUNDS = 5
SETTINGS = TimingSettings(rounds=ROUNDS, runs=2, extra_rounds=2)
COLUMN = {"space": "macro", "device": "board-ort-1t", "dataset": "cifar10"}


class Killed(BaseException):
    """Ends a run at once."""


class Counted(FakeChannel):
    """Counts the readings of each network in rounds, and ends the run at the reading `dies_at` of one.

    Args:
        dies_at: name of a network, and how many of its rounds are read before.
    """

    def __init__(self, dies_at: tuple[str, int] = ("", 0), **more: Any) -> None:
        ms = more.pop("ms", lambda name, before: 2.0)
        super().__init__(ms, breaks=self._count, **more)
        self.dies_at = dies_at
        self.readings: Counter[str] = Counter()

    def _count(self, command: str, name: str) -> None:
        if command == "time":
            first = 2 if name in SENTINELS else 1  # the reading at loading, and that before the rounds
            if (name, self.readings[name] - first) == self.dies_at:
                raise Killed
            self.readings[name] += 1

    def rounds(self) -> dict[str, int]:
        """Rounds in which each network was read."""
        return {name: n - 1 for name, n in self.readings.items() if name not in SENTINELS}


def measure(
    store: MeasurementStore | None,
    channel: FakeChannel,
    *,
    archs: list[str] = ARCHS,
    settings: TimingSettings = SETTINGS,
    metrics: tuple[str, ...] = ("latency",),
    **more: Any,
) -> list[dict[str, Any]]:
    """Rows as they are appended; a network that the store has is left out."""
    channel.open()
    request = make_request("macro", archs, device=parse_device("board-ort-1t"), metrics=metrics)
    already = {} if store is None else {m: store.measured(metric=m, **COLUMN) for m in metrics}
    rows = []
    for row in measure_rows(channel, request, already=already, settings=settings, store=store, **more):
        if store is not None:
            store.append([row])
        rows.append(row)
    return rows


def facts(row: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(row["environment"])
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MeasurementStore]:
    with MeasurementStore(tmp_path / "store") as made:
        yield made


def kept(store: MeasurementStore) -> Counter[str]:
    """Readings in the store, by name."""
    with store.reading() as db:
        return Counter(name for (name,) in db.execute("SELECT arch FROM readings"))


def test_a_run_goes_on_with_the_rounds_it_lacks(store: MeasurementStore) -> None:
    first = Counted(dies_at=(ARCHS[1], 3))
    with pytest.raises(Killed):
        measure(store, first)
    before = first.rounds()
    assert before[ARCHS[1]] == 3
    assert {name: n for name, n in kept(store).items() if name in ARCHS} == before
    second = Counted()
    rows = measure(store, second)
    assert second.rounds() == dict.fromkeys(ARCHS, ROUNDS - 3)  # the round that was cut does not count
    for row in rows:
        assert (row["value"], row["repeats"]) == (2.0, before[row["arch"]] + ROUNDS - 3)
        assert facts(row)["readings_resumed"] == before[row["arch"]]
    assert kept(store) == {}
    assert store.measured(metric="latency", **COLUMN) == set(ARCHS)


def test_readings_of_before_decide_the_value(store: MeasurementStore) -> None:
    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], 4)), archs=ARCHS[:1])
    slower = Counted(ms=lambda name, before: 2.02 if name == ARCHS[0] else 2.0)
    (row,) = measure(store, slower, archs=ARCHS[:1])
    assert (row["value"], row["repeats"], slower.rounds()) == (2.0, ROUNDS, {ARCHS[0]: 1})


def test_rounds_that_turn_out_to_have_drifted_do_not_count(store: MeasurementStore) -> None:
    slow = Counted(dies_at=(ARCHS[0], 4), ms=lambda name, before: 3.0)
    with pytest.raises(Killed):
        measure(store, slow)
    second = Counted()
    rows = measure(store, second)
    assert second.rounds() == dict.fromkeys(ARCHS, ROUNDS)
    assert {row["value"] for row in rows} == {2.0}


def test_a_second_series_for_a_network_over_the_spread_limit_is_gone_on_with(store: MeasurementStore) -> None:
    def ms(name: str, before: int) -> float:
        return 1.0 + before if name == ARCHS[0] else 2.0

    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], ROUNDS + 2), ms=ms))
    assert kept(store)[ARCHS[0]] == ROUNDS + 2
    second = Counted(ms=ms)
    rows = {row["arch"]: row for row in measure(store, second)}
    assert second.rounds() == dict.fromkeys(ARCHS, 0) | {ARCHS[0]: ROUNDS - 2}
    assert facts(rows[ARCHS[0]])["measured_again"]
    assert not facts(rows[ARCHS[1]])["measured_again"]


@pytest.mark.parametrize(
    "changed",
    [
        {"board": "another"},
        {"settings": TimingSettings(rounds=ROUNDS, runs=3)},
        {"archs": ["22222222"]},
        {"facts": FACTS | {"governor": "powersave"}},
    ],
)
def test_readings_of_other_circumstances_are_not_used(
    store: MeasurementStore, changed: dict[str, Any]
) -> None:
    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], 3)))
    channel = Counted(facts=changed.get("facts", FACTS))
    rows = measure(store, channel, **{name: value for name, value in changed.items() if name != "facts"})
    assert {facts(row)["readings_resumed"] for row in rows} == {0}
    assert set(channel.rounds().values()) == {ROUNDS}


def test_measuring_again_takes_nothing_of_before(store: MeasurementStore) -> None:
    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], 3)))
    channel = Counted()
    rows = measure(None, channel)
    assert {facts(row)["readings_resumed"] for row in rows} == {0}


def test_a_measurement_of_another_metric_keeps_readings(store: MeasurementStore) -> None:
    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], 3)))
    before = kept(store)
    measure(store, FakeChannel(lambda name, before: 2.0), metrics=("memory",))
    assert kept(store) == before
    measure(store, FakeChannel(lambda name, before: 2.0), metrics=("throughput",), archs=ARCHS[:1])
    assert set(kept(store)) == {*ARCHS[1:], *SENTINELS}


def test_who_has_begun_a_network(store: MeasurementStore) -> None:
    with pytest.raises(Killed):
        measure(store, Counted(dies_at=(ARCHS[0], 3)), board="left")
    assert begun_by(store, **COLUMN) == dict.fromkeys(ARCHS, "left")
    measure(store, Counted(), archs=ARCHS[:2], board="right")
    assert begun_by(store, **COLUMN) == {ARCHS[2]: "left"}


@pytest.fixture(scope="module")
def runs() -> Iterator[Forker]:
    with forker() as process:
        yield process


def wait_for(done: Callable[[], bool]) -> None:
    """Look until it is so; a test's time limit ends what never comes."""
    while not done():
        time.sleep(0.005)


def test_a_process_that_is_killed_has_kept_its_rounds(runs: Forker, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    process = runs.start("measure", str(folder), ARCHS, ROUNDS)

    with MeasurementStore(folder) as store:
        wait_for(lambda: min(kept(store)[arch] for arch in ARCHS) >= 3)
        os.kill(process, signal.SIGKILL)
        assert runs.wait() == -signal.SIGKILL
        assert store.count() == 0
        before = kept(store)
        second = Counted()
        rows = measure(store, second)
        assert {row["arch"]: facts(row)["readings_resumed"] for row in rows} == {a: before[a] for a in ARCHS}
        assert max(second.rounds().values()) <= ROUNDS - 2
        assert store.count() == len(ARCHS)
