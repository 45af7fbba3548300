"""`archcast profile`: how friendly a device is to each block in each place of a space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.output import METRIC_HELP, Json, print_records, shown_progress
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.search.blocks.profile import Profile
    from archcast.search.blocks.reduce import ReducedSpace


def profile(
    space: Annotated[str, typer.Option("--space", "-s", help="Search space.")],
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Device; left out for accuracy.")
    ] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    dataset: Annotated[str | None, typer.Option(help="Data set the networks are built for.")] = None,
    predictor: Annotated[str | None, typer.Option(help="Family, when there are several.")] = None,
    samples: Annotated[
        int, typer.Option("--samples", "-n", help="Random networks, each used with every block.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the networks drawn.")] = 0,
    table: Annotated[
        bool, typer.Option("--table", help="Use a public table's measured values, where it has nearly all.")
    ] = False,
    gain: Annotated[
        bool, typer.Option("--gain", help="Profile accuracy too: accuracy gained per unit of cost.")
    ] = False,
    places: Annotated[bool, typer.Option("--places", help="Show every place, not only means.")] = False,
    to: Annotated[Path | None, typer.Option(help="Write the profile to this .csv or .json.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw heat maps to this .png, .svg or .pdf; with --gain, of the gain.")
    ] = None,
    reduce: Annotated[
        Path | None, typer.Option(help="Write a smaller space without dominated blocks to this .json.")
    ] = None,
    keep: Annotated[int, typer.Option(help="Fewest blocks that --reduce leaves in a place.", min=1)] = 2,
    as_json: Json = False,
) -> None:
    """Profile blocks: what forcing each one in each place does to the mean and the quantiles of a metric.

    Example: archcast profile --space nasbench201 --device raspi4 --gain --reduce smaller.json
    """
    from archcast.search.blocks.figures import check_picture
    from archcast.search.blocks.gain import gain_records
    from archcast.search.records_file import check_file

    check_file(to, "a profile")
    check_picture(picture)
    check_file(reduce, "a reduced space", (".json",))
    if (gain or reduce is not None) and metric == "accuracy":
        raise InputError("metric must be a cost with --gain and --reduce, got accuracy")
    asked: dict[str, Any] = {"predictor": predictor, "samples": samples, "seed": seed, "table": table}
    cost = _profiled(space, device, metric, dataset, asked, quiet=as_json)
    accuracy = gained = None
    if gain or reduce is not None:
        asked["predictor"] = None
        accuracy = _profiled(space, None, "accuracy", dataset, asked, quiet=as_json)
        gained = gain_records(cost, accuracy) if gain else None
    smaller = None
    if reduce is not None and accuracy is not None:
        smaller = _reduced(cost, accuracy, keep, reduce)
    if to is not None:
        cost.save(to)
    if picture is not None:
        _draw(cost, accuracy if gain else None, picture)
    if as_json:
        _print_json(cost, accuracy, gained, smaller)
    else:
        _print_tables(cost, accuracy, gained, smaller, whole=places)


def _profiled(
    space: str, device: str | None, metric: str, dataset: str | None, asked: dict[str, Any], *, quiet: bool
) -> Profile:
    """A profile, with a bar on standard error."""
    from archcast.search.blocks.profile import profile as compute

    with shown_progress(f"{metric}, blocks in places", hidden=quiet) as report:
        return compute(space, device, metric=metric, dataset=dataset, report=report, **asked)


def _reduced(cost: Profile, accuracy: Profile, keep: int, path: Path) -> ReducedSpace:
    from archcast.search.blocks.reduce import reduce_space

    smaller = reduce_space(cost, accuracy, keep=keep)
    smaller.save(path)
    return smaller


def _draw(made: Profile, accuracy: Profile | None, path: Path) -> None:
    from archcast.search.blocks.figures import draw_gain, draw_profile, save_figure

    save_figure(draw_profile(made) if accuracy is None else draw_gain(made, accuracy), path)


def _print_json(
    made: Profile,
    accuracy: Profile | None,
    gained: list[dict[str, Any]] | None,
    smaller: ReducedSpace | None,
) -> None:
    from archcast.cli.output import print_record

    out = made.to_json()
    if accuracy is not None:
        out["accuracy"] = accuracy.to_json()
    if gained is not None:
        out["gain"] = gained
    if smaller is not None:
        out["reduced"] = {"rule": smaller.rule, "share": smaller.share, "choices": smaller.records()}
    print_record(out, as_json=True)


def _print_tables(
    made: Profile,
    accuracy: Profile | None,
    gained: list[dict[str, Any]] | None,
    smaller: ReducedSpace | None,
    *,
    whole: bool,
) -> None:
    for one in (made, accuracy):
        if one is None:
            continue
        looked = f"{one.found.networks:,} {'networks, all' if one.exact else 'random networks'}"
        title = f"{one.metric} of {one.space} on {one.device}, {one.unit}: {one.of}, {looked}"
        typer.echo(title)
        print_records([{"block": "random networks"} | one.baseline_record()], as_json=False)
        print_records(one.block_records(), as_json=False, title="response to a block, mean over places")
        if whole:
            print_records(one.place_records(), as_json=False, title="response to a block in a place")
    if gained is not None:
        print_records(gained, as_json=False, title="accuracy gained against the place's cheapest block")
    if smaller is not None:
        typer.echo(f"{smaller.rule}; {smaller.share:.2%} of the networks with every layer there are left")
        print_records(smaller.records(), as_json=False)
