"""Measurements over a channel: networks in, rows of the one schema out.

The same for every transport: `archcast.collect.measure.host` opens a channel to this machine, others open
theirs and call `measure_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from archcast.collect.measure.channel import Channel
from archcast.collect.measure.readings import ReadingLog, StoredReadings
from archcast.collect.measure.request import METRICS, Request
from archcast.collect.measure.row_maker import RowMaker
from archcast.collect.measure.session import LoadRequest, Session
from archcast.collect.measure.timing import Timer, TimingSettings
from archcast.collect.store import MeasurementStore

TIMEOUT_SECONDS = 120.0

Row = dict[str, Any]


def measure_rows(
    channel: Channel,
    request: Request,
    *,
    board: str = "",
    already: Mapping[str, Collection[str]] | None = None,
    settings: TimingSettings | None = None,
    store: MeasurementStore | None = None,
    timeout_s: float = TIMEOUT_SECONDS,
    progress: Callable[[float], None] = lambda part: None,
) -> Iterator[Row]:
    """Measure what is not measured yet, over an open channel.

    Args:
        board: the name that goes into every row's environment; empty for none.
        already: metric -> texts of architectures that have it, which are left out.
        store: keeps the readings of networks that are not done, and those that a run which was stopped has
            kept there are gone on with; appending the rows is the caller's. None keeps none.
        timeout_s: longest wait for one answer about one network.
        progress: called with how much was done since the last call; `work` gives the total.

    Returns:
        Rows with the columns of `archcast.core.measurements`, each as soon as it is known; a network that
        cannot be measured gives rows with the status `failed` and the reason.

    Raises:
        ConnectionLostError: the runner cannot be reached any more.
        RefusedError: not even a sentinel network can be run.
        DataError: energy is asked for and no sensor can be read, the runtime is not installed, or the store
            cannot be written to.
    """
    session = Session(channel, timeout_s=timeout_s)
    settings = settings or TimingSettings()
    maker = RowMaker(session, request, board=board)
    todo = _left(request, already or {})
    timed = {text: make for metric in ("latency", "throughput") for text, make in todo[metric].items()}
    if timed:
        facts = {**maker.facts, **settings.of_a_reading()}
        timer = Timer(
            session,
            request.sentinels,
            clock=request.device.clock,
            settings=settings,
            log=ReadingLog() if store is None else StoredReadings(store, request, board=board, facts=facts),
            progress=progress,
        )
        for result in timer.time(timed):
            yield from maker.time_rows(result, [m for m in todo if result.name in todo[m]])
    for text, make in todo["memory"].items():
        yield maker.memory_row(text, make)
        progress(1.0)
    for text, make in todo["energy"].items():
        yield maker.energy_row(text, make)
        progress(1.0)


def work(request: Request, already: Mapping[str, Collection[str]] | None = None) -> int:
    """How much `measure_rows` has to do: networks to time, and to measure in each other metric."""
    todo = _left(request, already or {})
    return len({*todo["latency"], *todo["throughput"]}) + len(todo["memory"]) + len(todo["energy"])


def _left(request: Request, already: Mapping[str, Collection[str]]) -> dict[str, dict[str, LoadRequest]]:
    """Metric -> networks to be measured in it."""
    networks = request.networks
    return {
        metric: {t: make for t, make in networks.items() if t not in already.get(metric, ())}
        if metric in request.metrics
        else {}
        for metric in METRICS
    }
