"""Readings of networks, kept as they come, so that a run that was stopped is gone on with.

A session is all that readings must share to be of one measurement: space, data set, device, board, what is
known of the machine, and how a reading is taken. Readings go from the store when the network's measurement
is appended to it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archcast.collect.measure.request import Request
from archcast.collect.rows import environment_json
from archcast.collect.store import MeasurementStore


class Reading(NamedTuple):
    """What one network took in one round, by both clocks."""

    name: str
    round: int
    wall_ms: float
    processor_ms: float


@dataclass(slots=True)
class Readings:
    """Readings of one network, by clock, in the order in which they were taken."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def add(self, wall_ms: float, processor_ms: float) -> None:
        """One more."""
        self.wall.append(wall_ms)
        self.processor.append(processor_ms)

    def of(self, clock: str) -> list[float]:
        """Those of `processor` or `wall`."""
        return self.processor if clock == "processor" else self.wall


class ReadingLog:
    """Keeps nothing; what is given to a timer that shall not go on with anything."""

    def rounds(self) -> list[list[Reading]]:
        """Rounds that were kept, oldest first."""
        return []

    def new_round(self) -> int:
        """A number that no round had before."""
        return time.time_ns()

    def add(self, reading: Reading) -> None:
        """Keep a reading; it survives the end of the process."""


class StoredReadings(ReadingLog):
    """Keeps readings in the measurement store.

    Args:
        request: what is measured.
        board: who measures; empty for a host.
        facts: of the machine and of how a reading is taken; with the names, the session.
    """

    def __init__(
        self,
        store: MeasurementStore,
        request: Request,
        *,
        board: str,
        facts: Mapping[str, Any],
    ) -> None:
        self._store, self._sentinels = store, request.sentinels
        self._of = (request.space, request.device.name, request.dataset, board)
        names = dict(zip(("space", "device", "dataset", "board"), self._of, strict=True))
        self._session = hashlib.sha256(environment_json({**facts, **names}).encode()).hexdigest()

    def rounds(self) -> list[list[Reading]]:
        """Rounds that earlier runs of the same measurements have kept, oldest first."""
        query = "SELECT arch, round, wall_ms, processor_ms FROM readings WHERE session = ? ORDER BY round, id"
        with self._store.reading() as db:
            readings = [Reading(*row) for row in db.execute(query, (self._session,))]
        by_round: dict[int, list[Reading]] = {}
        for reading in readings:
            by_round.setdefault(reading.round, []).append(reading)
        return list(by_round.values())

    def add(self, reading: Reading) -> None:
        """Keep a reading; it survives the end of the process, and costs microseconds.

        Raises:
            DataError: the store cannot be written to.
        """
        query = (
            "INSERT INTO readings "
            "(session, space, device, dataset, board, arch, sentinel, round, wall_ms, processor_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        sentinel = reading.name in self._sentinels
        with self._store.writing(durable=False) as db:
            db.execute(query, (self._session, *self._of, reading.name, sentinel, *reading[1:]))


def begun_by(store: MeasurementStore, *, space: str, device: str, dataset: str) -> dict[str, str]:
    """Architectures that have readings but no measurement -> the board that took the last of them."""
    query = (
        "SELECT arch, board FROM readings "
        "WHERE space = ? AND device = ? AND dataset = ? AND NOT sentinel ORDER BY id"
    )
    with store.reading() as db:
        return dict(db.execute(query, (space, device, dataset)).fetchall())
