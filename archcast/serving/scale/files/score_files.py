"""What a folder of model files costs on some devices, into one CSV; a run that was ended goes on."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.checks import check_whole
from archcast.core.errors import InputError, shorten
from archcast.core.files import atomic_write
from archcast.featurize.networks import ENDINGS
from archcast.predictors.intervals import check_coverage
from archcast.serving.entry import Entry
from archcast.serving.scale.files.journal import FileResult, Journal
from archcast.serving.scale.files.plan import FilesPlan
from archcast.serving.scale.files.processes import ask_all

COSTS, REFUSED = "costs.csv", "refused.csv"
_COSTS = ("file", "network", "device", "metric", "unit", "value", "low", "high", "note")
_REFUSED = ("file", "why")
Progress = Callable[[int, int], None]
"""Told how many files are done, of how many."""


@dataclass(frozen=True)
class FilesScored:
    """What a scoring of files left in its folder.

    Attributes:
        files: that were answered for, and rows of them in `costs.csv`.
        refused: names of files that could not be read with the reason, which are in `refused.csv`.
        made: files looked at by this call; the others were known before.
    """

    folder: Path
    files: int
    rows: int
    refused: Mapping[str, str]
    made: int
    unit: str


def score_files(
    source: Path,
    folder: Path,
    entries: Sequence[Entry],
    *,
    coverage: float = 0.9,
    batch: int = 1,
    inputs: Mapping[str, Sequence[int]] | None = None,
    dims: Mapping[str, int] | None = None,
    workers: int = 1,
    seconds: float = 120.0,
    progress: Progress = lambda done, files: None,
) -> FilesScored:
    """Predict every model file below a folder on devices, with intervals.

    Files are read in processes of their own: one that cannot be read, takes too long or ends its process is
    named in `refused.csv` and leaves the others as they are. Called again after any end, it looks only at
    files that are new or have changed; `costs.csv` and `refused.csv` are written whole at the end.

    Args:
        source: folder with .onnx and .param files, at any depth.
        folder: where results go.
        entries: of networks, of one metric.
        coverage: of intervals, 0.5 to 0.99.
        batch, inputs, dims: as `archcast.network`, for all files.
        workers: processes that read files at once.
        seconds: that one file may take.

    Raises:
        InputError: there are no model files, or the folder holds something else.
    """
    check_coverage(coverage)
    check_whole(workers, "workers", least=1)
    if not seconds > 0:
        raise InputError(f"seconds must be above 0, got {shorten(seconds)}")
    files = _files(source)
    plan = FilesPlan.of(entries, coverage, batch=batch, inputs=inputs or {}, dims=dims or {})
    plan.claim(folder)
    journal = Journal(folder)
    journal.open()
    missing = [name for name, stamp in files.items() if not _is_done(journal.found.get(name), stamp)]
    progress(len(files) - len(missing), len(files))
    asked = ((name, str((source / name).absolute())) for name in missing)
    answers = ask_all(asked, plan.asked(), workers=min(workers, max(1, len(missing))), seconds=seconds)
    for count, (name, answer) in enumerate(answers, len(files) - len(missing) + 1):
        journal.add(_result(name, files[name], answer))
        progress(count, len(files))
    return _write(folder, plan, [journal.found[name] for name in files], len(missing))


def _files(source: Path) -> dict[str, tuple[int, int]]:
    """Model files below a folder by name, with their sizes and times."""
    try:
        paths = sorted(path for path in source.rglob("*") if path.suffix in ENDINGS and path.is_file())
        stats = {path.relative_to(source).as_posix(): path.stat() for path in paths}
    except OSError as error:
        raise InputError(f"folder {str(source)!r} cannot be read: {error}") from error
    if not stats:
        raise InputError(f"folder {str(source)!r} must hold .onnx or .param files, got none")
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def _is_done(result: FileResult | None, stamp: tuple[int, int]) -> bool:
    return result is not None and (result.size, result.changed_ns) == stamp


def _result(name: str, stamp: tuple[int, int], answer: Mapping[str, Any]) -> FileResult:
    costs = tuple(map(tuple, answer.get("costs", ())))
    return FileResult(name, *stamp, key=answer.get("key", ""), costs=costs, error=answer.get("error", ""))


def _write(folder: Path, plan: FilesPlan, results: Sequence[FileResult], made: int) -> FilesScored:
    """Write both CSV files."""
    rows: list[tuple[Any, ...]] = []
    for one in results:
        for device, (value, low, high, note) in zip(plan.devices, one.costs, strict=not one.error):
            rows.append((one.file, one.key, device, plan.metric, plan.unit, value, low, high, note))
    refused = {one.file: one.error for one in results if one.error}
    for name, head, lines in ((COSTS, _COSTS, rows), (REFUSED, _REFUSED, list(refused.items()))):
        with atomic_write(folder / name) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head)
            writer.writerows(lines)
    return FilesScored(folder, len(results) - len(refused), len(rows), refused, made, plan.unit)
