"""Storing measurements as they come, with progress, rate and time left; the same for every transport."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from archcast.collect.measure.channel import Channel
    from archcast.collect.measure.request import Request
    from archcast.collect.measure.timing import TimingSettings
    from archcast.collect.store import MeasurementStore

Row = Mapping[str, Any]
MakeRows = Callable[[Callable[[float], None]], Iterator[Row]]
"""Measures, given what is to be called with parts of the work done."""


def keep_rows(store: MeasurementStore, make: MakeRows, *, total: int) -> list[Row]:
    """Append each row to the store as soon as it is known; say how to go on when interrupted.

    Args:
        total: work to be done, in the unit in which `make` tells its progress.
    """
    kept: list[Row] = []
    try:
        with store, _shown_progress(total) as advance:
            for row in make(advance):
                store.append([row])
                kept.append(row)
    except KeyboardInterrupt:
        typer.echo(
            f"{len(kept)} measurements are kept in {store.folder}; the same command goes on from there",
            err=True,
        )
        raise
    return kept


def measure(
    channel: AbstractContextManager[Channel],
    request: Request,
    settings: TimingSettings,
    *,
    board: str = "",
    timeout_s: float,
    again: bool,
    as_json: bool,
) -> None:
    """Measure over a channel what the store lacks, or all `again`, and print what was kept.

    Args:
        channel: opened where there is anything to be done.
        board: the name that goes into every row; empty for this machine.
    """
    from archcast.collect.measure.rows import measure_rows, work
    from archcast.collect.store import MeasurementStore

    store, device = MeasurementStore(), request.device.name
    already: dict[str, set[str]] = {
        m: set() if again else store.measured(request.space, device, m, request.dataset)
        for m in request.metrics
    }
    rows: list[Row] = []
    if total := work(request, already):
        with _resumable(), channel as opened:
            rows = keep_rows(
                store,
                lambda advance: measure_rows(
                    opened,
                    request,
                    board=board,
                    already=already,
                    settings=settings,
                    store=None if again else store,
                    timeout_s=timeout_s,
                    progress=advance,
                ),
                total=total,
            )
    print_kept(rows, had=work(request) - total, folder=str(store.folder), as_json=as_json)


@contextmanager
def _resumable() -> Iterator[None]:
    """Add to the loss of a board how to go on."""
    from archcast.collect.measure.channel import ConnectionLostError
    from archcast.collect.measure.remote import BoardLostError

    try:
        yield
    except (BoardLostError, ConnectionLostError) as error:
        raise type(error)(
            f"{error}; what was measured is kept, the same command goes on from there"
        ) from error


def print_kept(rows: list[Row], *, had: int, folder: str, as_json: bool) -> None:
    """Print what was measured: counts and noise for people, the rows as well for programs."""
    from archcast.cli.output import print_record

    facts = [json.loads(row["environment"]) for row in rows]
    noise = [f["noise_floor_percent"] for f in facts if "noise_floor_percent" in f]
    record: dict[str, Any] = {
        "measured": sum(row["status"] == "ok" for row in rows),
        "failed": sum(row["status"] == "failed" for row in rows),
        "had already": had,
        "over the spread limit": sum(bool(f.get("over_spread_limit")) for f in facts),
        "noise floor (%)": round(statistics.median(noise), 2) if noise else None,
        "store": folder,
    }
    if as_json:
        names = ("arch", "device", "metric", "dataset", "value", "spread", "repeats", "status", "note")
        record["rows"] = [{name: row[name] for name in names} | _name(row) for row in rows]
    print_record(record, as_json=as_json)
    for row in rows:
        if row["status"] == "failed":
            called = _name(row).get("network", row["arch"])
            typer.echo(f"archcast: {called}: {row['note']}", err=True)


def _name(row: Row) -> dict[str, str]:
    """What a network of no space is called."""
    name = json.loads(row["environment"]).get("network")
    return {} if name is None else {"network": name}


@contextmanager
def _shown_progress(total: int) -> Iterator[Callable[[float], None]]:
    """A bar on standard error with networks done, rate and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(TextColumn):
        """Networks a minute so far."""

        def render(self, task: Task) -> Text:
            speed = task.completed / task.elapsed if task.elapsed else 0.0
            return Text(f"{60 * speed:.1f} a minute")

    columns = (
        TextColumn("measuring {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        Rate(""),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("measuring", total=total)
        yield lambda part: bar.advance(task, part)
