"""`archcast train` and `promote`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from archcast.cli.output import METRIC_HELP, Json, print_record, print_records
from archcast.core.errors import InputError, PlaceError
from archcast.core.pairs import parse_pairs

if TYPE_CHECKING:
    from archcast.training.settings_search import Trial
    from archcast.training.tracking.store import TrackedRun
    from archcast.training.train import TrainingRun


class TrainCommand(TyperCommand):
    """Says which families there are, installed packages' too; they are loaded only when help is asked for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from archcast.training.train import learning_families

        for option in self.params:
            if option.name == "predictor":
                vars(option)["help"] = f"One of {', '.join(learning_families())}."
        super().format_help(ctx, formatter)


def train(
    space: Annotated[str | None, typer.Option(help="Search space.")] = None,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    predictor: Annotated[str, typer.Option(help="A family of predictors.")] = "lightgbm",
    device: Annotated[
        list[str] | None, typer.Option("--device", "-d", help="Device; default all that were measured.")
    ] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Data set the networks are built for.")] = None,
    table: Annotated[list[str] | None, typer.Option(help="Public table to use; default all.")] = None,
    rows: Annotated[int | None, typer.Option(help="Train on at most this many architectures.")] = None,
    held_out: Annotated[float, typer.Option(help="Share of architectures held out for testing.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Seed of split and fit.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the predictor, as name=value.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Register it and move the champion alias.")
    ] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="Also fit to 50, 100, 200, ... rows and log the learning curve.")
    ] = False,
    sweep: Annotated[
        int | None, typer.Option(help="Search the settings in so many trials, on the training rows.", min=1)
    ] = None,
    track: Annotated[bool, typer.Option(help="Leave a run in MLflow.")] = True,
    save: Annotated[
        str | None, typer.Option(help="Also save it under this name, so that archcast predict uses it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit a predictor to public measurements, measure it on held-out architectures, track it.

    Example: archcast train --space nasbench201 --device raspi4 --rows 900 --sweep 20
    """
    if space is None:
        raise InputError("--space must be given, e.g. --space nasbench201")
    for option, given in (("--promote", promote), ("--curve", curve)):
        if given and not track:
            raise InputError(f"{option} needs the run that --no-track leaves out")
    options = {
        "predictor": predictor,
        "devices": device,
        "datasets": dataset,
        "sources": table,
        "rows": rows,
        "held_out": held_out,
        "seed": seed,
        "settings": parse_pairs(setting or (), "--set"),
    }
    run, tracked = _fitted(space, metric, options, trials=sweep, track=track, curve=curve)
    quality = [{"target": name} | dict(q) for name, q in run.fitted.card.quality.items()]
    title = f"{run.fitted.card.title}: {run.fitted.card.rows} architectures in {run.seconds:.1f} s"
    print_records(quality, as_json=as_json, title=title)
    fault = None
    if save:
        try:
            _save(run, save)
        except PlaceError as error:  # the run is left all the same
            fault = error
    if track:
        _track(run, tracked, promote=promote, curve=curve)
    if fault is not None:
        raise fault


def promote(
    run: Annotated[str, typer.Argument(help="Run to promote, as `archcast train` prints it.")],
    force: Annotated[bool, typer.Option("--force", help="Also when the present champion is better.")] = False,
    as_json: Json = False,
) -> None:
    """Register a run's model and move the champion alias to it; refuses one that is worse.

    Example: archcast promote 3f1c0a6e0d6f4c2f9f2e8b7d5a4c3b2a
    """
    from archcast.training.tracking.registry import register_and_promote

    done = register_and_promote(run, force=force)
    print_record({"run": done.run_id, "model": done.model_uri, "version": done.version}, as_json=as_json)


def _fitted(
    space: str, metric: str, options: Mapping[str, Any], *, trials: int | None, track: bool, curve: bool
) -> tuple[TrainingRun, TrackedRun | None]:
    """What was trained, and its run where a sweep has recorded it already."""
    if trials is None:
        from archcast.training.train import train as run_training

        return run_training(space, metric, **options), None
    from archcast.training.sweep import sweep

    swept = sweep(space, metric, trials=trials, track=track, curve=curve, on_trial=_say_trial, **options)
    typer.echo(f"best of {trials} trials: {_said(swept.search.best.settings)}", err=True)
    if trials > 1 and not swept.search.decided:
        typer.echo("the settings made no difference: all trials answered alike", err=True)
    return swept.run, swept.tracked


def _say_trial(trial: Trial) -> None:
    outcome = trial.failure or f"Kendall {trial.score:.4f} within the training rows"
    typer.echo(f"trial {trial.number}: {outcome} with {_said(trial.settings)}", err=True)


def _said(settings: Mapping[str, Any]) -> str:
    shown = (
        (name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in settings.items()
    )
    return ", ".join(f"{name}={value}" for name, value in shown)


def _track(run: TrainingRun, tracked: TrackedRun | None, *, promote: bool, curve: bool) -> None:
    """Leave a run in MLflow, if that is not done yet, and promote it if asked to."""
    from archcast.training.tracking.fitted import track_training
    from archcast.training.tracking.registry import register_and_promote

    tracked = tracked or track_training(run, curve=curve)
    typer.echo(f"run {tracked.run_id} in experiment {tracked.experiment}; compare with archcast ui", err=True)
    if promote:
        version = register_and_promote(tracked).version
        typer.echo(f"version {version} is the champion, and what archcast predict uses", err=True)


def _save(run: TrainingRun, name: str) -> None:
    from archcast.core.settings import predictors_dir
    from archcast.predictors import save

    if not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"--save must be a name of letters, digits, - and _, got {name!r}")
    fitted = run.fitted
    folder = save(fitted.predictor, predictors_dir() / name, card=fitted.card, intervals=fitted.intervals)
    typer.echo(f"saved to {folder}; {_asked(run)}", err=True)
    if fitted.predictor.header()["served"] != "sums":
        _save_tables(run, folder)


def _asked(run: TrainingRun) -> str:
    """What can be asked for now, by the words of the command."""
    from archcast.core.metric import METRICS

    model = run.fitted.predictor
    asked = f"archcast predict ARCH --space {model.space_.name} --metric {model.metric_}"
    if METRICS[model.metric_].of_device:
        names = list(dict.fromkeys(target.device for target in model.targets_))
        more = f", and so for {', '.join(names[1:4])}" if names[1:] else ""
        more += f" and {len(names) - 4} more" if names[4:] else ""
        return f"ask it by {asked} -d {names[0]}{more}"
    return f"ask it by {asked} --dataset {model.targets_[0].dataset}"


def _save_tables(run: TrainingRun, folder: Path) -> None:
    """Save tables beside a slow predictor, where they are no worse, and say which of the two answers."""
    from archcast.core.errors import MissingPackageError
    from archcast.predictors import Tabulated, read_manifest, save
    from archcast.predictors.distill import DistillError
    from archcast.training.quick import as_tables

    family = run.fitted.predictor.family
    typer.echo(f"making tables of the answers of {family}, to answer faster", err=True)
    try:
        quick = as_tables(run.fitted, run.labels, run.split, seed=run.seed)
    except (DistillError, MissingPackageError) as error:
        typer.echo(f"served as itself: {error}", err=True)
        return
    card = replace(quick.card, teacher_sha256=read_manifest(folder).sha256)
    beside = save(
        quick.predictor, folder.with_name(f"{folder.name}-tables"), card=card, intervals=quick.intervals
    )
    agreement = card.agreement
    typer.echo(
        f"a table of all members answers; without {beside} {family} does"
        if isinstance(quick.predictor, Tabulated)
        else f"a student answers, whose error is at most {agreement['worse']:+.1%} larger by "
        f"{agreement['held_out']:.0f} held-out measurements and no answer farther than "
        f"{agreement['most_difference']:.2%} from its teacher's; without {beside} {family} does",
        err=True,
    )
