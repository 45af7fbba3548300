"""A fitted predictor as a run in MLflow: the same names in every run, so that runs compare.

One experiment a space and metric (`nasbench201/latency`). `mlflow/README.md` lists what a run holds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError
from archcast.core.labels import Labels, target_key
from archcast.featurize.spaces import SPACES
from archcast.predictors import save
from archcast.training.figures import figures
from archcast.training.fit import Fitted
from archcast.training.learning import CurvePoint, curve_of
from archcast.training.splits import Folds, Split
from archcast.training.tracking.experiment_view import view_tags
from archcast.training.tracking.packaging import log_predictor
from archcast.training.tracking.record import (
    SWEEP_TAG,
    devices_said,
    labels_digest,
    merits,
    parameters,
    run_name,
    tags,
)
from archcast.training.tracking.registry import register_and_promote
from archcast.training.tracking.store import PREDICTOR_FOLDER, TrackedRun, running
from archcast.training.train import TrainingRun

_SOURCE_LENGTH = 20_000


def track(
    fitted: Fitted,
    labels: Labels,
    evidence: Split | Folds,
    *,
    seed: int,
    promote: bool = False,
    fit_seconds: float | None = None,
    curve: Sequence[CurvePoint] = (),
    extra_tags: Mapping[str, str] | None = None,
) -> TrackedRun:
    """Record a fitted predictor: settings, figures of merit, data, pictures, files and model.

    Args:
        evidence: what the figures were measured on: the held-out side of a split, or folds.
        seed: the predictor was fitted with.
        promote: make it the champion of its name, see `registry.register_and_promote`.
        fit_seconds: how long fitting took, where it was timed.
        curve: learning curve of the same predictor, see `learning.learning_curve`.

    Raises:
        InputError: `labels` are not what the predictor was fitted to; or `promote`, and the champion
            is better: the run is kept then, and the champion stays.
        DataError: the store cannot be opened.
    """
    _check_same(fitted, labels)
    experiment, given = f"{labels.space}/{labels.metric}", dict(extra_tags or {})
    family, rows = fitted.predictor.family, fitted.card.rows
    with running(
        experiment,
        run_name(family, labels, rows, swept=SWEEP_TAG in given),
        tags(fitted, labels, evidence) | given,
        experiment_tags=view_tags(),
    ) as (mlflow, run):
        settings = parameters(fitted, labels, evidence, seed=seed)
        mlflow.log_params(settings)
        tested = _log_data(mlflow, labels, evidence)
        model = _log_files(mlflow, fitted, labels, evidence, settings)
        values = merits(fitted, evidence, fit_seconds=fit_seconds)
        mlflow.log_metrics(values, model_id=model.model_id, dataset=tested)
        for name, figure in figures(fitted, curve).items():
            # Beside each other when runs are compared, where MLflow shows files of no folder.
            mlflow.log_figure(figure, f"{name}.png")
        for point in curve:  # the steps are rows, which MLflow draws for several runs
            mlflow.log_metrics({f"curve.{n}": v for n, v in point.quality.items()}, step=point.rows)
    tracked = TrackedRun(run.info.run_id, experiment, model.model_uri)
    return register_and_promote(tracked) if promote else tracked


def track_training(
    run: TrainingRun,
    *,
    promote: bool = False,
    curve: bool = False,
    extra_tags: Mapping[str, str] | None = None,
) -> TrackedRun:
    """Record what `train` made.

    Args:
        curve: also fit to fewer rows, see `learning.curve_of`, and record the learning curve.
        promote, extra_tags: see `track`.

    Raises:
        InputError, DataError: as `track`.
    """
    return track(
        run.fitted,
        run.labels,
        run.split,
        seed=run.seed,
        promote=promote,
        fit_seconds=run.seconds,
        curve=curve_of(run) if curve else (),
        extra_tags=extra_tags,
    )


def _check_same(fitted: Fitted, labels: Labels) -> None:
    predictor = fitted.predictor
    learned = (predictor.space_.name, predictor.metric_, predictor.targets_)
    if learned != (labels.space, labels.metric, labels.targets):
        raise InputError(
            f"labels must be those that {predictor.family} was fitted to: {predictor.metric_} of "
            f"{predictor.space_.name} on {devices_said(predictor.targets_)}"
        )


def _log_data(mlflow: Any, labels: Labels, evidence: Split | Folds) -> Any:
    """Log the rows by what they stood for; returns MLflow's data set of those that were tested on."""
    for context, rows in evidence.rows.items():
        dataset = _dataset(mlflow, labels.rows(rows))
        mlflow.log_input(dataset, context=context)
    return dataset


def _dataset(mlflow: Any, labels: Labels) -> Any:
    import pandas as pd
    from mlflow.data.code_dataset_source import CodeDatasetSource

    table = pd.DataFrame({"arch": SPACES[labels.space].to_text(labels.codes)})
    for i, target in enumerate(labels.targets):
        table[target_key(target)] = labels.values[:, i]
    said = {"sources": "; ".join(labels.sources), "licences": "; ".join(labels.licences)}
    return mlflow.data.from_pandas(
        table,
        source=CodeDatasetSource({name: text[:_SOURCE_LENGTH] for name, text in said.items()}),
        name=f"{labels.space}.{labels.metric}",
        digest=labels_digest(labels),
    )


def _log_files(
    mlflow: Any, fitted: Fitted, labels: Labels, evidence: Split | Folds, settings: Mapping[str, str]
) -> Any:
    """Log the saved predictor and MLflow's model of it; returns the model."""
    with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
        folder = Path(scratch, PREDICTOR_FOLDER)
        save(fitted.predictor, folder, card=fitted.card, intervals=fitted.intervals)
        mlflow.log_artifacts(str(folder), PREDICTOR_FOLDER)
        example = labels.codes[evidence.tested[:3]]
        return log_predictor(mlflow, fitted.predictor, folder, params=settings, example=example)
