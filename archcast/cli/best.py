"""`archcast best`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcast.cli.inputs import FORMATS, Given, Notation, Strict, given_architectures
from archcast.cli.output import Json, print_records


def best(
    space: Annotated[str, typer.Option(help="Search space.")],
    labels: Annotated[
        Path,
        typer.Option(
            help="CSV file of what was trained (arch,value): value in %, blank in training, or failed."
        ),
    ],
    n: Annotated[int, typer.Option("-n", help="How many to name.", min=1)] = 1,
    add: Annotated[
        bool,
        typer.Option("--add", help="Add them to the file as in training; make it where it is not there."),
    ] = False,
    candidates: Annotated[
        str | None,
        typer.Option(help=f"File of the only architectures to choose from: {FORMATS}."),
    ] = None,
    notation: Notation = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help='That what is named must keep: "params<=5e6", "macs<=3e8", "latency@raspi4<=11".'),
    ] = None,
    strategy: Annotated[str, typer.Option(help="ucb, ei or thompson.")] = "ucb",
    seed: Annotated[int, typer.Option(help="Seed; the same all along.")] = 0,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Name the architectures to train next, to find the most accurate by training few.

    Train them, write their accuracies into the file, and call it again: it learns from all that is there.

    Example: archcast best --space nasbench201 --labels trained.csv -n 5 --add
    """
    from archcast.search.active.labels_file import next_to_train
    from archcast.search.active.run import Trainer

    given = Given([])
    if candidates is not None:
        given = given_architectures(None, candidates, "candidates", space=space, notation=notation)
    with given.naming():
        trainer = Trainer(
            space,
            candidates=given.archs or None,
            limits=limit or (),
            strategy=strategy,
            seed=seed,
            strict=strict,
        )
    texts = next_to_train(trainer, labels, n, add=add)
    found = trainer.found
    if found.archs:
        top = trainer.space.to_text(trainer.space.parse([found.best]))[0]
        typer.echo(f"{len(found.archs)} trained, the best {found.accuracies.max():.4g} %: {top}", err=True)
    if not texts:
        typer.echo("no candidates are left", err=True)
    if texts or as_json:
        print_records([{"arch": text} for text in texts], as_json=as_json)
