"""A sweep: settings are searched, the best are fitted to the training side, and all of it is tracked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archcast.core.labels import Labels
from archcast.training.settings_search import Search, Trial, search_settings, searched_ranges
from archcast.training.splits import Split
from archcast.training.tracking.record import SWEEP_TAG
from archcast.training.tracking.store import TrackedRun
from archcast.training.train import TrainingRun, fit_run, load_split, make_predictor


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found and made.

    Attributes:
        run: the best settings, fitted to the whole training side.
        parent: run in MLflow that the trials are children of, where they were tracked.
        tracked: the run of `run`, where it was tracked.
    """

    search: Search
    run: TrainingRun
    parent: str | None = None
    tracked: TrackedRun | None = None


def sweep(
    space: str,
    metric: str = "latency",
    *,
    predictor: str = "lightgbm",
    trials: int = 20,
    devices: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    rows: int | None = None,
    held_out: float = 0.2,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    track: bool = True,
    curve: bool = False,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> Sweep:
    """Search a family's settings within the training side, then fit and measure the best as `train` does.

    Args:
        trials: how many settings are tried, see `search_settings`.
        settings: those that keep a value.
        track: record a parent run, its trials as children, and the fitted predictor as a run of its own.
        curve: see `track_training`.
        on_trial: called after each trial.
        space, metric, predictor, devices, datasets, sources, rows, held_out, seed: see `train`.

    Raises:
        UnknownNameError, InputError: as `train`, `search_settings` and `track_training`.
        DataError: the store of runs cannot be opened.
    """
    searched_ranges(predictor, settings or {})
    labels, split = load_split(
        space,
        metric,
        devices=devices,
        datasets=datasets,
        sources=sources,
        rows=rows,
        held_out=held_out,
        seed=seed,
    )

    options: dict[str, Any] = {"trials": trials, "seed": seed, "fixed": settings}
    if not track:
        search = search_settings(predictor, labels, split, on_trial=on_trial, **options)
        return Sweep(search, fit_run(make_predictor(predictor, search.settings), labels, split, seed=seed))
    search, parent = _recorded_search(predictor, labels, split, options, on_trial)
    run = fit_run(make_predictor(predictor, search.settings), labels, split, seed=seed)
    from archcast.training.tracking.fitted import track_training

    tracked = track_training(run, curve=curve, extra_tags={SWEEP_TAG: parent})
    return Sweep(search, run, parent, tracked)


def _recorded_search(
    family: str,
    labels: Labels,
    split: Split,
    options: Mapping[str, Any],
    on_trial: Callable[[Trial], None],
) -> tuple[Search, str]:
    """Search with every trial recorded as it ends; returns the parent run's identifier too."""
    from archcast.training.tracking.sweep import sweep_runs

    with sweep_runs(family, labels, split, trials=options["trials"], seed=options["seed"]) as record:

        def report(trial: Trial) -> None:
            record.add(trial)
            on_trial(trial)

        search = search_settings(family, labels, split, on_trial=report, **options)
        record.summarise(search)
    return search, record.run_id
