"""`archcast evaluate`: protocols beside published figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.output import Json, print_records


def evaluate(
    name: Annotated[
        str | None,
        typer.Argument(help="Protocol by its name, or a YAML file of your own; left out, names are listed."),
    ] = None,
    predictor: Annotated[
        list[str] | None,
        typer.Option("--predictor", "-p", help="Family or method; default the protocol's own list."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Number of seeds, counted from 0; default the protocol's.", min=1)
    ] = None,
    out: Annotated[Path | None, typer.Option("--csv", help="CSV file to write.")] = None,
    track: Annotated[bool, typer.Option(help="Leave a run in MLflow.")] = True,
    as_json: Json = False,
) -> None:
    """Measure predictors by a named protocol and print them beside the published figures.

    Example: archcast evaluate help-nasbench201-900 -p linear -p lightgbm
    """
    from archcast.core.optional import require

    require("pydantic", extra="train", purpose="reading a protocol")
    from archcast.training.protocols import load_protocol, protocol_names, run_protocol

    if name is None:
        records = [{"protocol": n, "title": load_protocol(n).title} for n in protocol_names()]
        print_records(records, as_json=as_json)
        return
    protocol = load_protocol(name)
    result = run_protocol(protocol, predictor, seeds=seeds, progress=lambda text: typer.echo(text, err=True))
    names = list(result.records[0])
    rows = [{n: r.get(n) for n in names} for r in (*result.records, *result.published)]
    print_records(rows, as_json=as_json, title=protocol.title)
    if out is not None:
        result.write_csv(out)
    if track:
        from archcast.training.tracking.protocol import track_protocol

        track_protocol(result)
