"""`archcast search`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from archcast.cli.fallback import leave_run, write_or_keep
from archcast.cli.inputs import FORMATS, Notation, Strict, given_architectures
from archcast.cli.output import Json, print_records
from archcast.core.doubts import strictly
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.arrays import Codes
    from archcast.search.loop.evaluator import Progress
    from archcast.search.loop.result import SearchResult

_ORDER = "archcast.search.order"
_PLACED = ("device", "limit", "maximize", "minimize")


class OrderedCommand(TyperCommand):
    """Remembers in which order options were given, so that a limit belongs to the device before it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the base; the order of `_PLACED` is left in the context."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [option.name for option in order if option.name in _PLACED]
        return super().parse_args(ctx, args)


def search(
    ctx: typer.Context,
    space: Annotated[str, typer.Option(help="Search space.")],
    maximize: Annotated[
        list[str] | None,
        typer.Option(help="accuracy, or any METRIC or METRIC@DEVICE; several give a front."),
    ] = None,
    minimize: Annotated[
        list[str] | None, typer.Option(help="The same, for what is to be small: latency@raspi4.")
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option("--device", "-d", help="Device of the --limit, --maximize and --minimize after it."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help='"latency<=11" of the --device before it, "latency@raspi4<=11" anywhere, or of the network '
            '"params<=5e6", "macs<=3e8", "memory<=2" (MiB of activations) or any feature.'
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="nsga2, evolution, annealing, shgo, lattice, tpe or random.")
    ] = "nsga2",
    hold: Annotated[
        str, typer.Option(help="Probability with which limits are to be kept, 0.75 to 0.995, or mean.")
    ] = "0.9",
    measured: Annotated[
        bool, typer.Option("--measured", help="Hold limits by measurements, of what has been measured.")
    ] = False,
    dataset: Annotated[str | None, typer.Option(help="Data set of the accuracy.")] = None,
    evaluations: Annotated[
        int | None, typer.Option("--evaluations", "-n", help="Most architectures; default 1000.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds.")] = None,
    population: Annotated[int, typer.Option(help="Architectures scored together.")] = 100,
    start: Annotated[
        str | None,
        typer.Option(help=f"File of architectures to begin with: {FORMATS}."),
    ] = None,
    notation: Notation = None,
    within: Annotated[
        Path | None, typer.Option(help="Smaller space to stay in, as archcast profile --reduce wrote it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    strict: Strict = False,
    state: Annotated[
        Path | None, typer.Option(help="File that keeps what was scored; the same command goes on from it.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="CSV file of the front to write.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json-file", help="JSON file of settings and front to write.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Picture to write, .png or .svg.")] = None,
    track: Annotated[
        bool | None, typer.Option(help="Leave a run in MLflow; default where MLflow is installed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search a space for the best architectures that keep limits.

    A limit without @DEVICE belongs to the --device before it; with one --device, wherever it stands.
    Limits are to be kept with a probability of 90 % (--hold). Exit code 2 where nothing keeps them.
    What is found is shown with what was measured of it, where a table at hand or your own store has it.

    Examples:
    archcast search --space fbnet --minimize latency@raspi4 --device eyeriss --limit "latency<=9"
    archcast search --space nasbench201 -d raspi4 --limit "latency<=25" --limit "params<=1e6" --measured
    """
    from archcast.search.loop.run import search as find

    with strictly(strict):
        places = placed(
            ctx.meta[_ORDER],
            {"device": device, "limit": limit, "maximize": maximize, "minimize": minimize},
            space,
        )
    most = 1000 if evaluations is None and seconds is None else evaluations
    with _shown(most) as advance:
        result = find(
            space,
            maximize=places["maximize"],
            minimize=places["minimize"],
            limits=places["limit"],
            dataset=dataset,
            method=method,
            hold=hold,
            measured=measured,
            evaluations=most,
            seconds=seconds,
            population=population,
            start=None if start is None else _codes(space, start, notation),
            within=within,
            seed=seed,
            state=state,
            progress=advance,
            strict=strict,
        )
    _print(result, as_json=as_json)
    writers = ((csv, result.write_csv), (json_file, result.write_json), (picture, result.write_picture))
    faults = [fault for path, write in writers if path is not None and (fault := write_or_keep(path, write))]
    if track or (track is None and find_spec("mlflow") and find_spec("matplotlib")):
        leave_run(track, lambda: _tracked(result))
    if faults:
        raise InputError("; ".join(faults))
    if not result.feasible:
        raise InputError(result.infeasible_text())


def _tracked(result: SearchResult) -> str:
    """Leave a run in MLflow; the sentence that tells of it."""
    from archcast.search.loop.tracking import track_search

    space = result.problem.space.name
    return f"run {track_search(result)} in experiment search/{space}; compare with archcast ui"


def placed(order: list[str], given: dict[str, list[str] | None], space: str) -> dict[str, list[str]]:
    """Each limit and goal with the device that it belongs to, in the words of `archcast.search`.

    Args:
        order: names of the options, one an occurrence, as they were given.
        given: their values.
        space: the search space, whose networks have sizes that are of no device.

    Raises:
        InputError: several devices were named, and none before a limit or goal of a device.
    """
    from archcast.core.metric import METRICS
    from archcast.featurize.spaces import SPACES
    from archcast.search.loop.goals import parse_limit, parse_quantity
    from archcast.search.loop.reader import memory_devices
    from archcast.search.loop.sizes import MEMORY

    known = SPACES[space]
    read = partial(parse_quantity, space=known)
    devices = given["device"] or []
    left = {name: iter(values or []) for name, values in given.items()}
    out: dict[str, list[str]] = {"limit": [], "maximize": [], "minimize": []}
    now = devices[0] if len(devices) == 1 else None
    idle, used = None, False
    for name in order:
        text = next(left[name])
        if name == "device":
            idle = now if len(devices) > 1 and not used else idle
            now, used = text, False
            continue
        quantity = parse_limit(text, read=read).quantity if name == "limit" else read(text)
        sized = quantity.is_size or (
            quantity.metric == MEMORY and not memory_devices(known, [now] if now else devices)
        )
        if quantity.device is None and not sized and METRICS[quantity.metric].of_device:
            if now is None:
                where = f"after its --device, or be written {quantity.metric}@DEVICE"
                raise InputError(f"--{name} {text!r} must stand {where}")
            if idle is not None:
                raise InputError(
                    f"--{name} {text!r} must be of one device, and --device {idle} stands before it beside "
                    f"--device {now}: give each its own, as {quantity.metric}@{idle}"
                )
            text = text.replace(quantity.metric, f"{quantity.metric}@{now}", 1)
        used = used or quantity.device in (None, now)
        out[name].append(text)
    return out


def _print(result: SearchResult, *, as_json: bool) -> None:
    done = f"{len(result.codes)} evaluations in {result.seconds:.1f} s, ended by {result.stopped}"
    typer.echo(done, err=True)
    from archcast.search.loop.result import MEASURED

    if as_json:
        print_records(result.front, as_json=True)
    elif result.feasible:
        shown = [{k: v for k, v in r.items() if not k.startswith(MEASURED)} for r in result.front]
        print_records(shown, as_json=False, title=f"found by {result.settings['method']}")
        for line in measured_lines(result.front):
            typer.echo(line)


def measured_lines(front: list[dict[str, Any]]) -> list[str]:
    """What was measured of what was found, a line an architecture; nothing where there is nothing to ask."""
    from archcast.search.loop.result import MEASURED, source_column

    lines = []
    for record in front:
        known = [name for name in record if name.startswith(MEASURED[0])]
        values = [
            f"{name.removeprefix(MEASURED[0])} {record[name]:.4g} by {record[source_column(name)]}"
            for name in known
            if record[name] is not None
        ]
        if known:
            lines.append(f"measured of {record['arch']}: {', '.join(values) or 'nothing'}")
    return lines


def _codes(space: str, file: str, notation: str | None) -> Codes:
    """Codes of a file's architectures."""
    from archcast.featurize.spaces import SPACES

    given = given_architectures(None, file, "start", space=space, notation=notation)
    with given.naming():
        return SPACES[space].parse(given.archs)


@contextmanager
def _shown(total: int | None) -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error with evaluations done and the best so far."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.completed:.0f} evaluations"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def show(progress: Progress) -> None:
            best = "nothing within the limits yet" if progress.best is None else f"best {progress.best:.5g}"
            bar.update(task, completed=progress.evaluations, description=best)

        yield show
