"""`archcast export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.output import Json, print_record


def export(
    to: Annotated[Path, typer.Option("--to", help="Folder to write; an earlier export is replaced.")],
    space: Annotated[str, typer.Option(help="Search space.")],
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Device; for accuracy the data set.")
    ] = None,
    metric: Annotated[str, typer.Option(help="latency, energy, accuracy, throughput or memory.")] = "latency",
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    form: Annotated[
        str, typer.Option(help="arrays (what archcast itself loads) or onnx (codes in, values out).")
    ] = "arrays",
    seed: Annotated[int, typer.Option(help="Seed of a student's training.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a predictor in the form in which it is served, with how well that agrees with it.

    Example: archcast export --space fbnet --device raspi4 --form onnx --to raspi4-onnx
    """
    from archcast.predictors.export import export as write
    from archcast.serving.engine import load

    loaded = load(device, metric, space, dataset=dataset, predictor=predictor)
    served = loaded.served
    done = write(loaded.model, served.manifest, served.column, to, form=form, seed=seed)
    record = {
        "folder": str(done.folder),
        "form": form,
        "space": space,
        "metric": metric,
        "device": served.device,
        "predictor": done.model.family,
        "teacher": loaded.model.family,
        "served_as": done.form,
    }
    print_record(record | done.agreement.to_json(), as_json=as_json)
