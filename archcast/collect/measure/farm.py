"""Measuring on many boards at once: each network on each device, a lost board's networks on another.

One thread a board. Boards of one device take networks from one share (`archcast.collect.measure.sharing`).
All rows of a network on a device come from one board: they are given when the network is done. A network that
a lost board has begun is begun anew by another; after a restart it goes first to the board that has begun it.
"""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from archcast.collect.measure.farm_file import Board
from archcast.collect.measure.readings import begun_by
from archcast.collect.measure.remote import BoardChannel, open_shell, packages_for
from archcast.collect.measure.request import Request
from archcast.collect.measure.rows import Row, measure_rows, work
from archcast.collect.measure.sharing import Item, Share
from archcast.collect.measure.timing import TimingSettings
from archcast.core.errors import ArchcastError

if TYPE_CHECKING:
    from archcast.collect.store import MeasurementStore

ENDING_SECONDS = 5.0
"""Longest wait for each thread at the end; one may still wait for a board that is silent."""


@dataclass(frozen=True, slots=True)
class FarmReport:
    """How a farm's work went.

    Attributes:
        measured: board -> networks that it is done with, failed ones among them.
        lost: board -> why it was given up.
        troubles: board -> what went wrong and was tried again, and how often.
        undone: device -> networks that nobody has measured.
    """

    measured: Counter[str] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, Counter[str]] = field(default_factory=dict)
    undone: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Job:
    """The work on one device."""

    request: Request
    already: dict[str, set[str]]
    share: Share

    def missing(self, text: str) -> int:
        """How many metrics of a network are still to be measured."""
        return sum(text not in had for had in self.already.values())


class Farm:
    """Measures networks on all devices of a farm.

    Args:
        boards: from `read_farm`.
        requests: one a device of the boards.
        store: what it has is not measured again, and readings are kept there; None measures everything.
        settings: of the timing protocol.
        say: told in one sentence what happens to a board.
        make_channel: None makes the channel that the board's address asks for.

    Attributes:
        total: work to be done, in the unit of `run`'s progress.
        had: work that the store makes needless.
        report: complete when `run` has ended.
    """

    def __init__(
        self,
        boards: Sequence[Board],
        requests: Sequence[Request],
        *,
        store: MeasurementStore | None = None,
        settings: TimingSettings | None = None,
        say: Callable[[str], None] = lambda text: None,
        make_channel: Callable[[Board, Callable[[str], None]], BoardChannel] | None = None,
    ) -> None:
        self._boards, self._settings, self._say = tuple(boards), settings or TimingSettings(), say
        self._make_channel, self._store = make_channel or board_channel, store
        self._jobs = {request.device.name: self._job(request) for request in requests}
        self._channels: list[BoardChannel] = []
        self._results: queue.SimpleQueue[list[Row] | BaseException | None] = queue.SimpleQueue()
        self._progress: Callable[[float], None] = lambda part: None
        self._given_up = threading.Event()
        self.total = sum(work(job.request, job.already) for job in self._jobs.values())
        self.had = sum(work(job.request) for job in self._jobs.values()) - self.total
        self.report = FarmReport()

    def run(self, progress: Callable[[float], None] = lambda part: None) -> Generator[Row, None, None]:
        """Measure; gives the rows of a network when all of them are there.

        A board that is lost is not an error here: `report` says what came of it.

        Args:
            progress: called, from several threads, with parts of the work done; less than nothing when a
                lost board's work is taken back.
        """
        self._progress = progress
        threads = [threading.Thread(target=self._work, args=(b,), daemon=True) for b in self._boards]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                result = self._results.get()
                if result is None:
                    left -= 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    yield from result
        finally:
            self._given_up.set()
            for channel in list(self._channels):
                channel.abandon()
            for thread in threads:
                thread.join(ENDING_SECONDS)
            for name, job in self._jobs.items():
                if texts := job.share.undone():
                    self.report.undone[name] = texts

    def _job(self, request: Request) -> _Job:
        already: dict[str, set[str]] = {metric: set() for metric in request.metrics}
        owners, begun = {}, {}
        if self._store is not None:
            owners = _owners(self._store, request, already)
            begun = begun_by(
                self._store, space=request.space, device=request.device.name, dataset=request.dataset
            )
        boards = [board.name for board in self._boards if board.device == request.device]
        items = [
            Item(text, owners.get(text), begun.get(text))
            for text in request.networks
            if not all(text in had for had in already.values())
        ]
        if foreign := {item.owner for item in items} - {None, *boards}:
            self._say(
                f"some networks of {request.device.name} stay undone: their other metrics were measured on "
                f"{', '.join(sorted(name or 'a host' for name in foreign))}, which the farm does not list"
            )
        return _Job(request, already, Share(items, boards, block=self._settings.block))

    def _work(self, board: Board) -> None:
        """What a board's thread does."""
        job = self._jobs[board.device.name]
        channel = self._make_channel(board, self._say)
        self._channels.append(channel)
        try:
            while (items := job.share.take(board.name)) and not self._given_up.is_set():
                channel.open()
                self._measure(board, job, channel, items)
        except ArchcastError as error:
            if not self._given_up.is_set():
                self.report.lost[board.name] = str(error)
                self._say(f"{board.name} is lost: {error}")
        except BaseException as error:
            self._results.put(error)
        finally:
            channel.close()
            self.report.troubles[board.name] = channel.troubles
            job.share.leave(board.name)
            self._results.put(None)

    def _measure(self, board: Board, job: _Job, channel: BoardChannel, items: Sequence[Item]) -> None:
        """Measure networks on a board and hand on the rows of each as soon as all are there."""
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        shown = [0.0]

        def advance(part: float) -> None:
            shown[0] += part
            self._progress(part)

        request = job.request.only([item.text for item in items])
        try:
            for row in measure_rows(
                channel,
                request,
                board=board.name,
                already=job.already,
                settings=self._settings,
                store=self._store,
                timeout_s=board.timeout_s,
                progress=advance,
            ):
                rows[row["arch"]].append(row)
                if len(rows[row["arch"]]) == job.missing(row["arch"]):
                    job.share.done(board.name, row["arch"])
                    self.report.measured[board.name] += 1
                    self._results.put(rows.pop(row["arch"]))
        except BaseException:
            undone = set(job.share.undone())
            left = work(request.only(undone.intersection(request.networks)), job.already)
            self._progress(work(request, job.already) - left - shown[0])
            raise


def board_channel(board: Board, say: Callable[[str], None]) -> BoardChannel:
    """The channel to a board of a farm; what it says begins with the board's name."""
    named = partial(_say_named, say, board.name)
    return BoardChannel(open_shell(board.address), needs=packages_for(board.device), say=named)


def _say_named(say: Callable[[str], None], name: str, text: str) -> None:
    say(f"{name}: {text}")


def _owners(store: MeasurementStore, request: Request, already: dict[str, set[str]]) -> dict[str, str]:
    """Fill `already` from the store; architectures that are there -> boards that measured them."""
    table = store.to_table(space=request.space, device=request.device.name, dataset=request.dataset)
    owners: dict[str, str] = {}
    for row in table.select(["arch", "metric", "status", "environment"]).to_pylist():
        if row["status"] == "ok" and row["metric"] in already:
            already[row["metric"]].add(row["arch"])
            owners[row["arch"]] = json.loads(row["environment"] or "{}").get("board", "")
    return owners
