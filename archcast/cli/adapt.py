"""`archcast suggest` and `adapt`."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from archcast.cli.output import METRIC_HELP, Json, print_record, print_records
from archcast.core.errors import InputError, shorten

STORE = "store"
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="Source device to learn from, may be given several times; default all."),
]


def suggest(
    space: Annotated[str, typer.Option(help="Search space.")],
    n: Annotated[int, typer.Option("-n", help="How many architectures.", min=1)] = 10,
    source: Sources = None,
    samples: Annotated[
        Path | None, typer.Option(help="What was measured already (arch,value), to be built on.")
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Leave this device out of the sources.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw of candidates.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--csv", help="CSV file to write, its values left blank.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the architectures to measure first on a new device, in order.

    Example: archcast suggest --space nasbench201 -n 10 --csv measured.csv
    """
    from archcast.featurize.spaces import SPACES
    from archcast.serving import suggest as choose

    measured = None if samples is None else _samples(samples)[0]
    archs = choose(space, n, source, seed=seed, measured=measured, device=device)
    texts = SPACES[space].to_text(SPACES[space].parse(archs))
    records = [{"arch": text, "value": ""} for text in texts]
    if out is not None:
        _write(out, records)
    print_records(records, as_json=as_json)


def adapt(
    device: Annotated[str, typer.Option("--device", "-d", help="Name for the new device.")],
    samples: Annotated[
        str,
        typer.Option(
            help="CSV or JSON with the columns arch and value, or `store` for what archcast collect measured."
        ),
    ],
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: Annotated[str | None, typer.Option(help="Search space; inferred when left out.")] = None,
    source: Sources = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="For accuracy: candidate predictor, may be given several times; default all but networks."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    save: Annotated[bool, typer.Option(help="Keep it, so that archcast predict knows the device.")] = True,
    track: Annotated[
        bool | None, typer.Option(help="Leave a run in MLflow; default where MLflow is installed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn a predictor of a new device from a few measurements of it.

    Example: archcast adapt --device my-board --samples measured.csv
    """
    from archcast.predictors.adapt.posterior import LEAST
    from archcast.serving import adapt as learn

    if samples == STORE:
        space, archs, values = _stored(device, metric, space)
    else:
        archs, values = _samples(Path(samples))
    made = learn(archs, values, device, metric, space, source, seed, families=family)
    record: dict[str, Any] = {
        "device": device,
        "metric": metric,
        "unit": made.entry.unit,
        "space": made.entry.space,
        "measurements": made.card.rows,
        "predictor": made.entry.predictor,
        "folder": str(made.save()) if save else None,
        "next": f"archcast predict ARCH --device {device} --metric {metric}",
    }
    print_record(record, as_json=as_json)
    if track or (track is None and find_spec("mlflow") and len(values) > LEAST):
        from archcast.training.tracking.adapted import track_adapted

        run = track_adapted(made.model, made.measured, sources=made.sources, card=made.card, seed=seed)
        typer.echo(f"run {run.run_id} in experiment {run.experiment}; compare with archcast ui", err=True)


def _write(path: Path, records: list[dict[str, str]]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ("arch", "value"))
            writer.writeheader()
            writer.writerows(records)
    except OSError as error:
        raise InputError(f"csv {str(path)!r} cannot be written: {error}") from error


def _stored(device: str, metric: str, space: str | None) -> tuple[str, list[str], list[float]]:
    """Space, architectures and values of the device's measurements in the store."""
    from archcast.collect.store import MeasurementStore

    found = MeasurementStore().to_table(device=device, metric=metric, space=space)
    found = found.filter(found["value"].is_valid())
    kinds = sorted(set(zip(found["space"].to_pylist(), found["dataset"].to_pylist(), strict=True)))
    if not kinds:
        raise InputError(f"the store must hold {metric} measured on {device}, and holds none")
    if len(kinds) > 1:
        listed = ", ".join(f"{name} on {dataset}" for name, dataset in kinds)
        raise InputError(f"the store holds {metric} on {device} of {listed}: --space must leave one")
    return kinds[0][0], found["arch"].to_pylist(), found["value"].to_pylist()


def _samples(path: Path) -> tuple[list[Any], list[float]]:
    """Architectures and values of a CSV or JSON file with the columns arch and value."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"samples {str(path)!r} cannot be read: {error}") from error
    try:
        rows = json.loads(text) if text.lstrip()[:1] == "[" else list(csv.DictReader(io.StringIO(text)))
        archs, values = [row["arch"] for row in rows], [row["value"] for row in rows]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise InputError(f"samples must have the columns arch and value, {path} has not: {error}") from error
    numbers = []
    for i, value in enumerate(values):
        try:
            numbers.append(float(value))
        except (TypeError, ValueError):
            raise InputError(f"value must be a number, got {shorten(value)}", item=i) from None
    return archs, numbers
