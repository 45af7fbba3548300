"""The timing protocol: how a network's latency is read from many noisy runs.

| step | what is done |
|---|---|
| block | at most `block` networks, of `block_mib` together, and the sentinels are loaded and warmed up |
| reading | `warm_up` runs, then the least of `runs` runs |
| round | one reading of each network and sentinel of the block, in an order shuffled anew |
| value | mean of the two least readings: interference only adds time, and no reading decides alone |
| spread | standard deviation over the `rounds` lowest readings |
| drift | how far a round's sentinel readings lie above their lowest so far, median over sentinels |
| repeat | a round over `drift_limit` does not count; a block has `extra_rounds` of these at most |
| again | networks with a spread over `spread_limit` of their value get `rounds` more, then are marked |
| noise floor | value of every other sentinel reading against that of the rest, median over sentinels |
| going on | readings that a run which was stopped has kept are those of its networks; their rounds count |
| | when all sentinels were read in them and do not drift, judged anew with what they take now |

The readings of a round that does not count are kept: a reading can be too high, never too low. Wall and
processor time are both read in every run; `clock` says which one is the value.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from archcast.collect.measure.channel import RefusedError
from archcast.collect.measure.readings import Reading, ReadingLog, Readings
from archcast.collect.measure.session import LoadRequest, NetworkError, Session
from archcast.core.checks import check_above_zero, check_at_least


@dataclass(frozen=True, slots=True)
class TimingSettings:
    """How often and how long networks are timed; the module's table says what the fields mean."""

    rounds: int = 8
    runs: int = 10
    warm_up: int = 2
    block: int = 25
    block_mib: float = 100.0
    extra_rounds: int = 5
    drift_limit: float = 0.10
    spread_limit: float = 0.05
    seed: int = 0

    def of_a_reading(self) -> dict[str, int]:
        """What readings must share to be of one measurement."""
        return {"rounds": self.rounds, "runs": self.runs, "warm_up": self.warm_up}

    def __post_init__(self) -> None:
        check_at_least(self, rounds=2, runs=1, warm_up=0, block=1, extra_rounds=0)
        check_above_zero(self, "block_mib", "drift_limit", "spread_limit")


@dataclass(frozen=True, slots=True)
class Timed:
    """What timing one network gave.

    Attributes:
        name: the network's name.
        ms: its latency by the clock that was asked for; None when it failed.
        spread_ms: see the module's table.
        rounds: how many readings `ms` is taken from.
        facts: `wall_ms`, `processor_ms`, what the sentinels showed, whether the row is marked, and how many
            readings an earlier run had kept.
        failure: why there is no value; empty when there is one.
    """

    name: str
    ms: float | None = None
    spread_ms: float | None = None
    rounds: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""


@dataclass(slots=True)
class _Block:
    """What is known of the networks that are timed together, and of the sentinels.

    Attributes:
        counted: rounds that count, of each network.
        resumed: readings that an earlier run had kept, of each network.
        failed: network -> why it has no value.
    """

    names: list[str]
    readings: dict[str, Readings]
    failed: dict[str, str]
    counted: Counter[str] = field(default_factory=Counter)
    resumed: Counter[str] = field(default_factory=Counter)


class Timer:
    """Times networks block by block against sentinels.

    Args:
        session: to the runner.
        sentinels: a few networks, timed again and again; their lowest readings are kept from block to
            block.
        clock: `processor` or `wall`.
        log: keeps the readings as they come, and has those of runs that were stopped.
        progress: called with how many networks' work is done since the last call, in parts of one.
    """

    def __init__(
        self,
        session: Session,
        sentinels: Mapping[str, LoadRequest],
        *,
        clock: str,
        settings: TimingSettings,
        log: ReadingLog | None = None,
        progress: Callable[[float], None] = lambda part: None,
    ) -> None:
        self._session, self._sentinels, self._settings = session, dict(sentinels), settings
        self._log = log or ReadingLog()
        self._kept: list[list[Reading]] = []
        self._clock, self._progress = clock, progress
        self._random = random.Random(settings.seed)
        self._lowest = dict.fromkeys(sentinels, float("inf"))
        self._repeated, self._reported, self._loaded_mib = 0, 0.0, 0.0

    def time(self, networks: Mapping[str, LoadRequest]) -> Iterator[Timed]:
        """Time each network once; a block's networks are given when the block is done.

        Raises:
            RefusedError: a sentinel cannot be run.
            ConnectionLostError: the runner cannot be reached any more.
        """
        left = dict(networks)
        self._kept = self._log.rounds()
        while left:
            for timed in self._time_block(left):
                del left[timed.name]
                yield timed

    def _time_block(self, left: Mapping[str, LoadRequest]) -> list[Timed]:
        """Time as many from the front as make a block."""
        self._repeated, self._reported = 0, 0.0
        failed: dict[str, str] = {}
        for name, make in self._sentinels.items():
            self._try(name, failed, partial(self._load, name, make))
        names = self._load_block(left, failed)
        block = _Block(names, {name: Readings() for name in (*self._sentinels, *names)}, failed)
        self._read_all(self._sentinels, block.readings, failed)
        self._resume(block)
        rounds = self._settings.rounds
        self._rounds(names, block, until=rounds)
        good = [n for n in names if n not in failed]
        again = [n for n in good if block.counted[n] > rounds or self._is_over(block.readings[n])]
        self._rounds(again, block, until=2 * rounds)
        self._read_all(self._sentinels, block.readings, failed)
        facts = self._block_facts(block.readings)
        for name in block.readings:
            self._session.unload(name)
        self._progress(len(names) - self._reported)
        return [
            Timed(name, failure=failed[name])
            if name in failed
            else self._timed(name, block, facts, again=name in again)
            for name in names
        ]

    def _resume(self, block: _Block) -> None:
        """Give the block's networks the readings that earlier runs have kept."""
        for kept in self._kept:
            for reading in kept:
                if reading.name in self._lowest:
                    self._note_lowest(reading)
        for kept in self._kept:
            mine = [reading for reading in kept if reading.name in block.readings]
            networks = [r.name for r in mine if r.name not in self._sentinels]
            if not networks:
                continue
            for reading in mine:
                block.readings[reading.name].add(reading.wall_ms, reading.processor_ms)
            sentinels = {r.name: self._by_clock(r) for r in mine if r.name in self._sentinels}
            counts = (
                len(sentinels) == len(self._sentinels)
                and self._drift(sentinels) <= self._settings.drift_limit
            )
            block.resumed.update(networks)
            block.counted.update(networks if counts else ())

    def _load_block(self, left: Mapping[str, LoadRequest], failed: dict[str, str]) -> list[str]:
        block: list[str] = []
        self._loaded_mib = 0.0
        for name, make in left.items():
            if len(block) == self._settings.block or self._loaded_mib >= self._settings.block_mib:
                break
            block.append(name)
            self._try(name, failed, partial(self._load, name, make))
        return block

    def _load(self, name: str, make: LoadRequest) -> None:
        self._loaded_mib += self._session.load(name, make)
        self._read(name)  # the first runs set up memory

    def _rounds(self, names: Sequence[str], block: _Block, *, until: int) -> None:
        """Read `names` until each has so many rounds that count; a round that drifts does not."""
        rounds = self._settings.rounds
        while names := [n for n in names if n not in block.failed and block.counted[n] < until]:
            number = self._log.new_round()
            fresh = {n: Readings() for n in (*names, *self._sentinels)}
            self._read_all(fresh, fresh, block.failed, number)
            drift = self._drift({n: fresh[n].of(self._clock)[0] for n in self._sentinels})
            for n, new in fresh.items():
                block.readings[n].wall += new.wall
                block.readings[n].processor += new.processor
            if drift > self._settings.drift_limit and self._repeated < self._settings.extra_rounds:
                self._repeated += 1
                continue
            block.counted.update(names)
            if until == rounds:
                self._reported += len(names) / rounds
                self._progress(len(names) / rounds)

    def _read_all(
        self,
        names: Mapping[str, Any],
        readings: dict[str, Readings],
        failed: dict[str, str],
        number: int | None = None,
    ) -> None:
        """One reading of each, in a shuffled order, kept when it is of a round."""
        order = list(names)
        self._random.shuffle(order)
        for name in order:
            self._try(name, failed, partial(self._add_reading, name, readings[name], number))

    def _add_reading(self, name: str, to: Readings, number: int | None) -> None:
        answer = self._read(name)
        reading = Reading(name, number or 0, min(answer["wall_ms"]), min(answer["processor_ms"]))
        to.add(reading.wall_ms, reading.processor_ms)
        if name in self._lowest:
            self._note_lowest(reading)
        if number is not None:
            self._log.add(reading)

    def _note_lowest(self, reading: Reading) -> None:
        self._lowest[reading.name] = min(self._lowest[reading.name], self._by_clock(reading))

    def _by_clock(self, reading: Reading) -> float:
        return reading.processor_ms if self._clock == "processor" else reading.wall_ms

    def _read(self, name: str) -> dict[str, Any]:
        return self._session.ask(
            name,
            "time",
            runs=self._settings.runs,
            warm_up=self._settings.warm_up,
            clock="thread" if self._clock == "processor" else "process",
        )

    def _try(self, name: str, failed: dict[str, str], act: Callable[[], None]) -> None:
        """Do something with a network; note why it failed, or raise when it is a sentinel."""
        try:
            act()
        except NetworkError as error:
            if name in self._sentinels:
                raise RefusedError(f"the sentinel network {name} cannot be measured: {error}") from error
            failed[name] = str(error)

    def _drift(self, sentinels: Mapping[str, float]) -> float:
        return statistics.median(value / self._lowest[n] - 1.0 for n, value in sentinels.items())

    def _spread(self, readings: Sequence[float]) -> float:
        return statistics.stdev(sorted(readings)[: self._settings.rounds])

    def _is_over(self, readings: Readings) -> bool:
        values = readings.of(self._clock)
        return self._spread(values) > self._settings.spread_limit * _value(values)

    def _block_facts(self, readings: Mapping[str, Readings]) -> dict[str, Any]:
        values = {n: readings[n].of(self._clock) for n in self._sentinels}
        halves = [(_value(v[::2]), _value(v[1::2])) for v in values.values()]
        noise = statistics.median(abs(a - b) / min(a, b) for a, b in halves)
        return {
            "clock": self._clock,
            "rounds": self._settings.rounds,
            "runs": self._settings.runs,
            "warm_up": self._settings.warm_up,
            "noise_floor_percent": round(100 * noise, 2),
            "drift_percent": round(100 * self._drift({n: min(v) for n, v in values.items()}), 2),
            "rounds_repeated": self._repeated,
            "load_average": self._session.load_average(),
            "sentinels_ms": {n: _rounded(_value(v)) for n, v in values.items()},
        }

    def _timed(self, name: str, block: _Block, facts: Mapping[str, Any], *, again: bool) -> Timed:
        readings = block.readings[name]
        values = readings.of(self._clock)
        own = {
            "wall_ms": _rounded(_value(readings.wall)),
            "processor_ms": _rounded(_value(readings.processor)),
            "measured_again": again,
            "readings_resumed": block.resumed[name],
            "over_spread_limit": self._is_over(readings),
        }
        return Timed(name, _value(values), self._spread(values), len(values), {**facts, **own})


def _value(readings: Sequence[float]) -> float:
    return statistics.fmean(sorted(readings)[:2])


def _rounded(ms: float) -> float:
    return float(f"{ms:.5g}")
