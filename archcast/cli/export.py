"""`archcast export`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcast.cli.output import METRIC_HELP, Json, print_record
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.serving.scale.layouts import Layout


def export(
    to: Annotated[Path, typer.Option("--to", help="Folder to write; an earlier export is replaced.")],
    space: Annotated[str, typer.Option(help="Search space.")],
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Device; for accuracy the data set.")
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    form: Annotated[
        str, typer.Option(help="arrays (what archcast itself loads) or onnx (codes in, values out).")
    ] = "arrays",
    layout: Annotated[
        str, typer.Option(help="plain; or, for onnx, the folder that triton or kserve loads.")
    ] = "plain",
    storage: Annotated[
        str | None, typer.Option(help="For kserve, the address at which it finds this folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of a student's training.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a predictor in the form in which it is served, with how well that agrees with it.

    Example: archcast export --space fbnet --device raspi4 --form onnx --to raspi4-onnx
    """
    from archcast.predictors.export import export as write
    from archcast.serving.engine import load
    from archcast.serving.scale.layouts import lay_out

    loaded = load(device, metric, space, dataset=dataset, predictor=predictor)
    entry = loaded.entry
    placed = _layout(layout, form, storage, f"{space}.{metric}.{entry.device}")
    with tempfile.TemporaryDirectory() as aside:
        folder = to if placed is None else Path(aside) / "onnx"
        done = write(loaded.model, entry.saved, entry.column, folder, form=form, seed=seed)
        if placed is not None:
            lay_out(to, folder, placed)
    record = {
        "folder": str(to),
        "form": form,
        "layout": layout,
        "space": space,
        "metric": metric,
        "device": entry.device,
        "predictor": done.model.family,
        "teacher": loaded.model.family,
        "served_as": done.form,
    }
    print_record(record | done.agreement.to_json(), as_json=as_json)


def _layout(kind: str, form: str, storage: str | None, name: str) -> Layout | None:
    from archcast.serving.scale.layouts import STORAGE, Layout

    if storage is not None and kind != "kserve":
        raise InputError(f"storage is for the layout kserve, got {storage!r} for {kind}")
    if kind == "plain":
        return None
    placed = Layout(kind, name, STORAGE if storage is None else storage)
    if form != "onnx":
        raise InputError(f"layout {kind} is for --form onnx, got {form}")
    return placed
