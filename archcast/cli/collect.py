"""`archcast collect`: measure networks and keep the measurements."""

from __future__ import annotations

from typing import Annotated

import typer

from archcast.cli.collect_accuracy import accuracy
from archcast.cli.collect_networks import (
    Archs,
    Batch,
    Dataset,
    Metric,
    Number,
    Onnx,
    Space,
    Torch,
    Wanted,
)
from archcast.cli.collect_remote import farm, remote
from archcast.cli.collect_run import keep_rows, print_kept
from archcast.cli.inputs import Notation
from archcast.cli.network import Bind, Example, Input
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
    space: Space = None,
    n: Number = None,
    archs: Archs = None,
    notation: Notation = None,
    onnx: Onnx = None,
    torch: Torch = None,
    inputs: Input = None,
    bind: Bind = None,
    batch: Batch = None,
    example: Example = None,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "-d",
            help="Host, runtime (ort, torch), threads or cuda, batch, precision: this-host-ort-2t-b8-int8.",
        ),
    ] = "this-host-ort-1t",
    metric: Metric = None,
    dataset: Dataset = None,
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

    Example: archcast collect host --space nasbench201 --n 50 --device this-host-ort-1t,
    archcast collect host --onnx 'models/*.onnx'
    """
    from archcast.collect.measure.host import host_channel, host_device
    from archcast.collect.measure.rows import measure_rows, work
    from archcast.collect.measure.timing import TimingSettings
    from archcast.collect.store import MeasurementStore

    wanted = Wanted(
        space, n, archs, seed, dataset, metric, onnx, torch, batch, inputs, bind, example, notation
    )
    request = wanted.request(host_device(device))
    settings = TimingSettings(rounds=rounds, runs=runs, seed=seed)
    store = MeasurementStore()
    already: dict[str, set[str]] = {
        m: set() if again else store.measured(request.space, device, m, request.dataset)
        for m in request.metrics
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
