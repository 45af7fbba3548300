"""`archcast predict`, `devices` and `features`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from archcast.cli.inputs import FORMATS, Notation, given_architectures
from archcast.cli.network import Bind, Input
from archcast.cli.output import METRIC_HELP, Json, print_records
from archcast.cli.predict_members import Query
from archcast.cli.predict_networks import Files, are_files, predict_files
from archcast.core.errors import InputError

Archs = Annotated[
    list[str] | None,
    typer.Argument(help="Architectures in their space's notation (lists and dicts as JSON)."),
]
FromFile = Annotated[
    str | None,
    typer.Option("--file", "-f", help=f"File of architectures: {FORMATS}."),
]
SpaceName = Annotated[str | None, typer.Option("--space", help="Search space; inferred when left out.")]
Hardware = Annotated[
    str | None, typer.Option(help="Devices with this text in their name or maker's name, as pixel.")
]
Runtime = Annotated[str | None, typer.Option(help="Devices with this runtime, as tflite.")]
Precision = Annotated[str | None, typer.Option(help="Devices of this number format, as int8; fp32.")]
Dataset = Annotated[str | None, typer.Option("--dataset", help="Data set the networks are built for.")]


def predict(
    archs: Archs = None,
    file: FromFile = None,
    device: Annotated[
        list[str] | None, typer.Option("--device", "-d", help="Device; may be given several times.")
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: SpaceName = None,
    dataset: Dataset = None,
    notation: Notation = None,
    coverage: Annotated[float, typer.Option(help="Coverage of the intervals, 0.5 to 0.99.")] = 0.9,
    measured: Annotated[
        bool,
        typer.Option("--measured", help="Beside it what was measured, by published tables or yourself."),
    ] = False,
    hardware: Hardware = None,
    runtime: Runtime = None,
    precision: Precision = None,
    batch: Annotated[int, typer.Option(help="Model files: number for open first dimensions.", min=1)] = 1,
    inputs: Input = None,
    bind: Bind = None,
    as_json: Json = False,
) -> None:
    """Predict a metric of architectures or model files on one or more devices, with intervals.

    Examples:
    archcast predict "[7,8,1,8,4,8,8,8,7,4,1,4,7,3,2,7,3,2,4,2,4,5]" -d raspi4 -d eyeriss
    archcast predict model.onnx --hardware pixel
    archcast predict "[7,8,1,8,4,8,8,8,7,4,1,4,7,3,2,7,3,2,4,2,4,5]" -d raspi4 --measured
    """
    from archcast.featurize.spaces.catalog import resolve_space

    given = given_architectures(archs, file, space=space, notation=notation)
    if space in (None, "network") and are_files(given.archs):
        from archcast.serving.filters import Wanted

        shown: dict[str, Any] = {"metric": metric, "coverage": coverage, "measured": measured}
        files, like = Files(batch, inputs or (), bind or ()), Wanted(hardware, runtime, precision)
        predict_files(given.archs, files, device or (), like, **shown, as_json=as_json)
        return
    if any((hardware, runtime, precision, inputs, bind, batch != 1)):
        raise InputError(
            "--hardware, --runtime, --precision, --batch, --input and --bind are for model files: "
            "name the devices of architectures with -d"
        )
    with given.naming():
        chosen = resolve_space(space, given.archs)
        codes = chosen.parse(given.archs)
    records = []
    wanted: list[str | None] = [*device] if device else [None]
    for name in wanted:
        asked = Query(name, metric, chosen, dataset)
        records += asked.with_measured(codes, coverage) if measured else asked.predicted(codes, coverage)
    print_records(records, as_json=as_json, title=f"{metric}, with {coverage:.0%} intervals")


def devices(
    space: SpaceName = None,
    metric: Annotated[str | None, typer.Option(help="Only this metric.")] = None,
    hardware: Hardware = None,
    runtime: Runtime = None,
    precision: Precision = None,
    batch: Annotated[int | None, typer.Option(help="Only so many items in one pass.")] = None,
    threads: Annotated[int | None, typer.Option(help="Only so many threads or cores.")] = None,
    as_json: Json = False,
) -> None:
    """List what can be predicted now.

    Examples:
    archcast devices --space fbnet
    archcast devices --space network --hardware pixel --precision int8
    """
    from archcast.serving import devices as served

    names = (
        "device",
        "space",
        "metric",
        "unit",
        "dataset",
        "predictor",
        "form",
        "origin",
        "version",
        "hardware",
    )
    entries = served(
        space,
        metric,
        hardware=hardware,
        runtime=runtime,
        precision=precision,
        batch=batch,
        threads=threads,
    )
    if not entries:
        typer.echo("archcast: nothing that can be predicted is like that", err=True)
    how = ("runtime", "precision", "batch", "threads") if as_json else ()
    records = [{name: getattr(s, name) for name in (*names, *how)} for s in entries]
    print_records(records, as_json=as_json)


def features(
    archs: Archs = None,
    file: FromFile = None,
    space: SpaceName = None,
    dataset: Dataset = None,
    notation: Notation = None,
    as_json: Json = False,
) -> None:
    """Show the features of architectures.

    Example: archcast features 02012100
    """
    from archcast.featurize.features import features as compute

    given = given_architectures(archs, file, space=space, notation=notation)
    with given.naming():
        table = compute(given.archs, space, dataset)
    shown = [arch if isinstance(arch, str) else json.dumps(arch, default=str) for arch in given.archs]
    records = [
        {"feature": name} | {arch: float(v) for arch, v in zip(shown, column, strict=True)}
        for name, column in zip(table.names, table.values.T, strict=True)
    ]
    print_records(records, as_json=as_json)
