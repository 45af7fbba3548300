"""`archcast data`: the public tables, and the user's own measurements."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.output import Json, print_record, print_records

app = typer.Typer(
    help="List, fetch, import, show and export public tables and own measurements.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Table, as `archcast data list` names it.")]
TableOrStore = Annotated[
    str, typer.Argument(help="Table, as `archcast data list` names it, or `store` for own measurements.")
]
Space = Annotated[str | None, typer.Option(help="Only this space.")]
Metric = Annotated[str | None, typer.Option(help="Only this metric.")]
Device = Annotated[str | None, typer.Option(help="Only this device.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the public tables and where they are found.

    Example: archcast data list
    """
    from archcast.collect.data import list_tables

    records = [
        {
            "name": t.name,
            "spaces": list(t.spaces),
            "metrics": list(t.metrics),
            "devices": len(t.devices),
            "place": t.place,
            "imported rows": t.rows,
            "licence": t.licence,
        }
        for t in list_tables()
    ]
    print_records(records, as_json=as_json)


@app.command()
def fetch(
    name: Name, as_json: Json = False, quiet: Annotated[bool, typer.Option(help="No progress bar.")] = False
) -> None:
    """Download a table from its public address; resumes after a cut, checks every hash.

    Example: archcast data fetch nas_bench_macro
    """
    from archcast.collect.data import fetch_table

    done = fetch_table(name, show_progress=not (quiet or as_json))
    record = {
        "table": done.name,
        "downloaded": done.downloaded,
        "already there": done.present,
        "folder": str(done.folder),
        "next": f"archcast data import {done.name}",
    }
    print_record(record, as_json=as_json)


@app.command("import")
def import_(name: Name, as_json: Json = False) -> None:
    """Read a table's files into measurements (Parquet); shows counts by status.

    Example: archcast data import nas_bench_macro
    """
    from archcast.collect.data import import_table

    done = import_table(name)
    records = [asdict(column) for column in done.columns]
    print_records(records, as_json=as_json, title=f"{done.rows} measurements in {done.path}")
    for file in done.altered:
        typer.echo(f"archcast: {file} is not the file that was published: its hash differs", err=True)


@app.command()
def show(
    name: TableOrStore,
    space: Space = None,
    metric: Metric = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Show what a table or the store holds: counts by status and the extent of values.

    Example: archcast data show help --space fbnet
    """
    from archcast.collect.data import STORE, show_store, show_table

    if name == STORE:
        stored = show_store(space=space, metric=metric, device=device)
        columns = stored.columns
        about: dict[str, object] = {"folder": str(stored.folder), "measurements": stored.rows}
    else:
        shown = show_table(name, space=space, metric=metric, device=device)
        record, columns = shown.record, shown.columns
        about = {
            "title": record.title,
            "citation": record.citation,
            "licence": record.licence,
            "place": record.place,
            "folder": str(record.folder),
        }
        if record.about:
            about["about"] = record.about
    if not as_json:
        print_record(about, as_json=False)
    if as_json or columns:
        print_records([asdict(column) for column in columns], as_json=as_json)


@app.command()
def networks(metric: Metric = None, device: Device = None, as_json: Json = False) -> None:
    """List the measured networks of no space, model files and modules, by name.

    Example: archcast data networks --device this-host-ort-1t
    """
    from archcast.collect.networks import measured_networks

    records = [asdict(found) for found in measured_networks(metric=metric, device=device)]
    print_records(records, as_json=as_json)


@app.command()
def export(
    name: TableOrStore,
    to: Annotated[Path, typer.Option(help="File to write; its suffix is .parquet or .csv.")],
    space: Space = None,
    metric: Metric = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Write measurements of a table or the store to a Parquet or CSV file.

    Example: archcast data export store --to mine.csv --metric latency
    """
    from archcast.collect.data import export_measurements

    done = export_measurements(name, to, space=space, metric=metric, device=device)
    print_record({"table": done.name, "rows": done.rows, "file": str(done.path)}, as_json=as_json)
