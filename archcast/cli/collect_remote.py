"""`archcast collect remote` and `archcast collect farm`: measure on boards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from archcast.cli.collect_run import Row, keep_rows, measure, print_kept
from archcast.cli.inputs import Notation
from archcast.cli.network import Bind, Example, Input
from archcast.cli.output import Json, print_record

if TYPE_CHECKING:
    from archcast.collect.measure.farm import FarmReport

UNDONE = 1

Rounds = Annotated[int, typer.Option(help="Rounds of readings; the two least readings count.", min=2)]
Runs = Annotated[int, typer.Option(help="Runs a reading, of which the least counts.", min=1)]
Timeout = Annotated[
    float, typer.Option(help="Seconds after which a network that does not answer has failed.", min=1)
]
Seed = Annotated[int, typer.Option(help="Seed of the networks drawn and of the order of runs.")]
Again = Annotated[bool, typer.Option("--again", help="Also measure networks that are stored.")]


def remote(
    host: Annotated[
        str, typer.Option(help="The board's address: ssh://user@host:port or adb://SERIAL, with ?options.")
    ],
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "-d",
            help="Your name of the board, runtime, threads, batch, precision: my-board-ort-4t.",
        ),
    ],
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
    metric: Metric = None,
    dataset: Dataset = None,
    rounds: Rounds = 8,
    runs: Runs = 10,
    timeout: Timeout = 120.0,
    seed: Seed = 0,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Measure networks on a board reached by SSH or adb; run it again to go on.

    Example: archcast collect remote --host ssh://pi@10.0.0.11 --device pi4-ort-1t --space nasbench201 --n 50
    """
    from archcast.collect.measure.address import parse_address
    from archcast.collect.measure.devices import parse_device
    from archcast.collect.measure.remote import BoardChannel, open_shell, packages_for
    from archcast.collect.measure.timing import TimingSettings

    address, measured = parse_address(host), parse_device(device)
    wanted = Wanted(
        space, n, archs, seed, dataset, metric, onnx, torch, batch, inputs, bind, example, notation
    )
    request = wanted.request(measured)
    settings = TimingSettings(rounds=rounds, runs=runs, seed=seed)
    channel = BoardChannel(open_shell(address), needs=packages_for(measured), say=_say)
    board = channel.shell.name
    measure(channel, request, settings, board=board, timeout_s=timeout, again=again, as_json=as_json)
    for trouble, times in channel.troubles.items():
        _say(f"{board}: {trouble} {times} times")


def farm(
    file: Annotated[Path, typer.Argument(help="Farm file (TOML) that lists the boards.")],
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
    metric: Metric = None,
    dataset: Dataset = None,
    rounds: Rounds = 8,
    runs: Runs = 10,
    seed: Seed = 0,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Measure networks on every device of a farm of boards; run it again to go on.

    Ends with exit code 1 when networks are left undone because boards were lost.

    Example: archcast collect farm boards.toml --space nasbench201 --n 200
    """
    from archcast.collect.measure.farm import Farm
    from archcast.collect.measure.farm_file import read_farm
    from archcast.collect.measure.timing import TimingSettings
    from archcast.collect.store import MeasurementStore

    boards = read_farm(file)
    wanted = Wanted(
        space, n, archs, seed, dataset, metric, onnx, torch, batch, inputs, bind, example, notation
    )
    requests = [wanted.request(device) for device in dict.fromkeys(board.device for board in boards)]
    store = MeasurementStore()
    settings = TimingSettings(rounds=rounds, runs=runs, seed=seed)
    work = Farm(boards, requests, store=None if again else store, settings=settings, say=_say)
    with ExitStack() as stack:

        def make(advance: Callable[[float], None]) -> Iterator[Row]:
            return stack.enter_context(closing(work.run(advance)))

        rows = keep_rows(store, make, total=work.total)
    print_kept(rows, had=work.had, folder=str(store.folder), as_json=as_json)
    _tell(work.report, as_json=as_json)


def _tell(report: FarmReport, *, as_json: bool) -> None:
    """Say what came of each board and what is left; exit code 1 when something is."""
    if report.measured and not as_json:
        print_record({f"networks on {board}": n for board, n in report.measured.items()}, as_json=False)
    for board, troubles in report.troubles.items():
        for trouble, times in troubles.items():
            _say(f"{board}: {trouble} {times} times")
    for board, reason in report.lost.items():
        _say(f"{board} was lost: {reason}")
    for device, texts in report.undone.items():
        _say(
            f"{len(texts)} networks of {device} are not measured, {texts[0]} the first: "
            "the same command goes on from there"
        )
    if report.undone:
        raise typer.Exit(UNDONE)


def _say(text: str) -> None:
    typer.echo(f"archcast: {text}", err=True)
