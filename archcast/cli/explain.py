"""`archcast explain`: what each decision adds to a prediction."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from archcast.cli.explain_networks import explained_by_kernels, print_kernels
from archcast.cli.inputs import Notation
from archcast.cli.network import Bind, Input
from archcast.cli.output import METRIC_HELP, Json, print_record, print_records
from archcast.cli.predict_networks import Files, are_files
from archcast.core.errors import InputError


class By(StrEnum):
    """What a prediction is explained by."""

    DECISIONS = "decisions"
    KERNELS = "kernels"


def explain(
    arch: Annotated[str, typer.Argument(help="Architecture in its space's notation, or a model file.")],
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Device; left out for accuracy.")
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: Annotated[
        str | None, typer.Option("--space", help="Search space; inferred when left out.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    notation: Notation = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    method: Annotated[
        str | None, typer.Option(help="additive, trees, exact or sampling; default the first that fits.")
    ] = None,
    pairs: Annotated[
        int, typer.Option(help="Pairs of orders that sampling draws: more make errors smaller.", min=2)
    ] = 1_000,
    seed: Annotated[int, typer.Option(help="Seed of what sampling draws.")] = 0,
    to: Annotated[Path | None, typer.Option(help="Write the explanation to this .csv or .json.")] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", "--plot", help="Draw it to this .png, .svg or .pdf.")
    ] = None,
    by: Annotated[
        By,
        typer.Option(help="decisions, or kernels of a member on a device that knows networks."),
    ] = By.DECISIONS,
    batch: Annotated[int, typer.Option(help="A model file: number for open first dimensions.", min=1)] = 1,
    inputs: Input = None,
    bind: Bind = None,
    as_json: Json = False,
) -> None:
    """Explain a prediction: a baseline and what each decision adds to it, which sum to the prediction.

    Of a model file, and of a member with --by kernels: what its parts and kernels cost, which sum to the
    prediction, and which kernels are dear for what they compute on this device.

    Examples:
    archcast explain 02012100 --metric accuracy --picture why.png
    archcast explain model.onnx -d pixel4-tflite2.10-1large --picture where.svg
    archcast explain 02012100 -d pixel4-tflite2.10-1large --by kernels
    """
    from archcast.search.blocks.figures import check_picture
    from archcast.search.explain.kernel_figures import draw_kernels
    from archcast.search.records_file import check_file

    check_file(to, "an explanation")
    check_picture(picture)
    is_file = space in (None, "network") and notation is None and are_files([arch])
    if is_file or by is By.KERNELS:
        if method is not None or predictor is not None:
            raise InputError("--method and --predictor must be left out by kernels, which sum to the cost")
        network = Files(batch, inputs or (), bind or ()).read(arch) if is_file else None
        by_kernels = explained_by_kernels(
            arch, network, device, metric=metric, space=space, dataset=dataset, notation=notation
        )
        _keep(by_kernels, draw_kernels, to, picture)
        print_kernels(by_kernels, as_json=as_json)
        return
    from archcast.search.explain.contributions import explain as compute
    from archcast.search.explain.figures import draw_explanation

    parts = compute(
        arch,
        device,
        metric=metric,
        space=space,
        dataset=dataset,
        predictor=predictor,
        method=method,
        pairs=pairs,
        seed=seed,
        notation=notation,
    )
    _keep(parts, draw_explanation, to, picture)
    if as_json:
        print_record(parts.to_json(), as_json=True)
        return
    typer.echo(parts.arch)
    typer.echo(f"{parts.metric} on {parts.device}, {parts.unit}: {parts.predictor}, method {parts.method}")
    print_records(parts.records(), as_json=False)


def _keep(told: Any, draw: Callable[[Any], Any], to: Path | None, picture: Path | None) -> None:
    """Write an explanation and its picture where they are asked for."""
    from archcast.search.blocks.figures import save_figure

    if to is not None:
        told.save(to)
    if picture is not None:
        save_figure(draw(told), picture)
