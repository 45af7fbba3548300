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

The readings of a round that does not count are kept: a reading can be too high, never too low. Wall and
processor time are both read in every run; `clock` says which one is the value.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from archcast.collect.measure.channel import RefusedError
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
        facts: `wall_ms`, `processor_ms`, what the sentinels showed, and whether the row is marked.
        failure: why there is no value; empty when there is one.
    """

    name: str
    ms: float | None = None
    spread_ms: float | None = None
    rounds: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""


@dataclass(slots=True)
class _Readings:
    """Readings of one network, by clock."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def of(self, clock: str) -> list[float]:
        return self.processor if clock == "processor" else self.wall


class Timer:
    """Times networks block by block against sentinels.

    Args:
        session: to the runner.
        sentinels: a few networks, timed again and again; their lowest readings are kept from block to
            block.
        clock: `processor` or `wall`.
        progress: called with how many networks' work is done since the last call, in parts of one.
    """

    def __init__(
        self,
        session: Session,
        sentinels: Mapping[str, LoadRequest],
        *,
        clock: str,
        settings: TimingSettings,
        progress: Callable[[float], None] = lambda part: None,
    ) -> None:
        self._session, self._sentinels, self._settings = session, dict(sentinels), settings
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
        block = self._load_block(left, failed)
        readings = {name: _Readings() for name in (*self._sentinels, *block)}
        self._read_all(self._sentinels, readings, failed)
        self._rounds([n for n in block if n not in failed], readings, failed, part=len(block))
        again = [n for n in block if n not in failed and self._is_over(readings[n])]
        self._rounds(again, readings, failed, part=0)
        self._read_all(self._sentinels, readings, failed)
        facts = self._block_facts(readings)
        for name in readings:
            self._session.unload(name)
        self._progress(len(block) - self._reported)
        return [
            Timed(name, failure=failed[name])
            if name in failed
            else self._timed(name, readings[name], facts, again=name in again)
            for name in block
        ]

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

    def _rounds(
        self, names: Sequence[str], readings: dict[str, _Readings], failed: dict[str, str], *, part: float
    ) -> None:
        """Add `rounds` readings to each of `names`, and one more for each round that drifts."""
        kept = 0
        while names and kept < self._settings.rounds:
            names = [n for n in names if n not in failed]
            fresh = {n: _Readings() for n in (*names, *self._sentinels)}
            self._read_all(fresh, fresh, failed)
            drift = self._drift({n: fresh[n].of(self._clock)[0] for n in self._sentinels})
            for n, new in fresh.items():
                readings[n].wall += new.wall
                readings[n].processor += new.processor
            if drift > self._settings.drift_limit and self._repeated < self._settings.extra_rounds:
                self._repeated += 1
                continue
            kept += 1
            self._reported += part / self._settings.rounds
            self._progress(part / self._settings.rounds)

    def _read_all(
        self, names: Mapping[str, Any], readings: dict[str, _Readings], failed: dict[str, str]
    ) -> None:
        """One reading of each, in a shuffled order."""
        order = list(names)
        self._random.shuffle(order)
        for name in order:
            self._try(name, failed, partial(self._add_reading, name, readings[name]))

    def _add_reading(self, name: str, to: _Readings) -> None:
        answer = self._read(name)
        to.wall.append(min(answer["wall_ms"]))
        to.processor.append(min(answer["processor_ms"]))
        if name in self._lowest:
            self._lowest[name] = min(self._lowest[name], to.of(self._clock)[-1])

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

    def _is_over(self, readings: _Readings) -> bool:
        values = readings.of(self._clock)
        return self._spread(values) > self._settings.spread_limit * _value(values)

    def _block_facts(self, readings: Mapping[str, _Readings]) -> dict[str, Any]:
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

    def _timed(self, name: str, readings: _Readings, facts: Mapping[str, Any], *, again: bool) -> Timed:
        values = readings.of(self._clock)
        own = {
            "wall_ms": _rounded(_value(readings.wall)),
            "processor_ms": _rounded(_value(readings.processor)),
            "measured_again": again,
            "over_spread_limit": self._is_over(readings),
        }
        return Timed(name, _value(values), self._spread(values), len(values), {**facts, **own})


def _value(readings: Sequence[float]) -> float:
    return statistics.fmean(sorted(readings)[:2])


def _rounded(ms: float) -> float:
    return float(f"{ms:.5g}")
