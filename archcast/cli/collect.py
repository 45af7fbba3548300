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
from archcast.cli.collect_remote import Again, Rounds, Runs, Seed, Timeout, farm, remote
from archcast.cli.collect_run import measure
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
    rounds: Rounds = 8,
    runs: Runs = 10,
    timeout: Timeout = 120.0,
    seed: Seed = 0,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Measure networks on this machine and keep the measurements; run it again to go on.

    Example: archcast collect host --space nasbench201 --n 50 --device this-host-ort-1t,
    archcast collect host --onnx 'models/*.onnx'
    """
    from archcast.collect.measure.host import host_channel, host_device
    from archcast.collect.measure.timing import TimingSettings

    wanted = Wanted(
        space, n, archs, seed, dataset, metric, onnx, torch, batch, inputs, bind, example, notation
    )
    request = wanted.request(host_device(device))
    settings = TimingSettings(rounds=rounds, runs=runs, seed=seed)
    measure(host_channel(), request, settings, timeout_s=timeout, again=again, as_json=as_json)
