"""`archcast score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcast.cli.output import METRIC_HELP, Json, print_record
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.serving.scale import Source


def score(
    to: Annotated[Path, typer.Option("--to", help="Folder of the parts; named again, it goes on.")],
    space: Annotated[str, typer.Option(help="Search space.")],
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Device; for accuracy the data set.")
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    source: Annotated[
        Path | None, typer.Option("--in", help="Parquet file with a column of architectures.")
    ] = None,
    column: Annotated[str, typer.Option(help="Column of that file.")] = "arch",
    n: Annotated[int | None, typer.Option("--n", help="Draw so many members of the space.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    every: Annotated[bool, typer.Option("--every", help="Score all members of the space.")] = False,
    engine: Annotated[str, typer.Option(help="local, or ray (Ray Data).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Ray cluster; left out, Ray is started on this machine.")
    ] = None,
    part_rows: Annotated[int, typer.Option(help="Rows of a part.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Predict a whole Parquet column or space into Parquet parts; a run that was ended goes on.

    Example: archcast score --space fbnet -d raspi4 --n 1000000 --to scored
    """
    from rich.console import Console
    from rich.progress import Progress

    from archcast.serving.scale import score as run

    chosen = _source(space, source, column, n, seed, every)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("parts", total=None)
        done = run(
            chosen,
            to,
            space=space,
            device=device,
            metric=metric,
            dataset=dataset,
            predictor=predictor,
            engine=engine,
            part_rows=part_rows,
            address=address,
            progress=lambda there, parts: bar.update(task, completed=there, total=parts),
        )
    record = {"folder": str(done.folder), "rows": done.rows, "parts": done.parts, "made": done.made}
    print_record(record | {"metric": metric, "unit": done.unit, "engine": engine}, as_json=as_json)


def _source(space: str, file: Path | None, column: str, n: int | None, seed: int, every: bool) -> Source:
    from archcast.serving.scale import Drawn, Every, ParquetColumn

    if [file is not None, n is not None, every].count(True) != 1:
        raise InputError("exactly one of --in, --n and --every must be given")
    if file is not None:
        return ParquetColumn.of(file, column)
    return Every(space) if n is None else Drawn(space, n, seed)
