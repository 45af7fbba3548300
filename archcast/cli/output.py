"""How results are printed: a table for people, JSON for programs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from archcast.core.errors import ArchcastWarning
from archcast.core.metric import METRICS

METRIC_HELP = f"One of {', '.join(METRICS)}."
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


_SENTENCES = ("about", "note", "reason", "why")
"""Columns of text that may be wrapped, as the first may."""
_NARROWEST = 16
"""To how many letters such a column is wrapped at most."""


def print_records(records: Sequence[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """Print records, all with the keys of the first."""
    if as_json:
        typer.echo(json.dumps(list(records), indent=1))
        return
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left")
    needed = 1
    for i, name in enumerate(records[0] if records else ()):
        numeric = all(isinstance(r[name], int | float) for r in records)
        whole = i > 0 and name not in _SENTENCES  # what is cut to fit must never be a number
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
        widest = max(map(cell_len, (name, *(_shown(r[name]) for r in records))))
        needed += 3 + (widest if whole else min(widest, _NARROWEST))
    for record in records:
        table.add_row(*(_shown(value) for value in record.values()), style=None)
    console = Console()
    wide = console.width if console.is_terminal else 200
    console = Console(width=max(wide, needed))
    console.print(table, markup=False)


def print_record(record: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one record, a line a key."""
    if as_json:
        typer.echo(json.dumps(record, indent=1))
        return
    width = max(len(key) for key in record)
    for key, value in record.items():
        typer.echo(f"{key:<{width}}  {_shown(value)}")


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return str(value)


@contextmanager
def telling_warnings() -> Iterator[None]:
    """Tell archcast's warnings on standard error as they come, one sentence each and each once."""
    seen: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", ArchcastWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if not issubclass(category, ArchcastWarning):
                usual(message, category, *where)
            elif (said := " ".join(str(message).split())) not in seen:
                seen.add(said)
                typer.echo(f"archcast: {said}", err=True)

        warnings.showwarning = show  # type: ignore[assignment] # file and line are passed on unread
        yield


@contextmanager
def shown_progress(
    name: str, *, hidden: bool = False, kept: str = ""
) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal, which is told how many of how many are done.

    Args:
        kept: said where Ctrl-C ends it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
    console = Console(stderr=True)
    hidden = hidden or not console.is_terminal
    try:
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    except KeyboardInterrupt:
        if kept:
            typer.echo(kept, err=True)
        raise
