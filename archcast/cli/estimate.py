"""`archcast estimate`: costs on accelerators that nobody has at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.estimate_networks import ESTIMATED, estimate_files, is_file, read_files
from archcast.cli.inputs import FORMATS, Notation
from archcast.cli.network import Bind, Input
from archcast.cli.networks import chosen_networks
from archcast.cli.output import Json, print_records, shown_progress
from archcast.core.errors import InputError
from archcast.core.pairs import parse_pairs

if TYPE_CHECKING:
    import pyarrow as pa

    from archcast.collect.estimate import BatchEstimate, Target
    from archcast.collect.estimate.base import Estimator
    from archcast.core.arrays import Codes
    from archcast.core.network import Network
    from archcast.featurize.spaces.base import Space

SHOWN = 20


def estimate(
    arch: Annotated[
        list[str] | None,
        typer.Argument(
            help="Architectures in their space's notation (lists and dicts as JSON), or .onnx files."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            help="Name, YAML file, or either with settings: roofline:peak_gmacs=500,bandwidth_gbs=10. "
            "May be given several times.",
        ),
    ] = None,
    space: Annotated[str | None, typer.Option(help="Search space; inferred from architectures.")] = None,
    n: Annotated[
        int | None, typer.Option("--n", "-n", help="Estimate so many networks drawn at random.", min=1)
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="Estimate every network of the space.")] = False,
    archs: Annotated[
        str | None,
        typer.Option(help=f"Estimate the networks of this file: {FORMATS}."),
    ] = None,
    notation: Notation = None,
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Parameter or convention: array=14x12, buffer_kib=108, pool=dense."),
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help="Every point of the target's grid.")] = False,
    inputs: Input = None,
    bind: Bind = None,
    batch: Annotated[int, typer.Option(help="Number for open first dimensions of files.", min=1)] = 1,
    live: Annotated[
        bool, typer.Option("--live", help="Leave out layers on no path from input to output.")
    ] = False,
    breakdown: Annotated[
        bool, typer.Option("--breakdown", help="Show layers, parts, and what costs are made of.")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Write measurement rows to this .parquet or .csv.")] = None,
    store: Annotated[bool, typer.Option("--store", help="Add the rows to the measurement store.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the networks drawn.")] = 0,
    list_: Annotated[bool, typer.Option("--list", help="List the targets and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Estimate latency and energy on accelerators; what is estimated is kept, so run it again to go on.

    Example: archcast estimate --target eyeriss-like --space nasbench201 --n 100 --to labels.parquet
    """
    from archcast.collect.estimate import estimate_rows
    from archcast.collect.estimate.records import layer_records, network_records, target_records

    if list_:
        listed = target_records()
        if not as_json:  # descriptions are too long for a table
            listed = [{k: v for k, v in record.items() if k != "description"} for record in listed]
        print_records(listed, as_json=as_json)
        return
    from archcast.collect.export import check_path

    if to is not None:
        check_path(to)
    targets = _targets(target, settings or [], grid)
    if arch and notation is None and is_file(arch[0]):
        files = read_files(arch, batch=batch, inputs=inputs or (), bind=bind or ())
        estimated = [estimate_files(one, files, breakdown=breakdown, quiet=as_json) for one in targets]
        if store:
            _keep_structures(files)
        _keep([rows for _, rows in estimated] if to is not None or store else [], to, store=store)
        _print([r for shown, _ in estimated for r in shown], whole=breakdown, as_json=as_json)
        return
    chosen, codes = _networks(arch, archs, space, n, every, seed, notation)
    records: list[dict[str, Any]] = []
    tables: list[pa.Table] = []
    for one in targets:
        estimator, estimates = _estimated(one, chosen, codes, dataset, live=live, quiet=as_json)
        if to is not None or store:
            tables.append(estimate_rows(estimator, estimates, live=live))
        if breakdown:
            records += layer_records(estimator, chosen, estimates, live=live)
        else:
            records += network_records(estimator, chosen, estimates)
    _keep(tables, to, store=store)
    _print(records, whole=breakdown, as_json=as_json)


def _estimated(
    target: Target, space: Space, codes: Codes, dataset: str | None, *, live: bool, quiet: bool
) -> tuple[Estimator, BatchEstimate]:
    """Costs on one target, with progress; raise InputError where no network could be estimated."""
    from archcast.collect.estimate import estimate_networks, make_estimator

    estimator = make_estimator(target)
    with shown_progress(target.label, hidden=quiet, kept=ESTIMATED) as report:
        estimates = estimate_networks(estimator, space, codes, dataset, live=live, report=report)
    if len(estimates.failures) == len(codes):
        raise InputError(f"{target.label} can estimate none of the networks: {estimates.failures[0]}")
    return estimator, estimates


def _keep_structures(networks: dict[str, Network]) -> None:
    from archcast.collect.networks import NetworkStore

    for network in networks.values():
        NetworkStore().add(network)


def _keep(tables: list[pa.Table], to: Path | None, *, store: bool) -> None:
    """Write the rows to a file, to the store or to both, and say how many there were."""
    if not tables:
        return
    import pyarrow as pa

    from archcast.collect.estimate.stored import add_to_store
    from archcast.collect.export import write_rows

    table = pa.concat_tables(tables).unify_dictionaries()
    if to is not None:
        write_rows(table, to)
        typer.echo(f"{table.num_rows} rows written to {to}", err=True)
    if store:
        added = add_to_store(table)
        typer.echo(f"{added} rows added to the store, {table.num_rows - added} were there", err=True)


def _networks(
    archs: list[str] | None,
    file: str | None,
    space: str | None,
    n: int | None,
    every: bool,
    seed: int,
    notation: str | None,
) -> tuple[Space, Codes]:
    """The space, and the codes to estimate."""
    import numpy as np

    from archcast.featurize.spaces import SPACES
    from archcast.featurize.spaces.catalog import given

    if sum((bool(archs), file is not None, n is not None, every)) != 1:
        raise InputError("networks must be given in one way: as arguments, with --archs, --n or --every")
    if archs:
        chosen, own = given(archs, space, notation)
        return chosen, chosen.parse(own)
    if space is None:
        raise InputError("--space must be given with --archs, --n and --every")
    chosen = SPACES[space]
    if every:
        if notation is not None:
            raise InputError("--notation goes with architectures and --archs")
        return chosen, chosen.members(np.arange(chosen.size))
    return chosen, chosen_networks(chosen, n, file, seed=seed, notation=notation)


def _targets(specs: list[str] | None, settings: list[str], grid: bool) -> list[Target]:
    """The targets, and each point of their grids where wanted."""
    from archcast.collect.estimate import load_target

    if not specs:
        raise InputError("a target must be given with --target; archcast estimate --list names them")
    given = parse_pairs(settings, "--set")
    targets: dict[str, Target] = {}
    for spec in specs:
        target = load_target(spec, given)
        for point in target.points() if grid else [{}]:
            made = load_target(spec, point | given)
            targets[made.label] = made
    return list(targets.values())


def _print(records: list[dict[str, Any]], *, whole: bool, as_json: bool) -> None:
    """Records as tables: one a network where `whole`, else one of at most `SHOWN` networks."""
    if as_json:
        print_records(records, as_json=True)
        return
    if not whole:
        _print_filled(records[:SHOWN], "estimates, not measurements")
        if len(records) > SHOWN:
            typer.echo(f"and {len(records) - SHOWN} more: --json or --to FILE gives them all")
        return
    for arch, target in dict.fromkeys((record["arch"], record["target"]) for record in records):
        own = [r for r in records if (r["arch"], r["target"]) == (arch, target)]
        kept = [{k: v for k, v in r.items() if k not in ("arch", "target")} for r in own]
        _print_filled(kept, f"{arch} on {target}: estimates, not measurements")


def _print_filled(records: list[dict[str, Any]], title: str) -> None:
    """A table without the columns that hold nothing."""
    kept = [name for name in records[0] if any(record[name] not in (None, "") for record in records)]
    print_records([{k: record[k] for k in kept} for record in records], as_json=False, title=title)
