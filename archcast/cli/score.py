"""`archcast score`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.inputs import Notation
from archcast.cli.network import Bind, Input
from archcast.cli.output import METRIC_HELP, Json, print_record, shown_progress
from archcast.cli.predict import Hardware, Precision, Runtime
from archcast.cli.score_files import FilesAsked, score_folder
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.serving.scale import Source

_LOCAL, _PART_ROWS, _COVERAGE, _SECONDS = "local", 100_000, 0.9, 120.0
Progress = Callable[[int, int], None]


def score(
    to: Annotated[Path, typer.Option("--to", help="Folder of the results; named again, it goes on.")],
    space: Annotated[str | None, typer.Option(help="Search space; of architectures alone.")] = None,
    device: Annotated[
        list[str] | None,
        typer.Option("--device", "-d", help="Device; for accuracy the data set; of files also several."),
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--in",
            help="File of architectures (Parquet, CSV, JSON, one a line), or folder of model files.",
        ),
    ] = None,
    column: Annotated[str, typer.Option(help="Column of that file.")] = "arch",
    notation: Notation = None,
    n: Annotated[int | None, typer.Option("--n", help="Draw so many members of the space.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    every: Annotated[bool, typer.Option("--every", help="Score all members of the space.")] = False,
    engine: Annotated[str, typer.Option(help="local, or ray (Ray Data).")] = _LOCAL,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster; left out, Ray is started on this machine.")
    ] = None,
    part_rows: Annotated[int, typer.Option(help="Rows of a part.")] = _PART_ROWS,
    hardware: Hardware = None,
    runtime: Runtime = None,
    precision: Precision = None,
    threads: Annotated[int | None, typer.Option(help="Devices with so many threads or cores.")] = None,
    coverage: Annotated[
        float, typer.Option(help="Files: coverage of the intervals, 0.5 to 0.99.")
    ] = _COVERAGE,
    batch: Annotated[int, typer.Option(help="Files: number for open first dimensions.", min=1)] = 1,
    inputs: Input = None,
    bind: Bind = None,
    workers: Annotated[
        int | None, typer.Option(help="Files: processes that read them; one a processor by default.", min=1)
    ] = None,
    seconds: Annotated[float, typer.Option(help="Files: most seconds that one may take.")] = _SECONDS,
    as_json: Json = False,
) -> None:
    """Predict a whole Parquet column, space or folder of model files; a run that was ended goes on.

    Examples:
    archcast score --space fbnet -d raspi4 --n 1000000 --to scored
    archcast score --in models --hardware pixel --to scored
    """
    others: dict[str, Any] = {
        "dataset": dataset,
        "predictor": predictor,
        "notation": notation,
        "n": n,
        "every": every,
        "address": address,
    }
    others |= {"space": None if space == "network" else space, "engine": None if engine == _LOCAL else engine}
    parts: dict[str, Any] = {"hardware": hardware, "runtime": runtime, "precision": precision}
    parts["threads"] = threads
    if source is not None and source.is_dir():
        _refuse(others, "is for architectures, and --in names a folder of model files")
        from archcast.serving.filters import Wanted

        asked = FilesAsked(
            devices=device or (),
            wanted=Wanted(**parts),
            metric=metric,
            coverage=coverage,
            batch=batch,
            inputs=inputs or (),
            bind=bind or (),
            workers=workers,
            seconds=seconds,
        )
        with shown_progress("files") as progress:
            record = score_folder(source, to, asked, progress)
    else:
        reading = _unusual(inputs, bind, workers, batch, coverage, seconds)
        _refuse(parts | reading, "is for a folder of model files, which --in must name")
        if space is None:
            raise InputError("--space must be given, or a folder of model files as --in")
        if len(device or ()) > 1:
            raise InputError(f"one device must be named for architectures, got {len(device or ())}")
        chosen = _source(space, source, column, notation, n, seed, every)
        how = {"metric": metric, "dataset": dataset, "predictor": predictor, "engine": engine}
        from archcast.serving.scale import ListedFile

        naming = chosen.naming() if isinstance(chosen, ListedFile) else nullcontext()
        with naming, shown_progress("parts") as progress:
            record = _score(chosen, to, space, device, progress, part_rows=part_rows, address=address, **how)
    print_record(record, as_json=as_json)


def _unusual(
    inputs: list[str] | None,
    bind: list[str] | None,
    workers: int | None,
    batch: int,
    coverage: float,
    seconds: float,
) -> dict[str, Any]:
    """Options of how files are read, None for those that are as they are when nobody gives them."""
    return {
        "input": inputs,
        "bind": bind,
        "workers": workers,
        "batch": batch if batch > 1 else None,
        "coverage": None if coverage == _COVERAGE else coverage,
        "seconds": None if seconds == _SECONDS else seconds,
    }


def _score(
    source: Source, to: Path, space: str, device: list[str] | None, progress: Progress, **how: Any
) -> dict[str, Any]:
    """Score architectures, and give the record to print."""
    from archcast.serving.scale import score as run

    done = run(source, to, space=space, device=device[0] if device else None, progress=progress, **how)
    record = {"folder": str(done.folder), "rows": done.rows, "parts": done.parts, "made": done.made}
    return record | {"metric": how["metric"], "unit": done.unit, "engine": how["engine"]}


def _refuse(given: dict[str, Any], why: str) -> None:
    """Raise InputError where an option is given that is of the other kind of scoring."""
    for name, value in given.items():
        if value not in (None, False) and value != []:
            raise InputError(f"--{name} {why}")


def _source(
    space: str,
    file: Path | None,
    column: str,
    notation: str | None,
    n: int | None,
    seed: int,
    every: bool,
) -> Source:
    from archcast.serving.scale import Drawn, Every, file_source

    if [file is not None, n is not None, every].count(True) != 1:
        raise InputError("exactly one of --in, --n and --every must be given")
    if file is not None:
        return file_source(file, column, notation)
    if notation is not None:
        raise InputError("--notation goes with --in, a file")
    return Every(space) if n is None else Drawn(space, n, seed)
