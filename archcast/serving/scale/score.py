"""Bulk scoring: a predictor over millions of architectures, in parts, each row exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archcast.core.checks import check_whole
from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.serving.engine import load
from archcast.serving.loaded import LoadedPredictor
from archcast.serving.scale.job import Job
from archcast.serving.scale.part import is_whole, partials, score_part
from archcast.serving.scale.ray_data import score_with_ray
from archcast.serving.scale.sources import Source

ENGINES = ("local", "ray")
PART_ROWS = 100_000
Progress = Callable[[int, int], None]
"""Told how many parts are there, of how many."""


@dataclass(frozen=True)
class Scored:
    """What a bulk scoring left in its folder.

    Attributes:
        rows: counted in the parts once all are there.
        made: parts made by this call; the others were there before.
    """

    folder: Path
    rows: int
    parts: int
    made: int
    unit: str


def score(
    source: Source,
    folder: Path,
    *,
    space: str,
    device: str | None,
    metric: str = "latency",
    dataset: str | None = None,
    predictor: str | None = None,
    engine: str = "local",
    part_rows: int = PART_ROWS,
    address: str | None = None,
    progress: Progress = lambda done, parts: None,
) -> Scored:
    """Predict every row of a source into Parquet files of `part_rows` rows.

    A part is written whole under its final name or not at all. Called again after any end, it makes only
    the parts that are missing. Each file has the columns `row` (id, the position in the source), `arch`
    (what the Parquet column held) or `codes`, and `value` in the metric's unit.

    Args:
        engine: `local`, or `ray`: Ray Data, one task a part, tried again when its worker dies.
        address: of a Ray cluster; None starts one on this machine, or takes the one already connected to.
        space, device, metric, dataset, predictor: as `archcast.load`.

    Raises:
        InputError: an architecture cannot be parsed (the item is its row), or the folder holds something
            else. Parts made before stay.
        UnknownNameError: as `archcast.load`.
        DataError: a row is missing at the end.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    check_whole(part_rows, "part_rows", least=1)
    if address is not None and engine != "ray":
        raise InputError(f"address is for the engine ray, got {address!r} for {engine}")
    job = _job(source, folder, load(device, metric, space, dataset=dataset, predictor=predictor), part_rows)
    job.claim()
    missing = [number for number in range(job.parts) if not is_whole(job, number)]
    there = job.parts - len(missing)
    progress(there, job.parts)

    def one_more() -> None:
        nonlocal there
        there += 1
        progress(there, job.parts)

    if engine == "ray":
        score_with_ray(job, missing, one_more, address=address)
    else:
        _score_here(job, missing, one_more)
    return Scored(folder, _count(job), job.parts, len(missing), job.unit)


def _job(source: Source, folder: Path, loaded: LoadedPredictor, part_rows: int) -> Job:
    entry = loaded.entry
    return Job(
        space=entry.space,
        metric=entry.metric,
        unit=entry.unit,
        device=entry.device,
        dataset=entry.dataset,
        predictor=entry.predictor,
        sha256=entry.sha256,
        source=source,
        part_rows=part_rows,
        folder=folder.resolve(),
    )


def _score_here(job: Job, missing: Sequence[int], one_more: Callable[[], None]) -> None:
    for number in missing:
        score_part(job, number, threads=True)
        one_more()


def _count(job: Job) -> int:
    """Rows that are there, once; also takes away what killed workers left."""
    for number in range(job.parts):
        if not is_whole(job, number):
            raise DataError(
                f"part {job.place(number)} must be there with its {len(job.rows_of(number))} rows"
            )
    for left in partials(job.folder):
        left.unlink(missing_ok=True)
    return sum(len(job.rows_of(number)) for number in range(job.parts))
