"""A fitted predictor as a run in MLflow: the same names in every run, so that runs compare.

One experiment a space and metric (`nasbench201/latency`). `mlflow/README.md` lists what a run holds.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.errors import InputError
from archcast.core.labels import Labels, target_key
from archcast.core.version import VERSION
from archcast.featurize.features import FEATURES_VERSION
from archcast.featurize.spaces import SPACES
from archcast.predictors import save
from archcast.training.figures import figures
from archcast.training.fit import Fitted
from archcast.training.mlflow_store import TrackedRun, experiment_id, mlflow_module, open_client, quiet
from archcast.training.packaging import save_pyfunc
from archcast.training.registry import register_and_promote
from archcast.training.splits import Split

PREDICTOR_FOLDER = "predictor"
_DIGEST_LENGTH = 32
_SOURCE_LENGTH = 20_000


def track(
    fitted: Fitted,
    labels: Labels,
    split: Split,
    *,
    seed: int,
    promote: bool = False,
    fit_seconds: float | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> TrackedRun:
    """Record a fitted predictor: settings, figures of merit, data, pictures, files and model.

    Args:
        seed: the predictor was fitted with.
        promote: make it the champion of its name, see `registry.register_and_promote`.
        fit_seconds: how long fitting took, where it was timed.

    Raises:
        InputError: `labels` are not what the predictor was fitted to; or `promote`, and the champion
            is better: the run is kept then, and the champion stays.
        DataError: the store cannot be opened.
    """
    predictor = fitted.predictor
    if (predictor.space_.name, predictor.metric_, predictor.targets_) != (
        labels.space,
        labels.metric,
        labels.targets,
    ):
        raise InputError(
            f"labels must be those that {predictor.family} was fitted to: {predictor.metric_} of "
            f"{predictor.space_.name} on {devices_said(predictor.targets_)}"
        )
    client = open_client()
    experiment = f"{labels.space}/{labels.metric}"
    with quiet():
        run = client.create_run(
            experiment_id(client, experiment),
            run_name=f"{predictor.family}, {devices_said(labels.targets)}, {len(split.train)} rows",
            tags=tags(fitted, labels, split) | dict(extra_tags or {}),
        )
        with _finished(client, run.info.run_id):
            model_id = _record(client, run, fitted, labels, split, seed=seed, fit_seconds=fit_seconds)
    tracked = TrackedRun(run.info.run_id, experiment, f"models:/{model_id}")
    return register_and_promote(tracked) if promote else tracked


def tags(fitted: Fitted, labels: Labels, split: Split) -> dict[str, str]:
    """What a run is searched by, and what promotion reads."""
    return {
        "archcast.space": labels.space,
        "archcast.metric": labels.metric,
        "archcast.predictor": fitted.predictor.family,
        "archcast.device": ",".join(dict.fromkeys(labels.devices)),
        "archcast.dataset": labels.dataset,
        "archcast.version": VERSION,
        "archcast.features": str(FEATURES_VERSION),
        "archcast.model": model_name(labels),
        "archcast.split": split.rule,
        "archcast.labels": labels_digest(labels),
        "mlflow.note.content": fitted.card.title,
        "mlflow.source.name": "archcast",
        "mlflow.source.type": "LOCAL",
    }


def parameters(fitted: Fitted, labels: Labels, split: Split, *, seed: int) -> dict[str, str]:
    """Settings of a run, those of the family under `config.`."""
    plain: dict[str, object] = {
        "predictor": fitted.predictor.family,
        "space": labels.space,
        "metric": labels.metric,
        "dataset": labels.dataset,
        "seed": seed,
        "rows": len(split.train),
        "held_out_rows": len(split.test),
        "split": split.rule,
    }
    plain |= dict(_flattened("config", asdict(fitted.predictor.config)))
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in plain.items()}


def merits(fitted: Fitted, *, fit_seconds: float | None = None) -> dict[str, float]:
    """Figures of merit on the held-out rows: `mean.spearman`, and `spearman/<device>` for each target."""
    found = {f"mean.{name}": value for name, value in fitted.mean_quality.items() if name != "rows"}
    for target, quality in fitted.card.quality.items():
        found |= {f"{name}/{accepted(target)}": value for name, value in quality.items()}
    return found if fit_seconds is None else found | {"fit_seconds": float(fit_seconds)}


def model_name(labels: Labels) -> str:
    """Name in the model registry: `space.metric`, with `.device` when there is one device.

    Predictions for another data set than the space's first are other quantities, so its name follows.
    """
    parts = [labels.space, labels.metric]
    if len(labels.targets) == 1:
        parts.append(labels.devices[0])
    if labels.dataset != SPACES[labels.space].datasets[0] and labels.dataset not in parts:
        parts.append(labels.dataset)
    return ".".join(accepted(part).replace("/", "-") for part in parts)


def labels_digest(labels: Labels) -> str:
    """32 hexadecimal digits that stand for architectures, targets and values together."""
    head = [labels.space, labels.metric, labels.dataset, [[t.device, t.dataset] for t in labels.targets]]
    hashed = hashlib.sha256(json.dumps(head).encode())
    hashed.update(np.ascontiguousarray(labels.codes, dtype="<i1").tobytes())
    # One bit pattern for "no measurement", whichever NaN it came as, and for zero.
    values = np.where(np.isnan(labels.values), np.nan, labels.values) + 0.0
    hashed.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return hashed.hexdigest()[:_DIGEST_LENGTH]


def devices_said(targets: tuple[Any, ...]) -> str:
    """The one target's name, or how many there are."""
    return target_key(targets[0]) if len(targets) == 1 else f"{len(targets)} devices"


def accepted(name: str) -> str:
    """`name` with characters that MLflow refuses in names of metrics replaced."""
    return re.sub(r"[^\w\-. /]", "_", name)


def _record(
    client: Any,
    run: Any,
    fitted: Fitted,
    labels: Labels,
    split: Split,
    *,
    seed: int,
    fit_seconds: float | None,
) -> str:
    """Fill a run; returns the identifier of its model."""
    entities, run_id = mlflow_module("mlflow.entities"), run.info.run_id
    settings = parameters(fitted, labels, split, seed=seed)
    client.log_batch(run_id, params=[entities.Param(*pair) for pair in settings.items()])
    _record_data(client, run_id, "training", labels.rows(split.train))
    held_out = _record_data(client, run_id, "held-out", labels.rows(split.test))
    with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
        folder = save(
            fitted.predictor, Path(scratch, PREDICTOR_FOLDER), card=fitted.card, intervals=fitted.intervals
        )
        client.log_artifacts(run_id, str(folder), PREDICTOR_FOLDER)
        model_id = save_pyfunc(client, run, folder, params=settings, example=labels.codes[split.test[:3]])
    for name, figure in figures(fitted).items():
        client.log_figure(run_id, figure, f"figures/{name}.png")
    now = int(time.time() * 1000)
    values = merits(fitted, fit_seconds=fit_seconds)
    client.log_batch(
        run_id,
        metrics=[
            entities.Metric(
                name,
                value,
                now,
                0,
                model_id=model_id,
                dataset_name=held_out.name,
                dataset_digest=held_out.digest,
                run_id=run_id,
            )
            for name, value in values.items()
        ],
    )
    return model_id


def _record_data(client: Any, run_id: str, context: str, labels: Labels) -> Any:
    """Log one side of the split as an MLflow data set; returns MLflow's record of it."""
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


@contextmanager
def _finished(client: Any, run_id: str) -> Iterator[None]:
    """Mark the run finished, or failed when what is inside raises."""
    try:
        yield
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _flattened(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flattened(f"{prefix}.{name}", inner)
    else:
        yield prefix, value
