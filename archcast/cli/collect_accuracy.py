"""`archcast collect accuracy`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.inputs import FORMATS, Notation
from archcast.cli.networks import chosen_networks
from archcast.cli.output import Json, print_record
from archcast.core.errors import InputError
from archcast.core.pairs import parse_pairs

if TYPE_CHECKING:
    from archcast.collect.accuracy import Progress


def accuracy(
    space: Annotated[str, typer.Option(help="Search space.")] = "skipnet",
    n: Annotated[int | None, typer.Option(help="Train so many networks drawn at random.", min=1)] = None,
    archs: Annotated[
        str | None,
        typer.Option(help=f"Train the networks of this file: {FORMATS}."),
    ] = None,
    notation: Notation = None,
    data: Annotated[
        str,
        typer.Option(
            help="digits, shapes, a folder with a folder of images a class, or package.module:function."
        ),
    ] = "digits",
    dataset: Annotated[
        str | None, typer.Option(help="Data set of the space that the networks are built for.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings a network, each with its own seed.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the networks drawn.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the protocol, as name=value.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    workers: Annotated[int, typer.Option(help="Processes, of one thread each.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also train networks that are stored.")] = False,
    as_json: Json = False,
) -> None:
    """Train networks on a small image data set and keep their accuracies; run it again to go on.

    Example: archcast collect accuracy --space skipnet --n 220 --data digits --seeds 2
    """
    from archcast.collect.accuracy import TrainingProtocol, collect_accuracy
    from archcast.collect.store import MeasurementStore
    from archcast.featurize.spaces import SPACES

    chosen = SPACES[space]
    codes = chosen_networks(chosen, n, archs, seed=seed, notation=notation)
    if archs is None:
        codes = chosen.canonical(codes)
    settings: dict[str, Any] = _settings(setting or [])
    protocol = TrainingProtocol(**settings | ({} if seeds is None else {"seeds": seeds}))
    store, shown = MeasurementStore(), _Shown()
    try:
        good = collect_accuracy(
            chosen,
            codes,
            data=data,
            dataset=dataset,
            protocol=protocol,
            accelerator=accelerator,
            workers=workers,
            store=store,
            again=again,
            progress=shown.show,
        )
    except KeyboardInterrupt:
        typer.echo(f"{shown.last.done} networks are kept; the same command goes on from there", err=True)
        raise
    record = {"trained": shown.last.done, "failed": shown.last.done - good, "had": shown.last.kept}
    print_record(record | {"protocol": asdict(protocol), "store": str(store.folder)}, as_json=as_json)


class _Shown:
    """Prints a line a network, with the rate and the time left."""

    def __init__(self) -> None:
        from archcast.collect.accuracy import Progress

        self.last = Progress(0, 0, 0)
        self._began = time.monotonic()

    def show(self, progress: Progress) -> None:
        self.last = progress
        if progress.done == 0:
            self._began = time.monotonic()
            typer.echo(f"networks to train: {progress.total}, stored already: {progress.kept}", err=True)
            return
        each = (time.monotonic() - self._began) / progress.done
        left = each * (progress.total - progress.done) / 60
        result = progress.failure or f"{progress.accuracy:.2f} %"
        typer.echo(
            f"{progress.done}/{progress.total}  {progress.arch}  {result}  "
            f"({each:.1f} s a network, {left:.0f} min left)",
            err=True,
        )


def _settings(texts: list[str]) -> dict[str, int | float]:
    """Settings of the protocol."""
    from dataclasses import fields

    from archcast.collect.accuracy import TrainingProtocol
    from archcast.core.errors import UnknownNameError
    from archcast.core.numbers import read_number

    kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(TrainingProtocol)}
    read: dict[str, int | float] = {}
    for name, text in parse_pairs(texts, "--set").items():
        if name not in kinds:
            raise UnknownNameError("protocol setting", name, kinds)
        read[name] = read_number(text, name)
        if kinds[name] is int:
            if read[name] != int(read[name]):
                raise InputError(f"{name} must be a whole number, got {text!r}")
            read[name] = int(read[name])
    return read
