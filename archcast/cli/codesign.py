"""`archcast codesign`: a network and its accelerator, chosen together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.output import Json, print_records
from archcast.core.errors import InputError


def codesign(
    target: Annotated[
        str, typer.Option("--target", "-t", help="Target of archcast estimate with a grid, by name or file.")
    ] = "eyeriss-like",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help='"latency<=0.2" (ms), energy (mJ), area, power (W), edp (mJ ms), or "accuracy>=75" (%).'
        ),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="accuracy (default), latency, energy, area, power, edp (energy-delay product), or "
            "efficiency: accuracy / (latency x energy x area). Several give a front."
        ),
    ] = None,
    hardware: Annotated[
        list[str] | None,
        typer.Option(help="Values to choose from: array=7x6,14x12 or buffer_kib= or clock_mhz=100,200."),
    ] = None,
    accuracy_model: Annotated[
        str, typer.Option(help="Predictor of accuracy: gp, nn_degree (FLASH's), linear, lightgbm.")
    ] = "gp",
    trained: Annotated[int, typer.Option(help="Trained networks that the accuracy is learned from.")] = 25,
    estimated: Annotated[
        int, typer.Option(help="Networks estimated at every point of the target's grid.")
    ] = 6,
    space: Annotated[str, typer.Option("--space", "-s", help="Space with trained networks.")] = "skipnet",
    dataset: Annotated[
        str | None, typer.Option(help="Data set the networks are built for; default the space's first.")
    ] = None,
    top: Annotated[int, typer.Option(help="Most pairs to show.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the networks drawn.")] = 0,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm/--no-confirm",
            help="Estimate what was found and hold the limits by it, or take the models' word.",
        ),
    ] = True,
    to: Annotated[Path | None, typer.Option(help="Write the pairs to this .csv or .json.")] = None,
    as_json: Json = False,
) -> None:
    """Choose a network and the accelerator it runs on together, under limits.

    Example: archcast codesign --target eyeriss-like --limit "latency<=0.2" --limit "area<=300"
    """
    from archcast.collect.estimate import load_target
    from archcast.search.codesign.find import find
    from archcast.search.codesign.hardware import HardwareGrid
    from archcast.search.codesign.problem import check_objectives, pair_limit
    from archcast.search.codesign.run import confirm_pairs, prepare
    from archcast.search.records_file import check_file, write

    check_file(to, "pairs")
    objectives = check_objectives(objective or ["accuracy"])
    limits = [pair_limit(text) for text in limit or ()]
    grid = HardwareGrid.of(load_target(target)).with_values(hardware or [])
    models = prepare(
        target,
        grid=grid,
        space=space,
        family=accuracy_model,
        trained=trained,
        estimated=estimated,
        dataset=dataset,
        seed=seed,
        report=_report,
    )
    result = find(models.problem(limits, objectives))
    title, dropped = "predicted, not measured", 0
    if confirm:
        confirmed = confirm_pairs(result, target, top=top, report=_report)
        result, dropped = confirmed.result, confirmed.dropped
        title = f"accuracy predicted, costs estimated by {target}, not measured"
    if not result.feasible:
        raise InputError(result.infeasible_text())
    typer.echo(
        f"{models.values.space.n_networks:,} configurations, {result.evaluations:,} scored "
        f"in {result.seconds:.3f} s",
        err=True,
    )
    if dropped:
        typer.echo(f"{dropped} pairs broke a limit by the estimator and were left out", err=True)
    records = result.records(top)
    if to is not None:
        write(to, records, records, what="pairs")
    print_records(records, as_json=as_json, title=title)


def _report(point: str) -> None:
    typer.echo(f"estimating on {point}", err=True)
