"""One part of a bulk scoring: read, predicted, and put in its place whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.errors import InputError
from archcast.core.files import atomic_write
from archcast.core.optional import require
from archcast.featurize.spaces.catalog import LARGE
from archcast.serving.scale.job import Job

ROW, VALUE = "row", "value"


def score_part(job: Job, number: int, *, threads: bool) -> int:
    """Make a part unless it is there.

    Args:
        threads: spread the part over this process's threads, which is for whoever has the machine alone.

    Returns:
        Its rows.

    Raises:
        InputError: an architecture cannot be parsed; the item is its row in the whole source.
    """
    rows = job.rows_of(number)
    if is_whole(job, number):
        return len(rows)
    loaded = job.load()
    at_once = len(rows) if threads else min(len(rows), LARGE)
    try:
        batch, kept = job.source.read(rows.start, rows.stop)
    except InputError as error:
        raise _in_source(error, rows.start) from error
    values = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), at_once):
        try:
            values[start : start + at_once] = loaded.predict(batch[start : start + at_once])
        except InputError as error:
            raise _in_source(error, rows.start + start) from error
    _write(job, number, kept | {VALUE: values})
    return len(rows)


def is_whole(job: Job, number: int) -> bool:
    """Whether a part is there with all of its rows; a damaged one is not."""
    pa = require("pyarrow", extra="scale", purpose="bulk scoring")
    from pyarrow import parquet

    rows = job.rows_of(number)
    try:
        metadata = parquet.read_metadata(job.place(number))
        ends = [_ends(metadata, group) for group in range(metadata.num_row_groups)]
    except (FileNotFoundError, pa.ArrowException, OSError):
        return False
    counted = metadata.num_rows == len(rows)
    return counted and ends[0][0] == rows[0] and ends[-1][1] == rows[-1]


def partials(folder: Path) -> list[Path]:
    """What workers that were killed left behind."""
    return sorted(folder.glob(".part-*.partial"))


def _ends(metadata: Any, group: int) -> tuple[int, int]:
    statistics = metadata.row_group(group).column(0).statistics
    return (-1, -1) if statistics is None else (statistics.min, statistics.max)


def _write(job: Job, number: int, columns: dict[str, Any]) -> None:
    pa = require("pyarrow", extra="scale", purpose="bulk scoring")
    from pyarrow import parquet

    rows = job.rows_of(number)
    about = {f"archcast.{key}": str(value) for key, value in job.describe().items()}
    table = pa.table({ROW: np.arange(rows.start, rows.stop, dtype=np.int64)} | columns, metadata=about)
    with atomic_write(job.place(number)) as partial:
        parquet.write_table(table, partial, compression="zstd")


def _in_source(error: InputError, start: int) -> InputError:
    """The same mistake with its row in the whole source in place of that in the part."""
    if error.item is None:
        return error
    reason = str(error).removesuffix(f" (item {error.item})")
    return InputError(reason, item=start + error.item)
