"""`archcast collect`: measure networks and keep the measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.collect_accuracy import accuracy
from archcast.cli.collect_remote import farm, remote
from archcast.cli.collect_run import keep_rows, print_kept
from archcast.cli.networks import chosen_networks
from archcast.cli.output import Json

app = typer.Typer(help="Measure networks and keep what was measured.", no_args_is_help=True)
app.command()(accuracy)
app.command()(farm)
app.command()(remote)


@app.callback()
def _group() -> None:
    """Measure networks and keep what was measured."""


@app.command()
def host(
    space: Annotated[str, typer.Option(help="Search space.")],
    n: Annotated[int | None, typer.Option(help="Measure so many networks drawn at random.", min=1)] = None,
    archs: Annotated[
        Path | None,
        typer.Option(
            help="Measure the networks of this file: one a line, a JSON list, or a CSV with the column arch."
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "-d",
            help="Host, runtime (ort, torch), threads or cuda, batch, precision: this-host-ort-2t-b8-int8.",
        ),
    ] = "this-host-ort-1t",
    metric: Annotated[
        list[str] | None,
        typer.Option(help="latency (default), throughput, memory or energy; may be given several times."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of readings; the two least readings count.", min=2)] = 8,
    runs: Annotated[int, typer.Option(help="Runs a reading, of which the least counts.", min=1)] = 10,
    timeout: Annotated[
        float, typer.Option(help="Seconds after which a network that does not answer has failed.", min=1)
    ] = 120.0,
    seed: Annotated[int, typer.Option(help="Seed of the networks drawn and of the order of runs.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Also measure networks that are stored.")] = False,
    as_json: Json = False,
) -> None:
    """Measure networks on this machine and keep the measurements; run it again to go on.

    Example: archcast collect host --space nasbench201 --n 50 --device this-host-ort-1t
    """
    from archcast.collect.measure.devices import parse_device
    from archcast.collect.measure.host import host_channel
    from archcast.collect.measure.rows import make_request, measure_rows, work
    from archcast.collect.measure.timing import TimingSettings
    from archcast.collect.store import MeasurementStore
    from archcast.featurize.spaces import SPACES

    request = make_request(
        space,
        chosen_networks(SPACES[space], n, archs, seed=seed),
        device=parse_device(device),
        metrics=tuple(metric or ("latency",)),
        dataset=dataset,
    )
    settings = TimingSettings(rounds=rounds, runs=runs, seed=seed)
    store = MeasurementStore()
    already: dict[str, set[str]] = {
        m: set() if again else store.measured(space, device, m, request.dataset) for m in request.metrics
    }
    total = work(request, already)
    with host_channel() as channel:
        rows = keep_rows(
            store,
            lambda advance: measure_rows(
                channel,
                request,
                already=already,
                settings=settings,
                store=None if again else store,
                timeout_s=timeout,
                progress=advance,
            ),
            total=total,
        )
    had = work(request) - total
    print_kept(rows, had=had, folder=str(store.folder), as_json=as_json)
