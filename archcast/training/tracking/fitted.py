"""A fitted predictor as a run in MLflow: the same names in every run, so that runs compare.

One experiment a space and metric (`nasbench201/latency`). `mlflow/README.md` lists what a run holds.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archcast.core.arrays import Codes
from archcast.core.errors import InputError
from archcast.core.labels import Labels, target_key
from archcast.featurize.spaces import SPACES
from archcast.predictors import save
from archcast.training.fit import Fitted
from archcast.training.learning import CurvePoint, curve_of
from archcast.training.splits import Split
from archcast.training.tracking.experiment_view import view_tags
from archcast.training.tracking.figures import figures
from archcast.training.tracking.packaging import save_pyfunc
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
from archcast.training.tracking.store import TrackedRun, experiment_id, mlflow_module, open_client, quiet
from archcast.training.train import TrainingRun

PREDICTOR_FOLDER = "predictor"
_SOURCE_LENGTH = 20_000


def track(
    fitted: Fitted,
    labels: Labels,
    split: Split,
    *,
    seed: int,
    promote: bool = False,
    fit_seconds: float | None = None,
    curve: Sequence[CurvePoint] = (),
    extra_tags: Mapping[str, str] | None = None,
) -> TrackedRun:
    """Record a fitted predictor: settings, figures of merit, data, pictures, files and model.

    Args:
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
    client = open_client()
    experiment = f"{labels.space}/{labels.metric}"
    given = dict(extra_tags or {})
    with quiet():
        run = client.create_run(
            experiment_id(client, experiment, tags=view_tags()),
            run_name=run_name(fitted.predictor.family, labels, len(split.train), swept=SWEEP_TAG in given),
            tags=tags(fitted, labels, split) | given,
        )
        with finished(client, run.info.run_id):
            values = merits(fitted, fit_seconds=fit_seconds)
            model_id = _record(client, run, fitted, labels, split, seed=seed, values=values)
            for name, figure in figures(fitted, curve).items():
                client.log_figure(run.info.run_id, figure, f"figures/{name}.png")
            _record_curve(client, run.info.run_id, curve)
    tracked = TrackedRun(run.info.run_id, experiment, f"models:/{model_id}")
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


@contextmanager
def finished(client: Any, run_id: str) -> Iterator[None]:
    """Mark the run finished, or failed when what is inside raises."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    finally:
        with quiet():
            client.set_terminated(run_id, status)


def _check_same(fitted: Fitted, labels: Labels) -> None:
    predictor = fitted.predictor
    learned = (predictor.space_.name, predictor.metric_, predictor.targets_)
    if learned != (labels.space, labels.metric, labels.targets):
        raise InputError(
            f"labels must be those that {predictor.family} was fitted to: {predictor.metric_} of "
            f"{predictor.space_.name} on {devices_said(predictor.targets_)}"
        )


def _record(
    client: Any,
    run: Any,
    fitted: Fitted,
    labels: Labels,
    split: Split,
    *,
    seed: int,
    values: Mapping[str, float],
) -> str:
    """Log settings, data, model and figures of merit; returns the model's identifier."""
    run_id, settings = run.info.run_id, parameters(fitted, labels, split, seed=seed)
    client.log_batch(run_id, params=_entities("Param", settings.items()))
    held_out = _record_data(client, run_id, labels, split)
    model_id = _record_files(client, run, fitted, labels.codes[split.test[:3]], settings)
    _record_metrics(client, run_id, values, model_id=model_id, held_out=held_out)
    return model_id


def _record_data(client: Any, run_id: str, labels: Labels, split: Split) -> Any:
    """Log both sides of the split as MLflow data sets; returns MLflow's record of the held-out one."""
    _record_side(client, run_id, "training", labels.rows(split.train))
    return _record_side(client, run_id, "held-out", labels.rows(split.test))


def _record_side(client: Any, run_id: str, context: str, labels: Labels) -> Any:
    entities, data = mlflow_module("mlflow.entities"), mlflow_module("mlflow.data")
    pandas = mlflow_module("pandas")
    sources = mlflow_module("mlflow.data.code_dataset_source")
    table = pandas.DataFrame({"arch": SPACES[labels.space].to_text(labels.codes)})
    for i, target in enumerate(labels.targets):
        table[target_key(target)] = labels.values[:, i]
    said = {"sources": "; ".join(labels.sources), "licences": "; ".join(labels.licences)}
    dataset = data.from_pandas(
        table,
        source=sources.CodeDatasetSource({name: text[:_SOURCE_LENGTH] for name, text in said.items()}),
        name=f"{labels.space}.{labels.metric}",
        digest=labels_digest(labels),
    )
    record = entities.Dataset.from_dictionary(dataset.to_dict())
    client.log_inputs(
        run_id,
        datasets=[entities.DatasetInput(record, [entities.InputTag("mlflow.data.context", context)])],
    )
    return record


def _record_files(client: Any, run: Any, fitted: Fitted, example: Codes, settings: Mapping[str, str]) -> str:
    """Log the saved predictor and MLflow's model of it; returns the model's identifier."""
    with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
        folder = save(
            fitted.predictor, Path(scratch, PREDICTOR_FOLDER), card=fitted.card, intervals=fitted.intervals
        )
        client.log_artifacts(run.info.run_id, str(folder), PREDICTOR_FOLDER)
        return save_pyfunc(client, run, folder, params=settings, example=example)


def _record_metrics(
    client: Any, run_id: str, values: Mapping[str, float], *, model_id: str, held_out: Any
) -> None:
    """Log figures of merit on the run and on its model, with the data that they were measured on."""
    metric, now = mlflow_module("mlflow.entities").Metric, int(time.time() * 1000)
    said = {"dataset_name": held_out.name, "dataset_digest": held_out.digest}
    logged = [
        metric(name, value, now, 0, model_id=model_id, run_id=run_id, **said)
        for name, value in values.items()
    ]
    client.log_batch(run_id, metrics=logged)


def _record_curve(client: Any, run_id: str, curve: Sequence[CurvePoint]) -> None:
    """Log the learning curve as metrics whose steps are rows, which MLflow draws for several runs."""
    now = int(time.time() * 1000)
    logged = [
        (f"curve.{name}", value, now, point.rows) for point in curve for name, value in point.quality.items()
    ]
    client.log_batch(run_id, metrics=_entities("Metric", logged))


def _entities(kind: str, values: Iterable[tuple[Any, ...]]) -> list[Any]:
    """MLflow's objects of one kind, by its arguments in order."""
    make = getattr(mlflow_module("mlflow.entities"), kind)
    return [make(*value) for value in values]
