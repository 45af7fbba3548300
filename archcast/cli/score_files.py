"""`archcast score` of a folder of model files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archcast.cli.predict_networks import HOW
from archcast.core.pairs import numbers_of, shapes_of

if TYPE_CHECKING:
    from archcast.serving.filters import Wanted

_TOLD = 10
"""Files that could not be read and are named on standard error; all are in the CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesAsked:
    """What is asked of a folder of files, as the words of the command have it.

    Attributes:
        devices, wanted: on which devices, by name and by what they are like.
    """

    devices: Sequence[str]
    wanted: Wanted
    metric: str
    coverage: float
    batch: int
    inputs: Sequence[str]
    bind: Sequence[str]
    workers: int | None
    seconds: float


def score_folder(
    source: Path, to: Path, asked: FilesAsked, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Score a folder, name what could not be read, and give the record to print.

    Raises:
        InputError: as `archcast.serving.scale.files.score_files`, or no device is meant.
        UnknownNameError: no such device or metric.
    """
    from archcast.serving.scale.files import score_files
    from archcast.serving.store import store

    entries, _ = asked.wanted.among_networks(store(), asked.metric, asked.devices, how=HOW)
    done = score_files(
        source,
        to,
        entries,
        coverage=asked.coverage,
        batch=asked.batch,
        inputs=shapes_of(asked.inputs, "--input"),
        dims=numbers_of(asked.bind, "--bind"),
        workers=asked.workers or os.cpu_count() or 1,
        seconds=asked.seconds,
        progress=progress,
    )
    for file, why in list(done.refused.items())[:_TOLD]:
        typer.echo(f"archcast: {file} is left out: {why}", err=True)
    if len(done.refused) > _TOLD:
        typer.echo(f"archcast: and {len(done.refused) - _TOLD} more, see {to / 'refused.csv'}", err=True)
    return {
        "folder": str(done.folder),
        "files": done.files,
        "refused": len(done.refused),
        "devices": len(entries),
        "rows": done.rows,
        "made": done.made,
        "metric": asked.metric,
        "unit": done.unit,
    }
